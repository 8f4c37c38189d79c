"""Curves on a coarse lattice.

Lattice node (r, c) is pixel (grid * r + grid // 2, grid * c + grid // 2); a step goes to one of the
eight neighbouring nodes, numbered clockwise from east, and is drawn as a straight line of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from promptcodec.layers.structure.bitmap import Bitmap

# East, south-east, south, ... as (down, right).
STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))


class Path(NamedTuple):
    """A curve on the lattice: its first node and the steps from there."""

    start: tuple[int, int]
    steps: tuple[int, ...]


def nodes(path: Path) -> list[tuple[int, int]]:
    """Give all nodes of a path, the first one included."""
    down, right = path.start
    places = [(down, right)]
    for step in path.steps:
        down, right = down + STEPS[step][0], right + STEPS[step][1]
        places.append((down, right))
    return places


def turn(before: int, after: int) -> int:
    """Give by how many eighths of a circle, -4..3, a step turns from the one before."""
    return ((after - before + 4) & 7) - 4


def shape(size: tuple[int, int], grid: int) -> tuple[int, int]:
    """Give the rows and columns of the lattice of a bitmap with ``size`` rows and columns."""
    return -(-size[0] // grid), -(-size[1] // grid)


def pixels(path: Path, grid: int) -> list[tuple[int, int]]:
    """Give the pixels of a path, in order; the last ones may lie outside of the bitmap."""
    half = grid // 2
    down, right = path.start[0] * grid + half, path.start[1] * grid + half
    places = [(down, right)]
    for step in path.steps:
        by, to = STEPS[step]
        for _ in range(grid):
            down, right = down + by, right + to
            places.append((down, right))
    return places


def draw(paths: Sequence[Path], size: tuple[int, int], grid: int) -> Bitmap:
    """Draw paths into a bitmap of ``size`` rows and columns."""
    bitmap = np.zeros(size, np.bool_)
    for path in paths:
        for down, right in pixels(path, grid):
            # The last node may lie just outside where the side is no multiple of the grid.
            bitmap[min(down, size[0] - 1), min(right, size[1] - 1)] = True
    return bitmap
