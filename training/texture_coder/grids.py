"""How many places a canvas has, by size class and aspect ratio."""

from __future__ import annotations

import math

from promptcodec.layers.texture.learned.grids import AREAS, CELL

__all__ = ["AREAS", "CELL", "grid"]


def grid(aspect: float, size: int) -> tuple[int, int]:
    """Give rows and columns of a grid: nearly those of the coder, whose shapes are in classes.

    Args:
        aspect: width over height.
        size: index of AREAS.
    """
    columns = max(1, round(math.sqrt(AREAS[size] * aspect)))
    return max(1, round(AREAS[size] / columns)), columns
