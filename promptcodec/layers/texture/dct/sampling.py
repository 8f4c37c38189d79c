"""What the levels of a part show at a few places, in whole numbers: see "Derived colours" in docs/format.md.

Restoring runs in floats and stays out; nothing here depends on the size of the picture.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable

from promptcodec.layers.texture.coders import SAMPLES, Colour
from promptcodec.layers.texture.dct.content import Content, amplitudes

SHIFT = 14
"""Cosines and weights of planes are in 1 / 2**SHIFT."""

# 2**14 / sqrt 3, / sqrt 2, / sqrt 6.
_PLANES = ((9459, 11585, 6689), (9459, 0, -13377), (9459, -11585, 6689))


def sampled(content: Content, rows: int, cols: int) -> list[list[Colour]]:
    """Draw a content at SAMPLES places a cell, its finer waves left out.

    Returns:
        ``rows * SAMPLES`` lines of ``cols * SAMPLES`` sRGB colours.
    """
    height, width = rows * SAMPLES, cols * SAMPLES
    down, across = cosines(height), cosines(width)
    # By plane the sums over u of each v: lines of the width. Most v have none.
    sums: list[dict[int, list[int]]] = [{}, {}, {}]
    for plane, v, u, amplitude in amplitudes(content, height + width - 2):
        if v < height and u < width:
            line = sums[plane].get(v, [0] * width)
            sums[plane][v] = [have + amplitude * wave for have, wave in zip(line, across[u], strict=True)]
    planes = []
    for lines in sums:
        waves = list(zip(*(down[v] for v in lines), strict=True))
        columns = list(zip(*([_rounded(value) for value in line] for line in lines.values()), strict=True))
        planes.append([[_rounded(_dot(column, wave)) for column in columns] for wave in waves])
    return [[_srgb(values) for values in zip(*lines, strict=True)] for lines in zip(*planes, strict=True)]


def _srgb(values: Colour) -> Colour:
    """Give the colour that the values of the planes make."""
    light, warm, rest = values
    red, green, blue = (
        (_rounded(a * light + b * warm + c * rest) + (255 << 5) + 32) >> 6 for a, b, c in _PLANES
    )
    return min(max(red, 0), 255), min(max(green, 0), 255), min(max(blue, 0), 255)


def _dot(first: Iterable[int], second: Iterable[int]) -> int:
    return sum(map(operator.mul, first, second))


def _rounded(value: int) -> int:
    return (value + (1 << (SHIFT - 1))) >> SHIFT


@functools.cache
def cosines(count: int) -> list[list[int]]:
    """Give ``(count, count)``: frequency k at sample i, ``2**14 sqrt 2 cos(pi k (2 i + 1) / (2 count))``.

    Row 0 is ``2**14``. By whole numbers alone, so that every machine has the same.
    """
    quarter = [_cosine(j, count) for j in range(count + 1)]
    table = [[1 << SHIFT] * count for _ in range(count)]
    for k in range(1, count):
        for i in range(count):
            j = k * (2 * i + 1) % (4 * count)
            j = min(j, 4 * count - j)
            table[k][i] = quarter[j] if j <= count else -quarter[2 * count - j]
    return table


def _cosine(j: int, count: int) -> int:
    """Give ``2**14 sqrt 2 cos(pi j / (2 count))``, rounded: a table of the format, made by its series."""
    bits = 80
    pi = 3797952473636338580787993  # pi in 1 / 2**80, rounded down
    angle = pi * j // (2 * count)
    square = angle * angle >> bits
    term = total = 1 << bits
    for n in range(1, 20):
        term = -(term * square >> bits) // (2 * n * (2 * n - 1))
        total += term
    root = 1709679290002018430137083  # sqrt 2 in 1 / 2**80, rounded down
    scaled = total * root >> bits
    return (scaled + (1 << (bits - SHIFT - 1))) >> (bits - SHIFT)
