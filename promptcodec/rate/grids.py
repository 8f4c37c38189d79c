"""How many cells a description's grid has."""

from __future__ import annotations

import functools
import math

from promptcodec.description.model import MAX_SIDE

CELLS = (64, 54, 48, 40, 35, 30, 24, 20, 15, 12, 9, 6, 4, 2, 1)
DEFAULT_CELLS = 24


@functools.lru_cache(maxsize=256)
def grid(cells: int, size: tuple[int, int]) -> tuple[int, int]:
    """Choose rows and columns, 1..8 each, for about ``cells`` nearly square cells.

    Args:
        cells: 1..64.
        size: width and height of the picture.
    """
    best = (1, 1)
    best_cost = math.inf
    for rows in range(1, MAX_SIDE + 1):
        for cols in range(1, MAX_SIDE + 1):
            if rows * cols > cells:
                continue
            shape = abs(math.log((size[0] * rows) / (size[1] * cols)))
            cost = shape + 2 * math.log(cells / (rows * cols))
            if cost < best_cost:
                best, best_cost = (rows, cols), cost
    return best
