"""Contours drawn as smooth strokes, alike at any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from promptcodec.layers.structure import lattice
from promptcodec.layers.structure.bitmap import Bitmap
from promptcodec.layers.structure.lattice import STEPS, Path

# Long side of the canvas the lines are drawn on, and the pen's width there.
CANVAS = 1024
PEN = 5
SMOOTHINGS = 2
_CUTS = 2

Line = npt.NDArray[np.float64]
"""``(n, 2)`` places x, y in 0..1 of width and height."""


def draw(lines: Sequence[Line], size: tuple[int, int]) -> Image.Image:
    """Draw lines at one bounded scale and resize them: mode L, 255 on the lines."""
    scale = CANVAS / max(size)
    canvas = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    drawn = Image.new("L", canvas)
    pen = ImageDraw.Draw(drawn)
    for line in lines:
        places = [tuple(place) for place in (line * canvas).tolist()]
        pen.line(places, fill=255, width=PEN, joint="curve")
    soft = drawn.filter(ImageFilter.GaussianBlur(PEN / 4))
    return soft if soft.size == size else soft.resize(size, Image.Resampling.BICUBIC)


def of_paths(paths: Sequence[Path], shape: tuple[int, int], grid: int) -> list[Line]:
    """Give the lines of paths on the lattice of a canvas of ``shape`` rows and columns."""
    owner = {}
    for number, path in enumerate(paths):
        for index, node in enumerate(lattice.nodes(path)):
            owner[node] = (number, index)
    lines = []
    for number, path in enumerate(paths):
        places = lattice.nodes(path)
        before = _beside(places[0], owner, number, len(places) - 1 if len(places) > 3 else -1)
        after = _beside(places[-1], owner, number, 0 if len(places) > 3 else -1)
        whole = np.array([*before, *places, *after], np.float64)
        if len(whole) == 1:
            # A dot is a short stroke.
            whole = np.repeat(whole, 2, axis=0) + np.array([[0, -0.2], [0, 0.2]])
        centred = (whole[:, ::-1] * grid + grid // 2 + 0.5) / (shape[1], shape[0])
        lines.append(smooth(centred))
    return lines


def _beside(
    node: tuple[int, int], owner: dict[tuple[int, int], tuple[int, int]], number: int, closing: int
) -> list[tuple[int, int]]:
    """Give the node of another path, or of this one's other end, that a path's end touches."""
    touching = []
    for down, right in STEPS:
        other = (node[0] + down, node[1] + right)
        if other in owner and (owner[other][0] != number or owner[other][1] == closing):
            touching.append((abs(down) + abs(right), other))
    return [min(touching)[1]] if touching else []


def smooth(line: Line) -> Line:
    """Take the stairs out of a line, then round its corners (Chaikin 1974); ends stay."""
    for _ in range(SMOOTHINGS):
        if len(line) > 2:
            line = np.concatenate([line[:1], (line[:-2] + 2 * line[1:-1] + line[2:]) / 4, line[-1:]])
    for _ in range(_CUTS):
        if len(line) > 2:
            cut = np.stack([0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]], 1)
            line = np.concatenate([line[:1], cut.reshape(-1, 2), line[-1:]])
    return line


def of_pixels(bitmap: Bitmap) -> list[Line]:
    """Join neighbouring pixels by strokes; a lone pixel is a short one."""
    down, right = np.nonzero(bitmap)
    count = down.size
    number = np.full((bitmap.shape[0] + 2, bitmap.shape[1] + 2), -1)
    number[down + 1, right + 1] = np.arange(count)
    places = np.stack([right + 0.5, down + 0.5], axis=1)
    pairs = []
    for step_down, step_right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        other = number[down + 1 + step_down, right + 1 + step_right]
        pairs.append(np.stack([np.nonzero(other >= 0)[0], other[other >= 0]], axis=1))
    joined = np.concatenate(pairs)
    # The stairs of a bitmap go when each point moves to the middle of its neighbours.
    for _ in range(SMOOTHINGS):
        total, degree = places.copy(), np.ones((count, 1))
        for one, other in ((joined[:, 0], joined[:, 1]), (joined[:, 1], joined[:, 0])):
            np.add.at(total, one, places[other])
            np.add.at(degree, one, 1)
        places = total / degree
    lone = np.setdiff1d(np.arange(count), joined)
    dots = np.stack([places[lone] - 0.25, places[lone] + 0.25], axis=1)
    strokes = np.concatenate([places[joined], dots]) / (bitmap.shape[1], bitmap.shape[0])
    return list(strokes)
