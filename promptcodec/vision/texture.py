"""Texture of cells: how detailed (one of TEXTURES) and which way its lines run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptcodec.description.model import ORIENTATIONS
from promptcodec.vision.cells import cut
from promptcodec.vision.colour import Floats
from promptcodec.vision.shrunk import shrunk

FINEST = 768
"""Pixels of the longer side of a picture from which more of them show no more texture."""

LONG_SIDE = 48
"""Samples along a cell's longer side: fine texture of a 512-pixel picture on an 8x8 grid shows."""

SHORT_SIDE = 8
"""Fewest samples along the shorter side, so that a cell of one pixel row has a neighbour to differ from."""

COARSE = 4
"""The middle scale is the mean of this many fine samples squared."""

DETAIL_STEPS = (0.016, 0.034, 0.06, 0.095)
"""Detail from which a cell is soft, then grainy (or still soft), rough, busy: about the 12th, 25th,
50th and 80th percentile of the cells of photographs and generated pictures."""

GRAIN_RATIO = 0.75
"""Fine over middle detail from which a cell between soft and rough is grainy: dots, not shapes.
White noise has about 4.5; a quarter of the cells of pictures exceed 0.75."""

SHADING_RATIO = 0.3
"""Fine over middle detail below which a cell is soft however strong its changes: a ramp of light
has 1 / COARSE."""

MIN_COHERENCE = 0.38
"""Coherence (0 no direction, 1 parallel lines) from which an orientation is said: one cell in three."""


UNSURE = 1.25
"""Detail this factor from a class's border, or coherence from its own, could be either: a cell then
takes the words of the neighbour it continues rather than news that nobody would see."""


@dataclass(frozen=True, slots=True)
class Texture:
    """The texture of ``n`` cells.

    Attributes:
        fine: ``(n,)`` mean gradient between neighbouring samples, 0..about 1.
        middle: ``(n,)`` the same between means of COARSE x COARSE samples.
        angle: ``(n,)`` direction of the lines in radians, 0 horizontal to below pi,
            counter-clockwise as seen: pi / 4 is rising.
        coherence: ``(n,)`` how parallel they are, 0..1.
    """

    fine: Floats
    middle: Floats
    angle: Floats
    coherence: Floats

    @property
    def detail(self) -> Floats:
        """Give ``(n,)`` the mean of both scales."""
        return np.asarray((self.fine + self.middle) / 2, np.float32)


def luma(image: Image.Image) -> Image.Image:
    """Give what ``measure_texture`` needs of a picture, for several grids: mode L."""
    return shrunk(image, FINEST).convert("L")


def measure_texture(image: Image.Image, rows: int, cols: int) -> Texture:
    """Measure the texture of every cell on luma.

    Gradients count by their length, not its square: one hard edge across a cell is two
    even areas, not a busy texture.

    Args:
        image: RGB or its ``luma``, any size from 1x1.
        rows: rows of the grid.
        cols: columns of the grid.

    Returns:
        The textures of ``rows * cols`` cells in raster order.

    Source: structure tensor, Bigun and Granlund 1987.
    """
    height, width = _samples(image.height / rows, image.width / cols)
    level: Floats = cut(luma(image), rows, cols, height, width).astype(np.float32) / np.float32(255)
    gradient_y, gradient_x = _gradients(level)
    length = _length(gradient_x, gradient_y)
    per = np.maximum(length, 1e-6)
    xx, yy, xy = (
        (product / per).mean((1, 2))
        for product in (gradient_x * gradient_x, gradient_y * gradient_y, gradient_x * gradient_y)
    )
    coherence = np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-6)
    # The gradient's axis from the tensor, rows counted upwards; the lines are at right angles to it.
    angle = (np.arctan2(-2 * xy, xx - yy) / 2 + np.pi / 2) % np.pi
    coarse = level[:, : height // COARSE * COARSE, : width // COARSE * COARSE]
    coarse = coarse.reshape(len(level), height // COARSE, COARSE, width // COARSE, COARSE).mean((2, 4))
    middle = _length(*_gradients(coarse)).mean((1, 2))
    return Texture(
        length.mean((1, 2)), middle.astype(np.float32), angle.astype(np.float32), coherence.astype(np.float32)
    )


def _samples(height: float, width: float) -> tuple[int, int]:
    """Choose samples per cell, multiples of COARSE, in the cell's own shape within the limits."""
    scale = LONG_SIDE / max(height, width)
    return (
        max(SHORT_SIDE, round(height * scale / COARSE) * COARSE),
        max(SHORT_SIDE, round(width * scale / COARSE) * COARSE),
    )


def _gradients(luma: Floats) -> tuple[Floats, Floats]:
    """Give differences down and right at the corners between samples, ``(n, h - 1, w - 1)`` each."""
    down = luma[:, 1:] - luma[:, :-1]
    right = luma[:, :, 1:] - luma[:, :, :-1]
    half = np.float32(0.5)
    return (down[:, :, 1:] + down[:, :, :-1]) * half, (right[:, 1:] + right[:, :-1]) * half


def _length(across: Floats, down: Floats) -> Floats:
    """Give lengths of vectors; ``np.hypot``, which guards against overflow, takes several times as long."""
    return np.asarray(np.sqrt(across * across + down * down), np.float32)


def texture_words(texture: Texture) -> list[tuple[tuple[str, str], ...]]:
    """Name textures.

    Returns:
        Per cell a class from TEXTURES and an orientation from ORIENTATIONS, or ``""``; the best
        first, then those that would do as well. Smooth cells have no orientation: a gradient of
        light has a direction, but no lines.
    """
    detail = np.round(texture.detail, 5)
    grain = np.round(texture.fine / np.maximum(texture.middle, 1e-6), 4)
    return [
        _choices(*measures)
        for measures in zip(detail.tolist(), grain.tolist(), *_directions(texture), strict=True)
    ]


def _choices(detail: float, grain: float, direction: int, coherence: float) -> tuple[tuple[str, str], ...]:
    factors = (1, 1 / UNSURE, UNSURE)
    words = [_words(detail * a, grain, direction, coherence * b) for a in factors for b in factors]
    return tuple(dict.fromkeys(words))


def _directions(texture: Texture) -> tuple[list[int], list[float]]:
    """Give the nearest of horizontal, rising, vertical, falling (0..3) and the coherence."""
    nearest = np.floor(np.round(texture.angle, 4) / (np.pi / 4) + 0.5).astype(int) % 4
    return nearest.tolist(), np.round(texture.coherence, 4).tolist()


def _words(detail: float, grain: float, direction: int, coherence: float) -> tuple[str, str]:
    soft, grainy, rough, busy = DETAIL_STEPS
    if detail < soft:
        return "smooth", ""
    if detail < grainy or grain < SHADING_RATIO:
        name = "soft"
    elif detail < rough:
        name = "grainy" if grain >= GRAIN_RATIO else "soft"
    else:
        name = "rough" if detail < busy else "busy"
    horizontal, vertical, rising, falling = ORIENTATIONS
    return name, (horizontal, rising, vertical, falling)[direction] if coherence >= MIN_COHERENCE else ""
