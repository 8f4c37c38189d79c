"""How many places a grid has: by the picture's shape and a size class."""

from __future__ import annotations

import functools
import itertools
import math
from array import array

from promptcodec.layers.texture.dct.frequencies import log8

CELL = 8
"""Pixels of the tiny picture across and down that share a place of its grid."""

AREAS = (6, 12, 24, 48, 80, 120, 176, 260, 380, 550)
"""Places of a grid, about, by size class."""

# 2**16 times the fourth roots of 2 to the powers 0 to 3.
_ROOTS = (65536, 77936, 92682, 110218)


@functools.cache
def grid(shape: int, size: int) -> tuple[int, int]:
    """Give rows and columns of a grid, in whole numbers.

    Args:
        shape: 12 + 4 * log2(width / height), rounded and within 0..24.
        size: index of AREAS.
    """
    quarters = shape - 12
    aspect = _ROOTS[quarters % 4] * AREAS[size]
    aspect = aspect << quarters // 4 if quarters >= 0 else aspect >> -(quarters // 4)
    columns = max(1, (math.isqrt(aspect >> 8) + 8) >> 4)
    return max(1, (2 * AREAS[size] + columns) // (2 * columns)), columns


def place_features(rows: int, columns: int, quality: int) -> list[tuple[int, ...]]:
    """Give what contexts know of every place, in raster order: see docs/format.md."""
    area = log8(rows * columns) - 40
    across = [abs(_along(c, columns)) for c in range(columns)]
    features: list[tuple[int, ...]] = []
    for r in range(rows):
        v = _along(r, rows)
        features += [(quality, 64, v, v * v >> 6, u, area) for u in across]
    return features


@functools.lru_cache(maxsize=64)
def places(rows: int, columns: int, quality: int) -> array[int]:
    """Give ``place_features`` one after the other."""
    return array("i", itertools.chain.from_iterable(place_features(rows, columns, quality)))


def _along(index: int, count: int) -> int:
    """Give -64 to 64 from the first to the last."""
    return 64 * (2 * index - count + 1) // (count - 1) if count > 1 else -64
