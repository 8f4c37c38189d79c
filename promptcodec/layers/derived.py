"""What the words of a stream take from its colour map: the colours of every cell, in whole numbers.

Where a stream has a texture layer, colours and lightness of a cell can be read off it, so its words do
not store them again. The reader derives them, from the levels and before anything that runs in floats:
the same file gives the same words everywhere. See "Derived colours" in docs/format.md.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from promptcodec.description import Cell, Description, resolve
from promptcodec.description.palette import PALETTE
from promptcodec.layers.semantic.beside import is_beside
from promptcodec.layers.texture import SAMPLES, Colour, samples

TWO = 290_000_000
"""Squared distance of a cell's halves from which it has two colours: 0.13 in weighted Oklab."""

_TO_LMS = ((27015, 35149, 3372), (13887, 44611, 7038), (5787, 18463, 41286))
_TO_LAB = ((13792, 52011, -267), (129630, -159160, 29530), (1698, 51300, -52998))


MAP = "texture"
"""The layer that is the colour map."""


def leans(payloads: Mapping[str, bytes]) -> bool:
    """Say whether the words of a stream count on a colour map that it has not."""
    return MAP not in payloads and is_beside(payloads.get("semantic", b""))


def fill(description: Description, texture: bytes) -> Description:
    """Give the cells of a description the colours that a texture layer shows there, marked as derived.

    Args:
        description: its cells name no colours and no neighbours.
        texture: the texture part.

    Raises:
        BitstreamError: the texture part cannot be read.
    """
    colours = cell_colours(texture, description.rows, description.cols)
    cells = tuple(
        replace(cell, colours=names, arrangement=arrangement, derived=True)
        for cell, (names, arrangement) in zip(description.cells, colours, strict=True)
    )
    return replace(description, cells=cells)


def strip(description: Description) -> Description:
    """Leave out what ``fill`` gives: cells stand alone with their words and textures."""
    cells = tuple(
        Cell(texture=cell.texture, orientation=cell.orientation, text=cell.text)
        for cell in resolve(description)
    )
    return replace(description, cells=cells)


def cell_colours(texture: bytes, rows: int, cols: int) -> list[tuple[tuple[str, ...], str]]:
    """Name the colours of cells: one, or two halves that lie ``over`` or ``beside`` each other.

    Args:
        texture: a texture part, untrusted.
        rows: of the grid, 1..8.
        cols: of the grid, 1..8.

    Returns:
        Palette names and arrangement (``""`` with one name) of each cell, in raster order.

    Raises:
        BitstreamError: the part cannot be read.
    """
    drawn = samples(texture, rows, cols)
    palette = tuple(PALETTE)
    result: list[tuple[tuple[str, ...], str]] = []
    for row in range(0, rows * SAMPLES, SAMPLES):
        for col in range(0, cols * SAMPLES, SAMPLES):
            cell = [line[col : col + SAMPLES] for line in drawn[row : row + SAMPLES]]
            turned = list(zip(*cell, strict=True))
            over, beside = _halves(cell), _halves(turned)
            apart = _apart(*over), _apart(*beside)
            word, halves = ("over", over) if apart[0] >= apart[1] else ("beside", beside)
            pair = (_nearest(halves[0]), _nearest(halves[1])) if max(apart) >= TWO else (0, 0)
            if pair[0] != pair[1]:
                result.append(((palette[pair[0]], palette[pair[1]]), word))
            else:
                result.append(((palette[_nearest(oklab(_mean(cell)))],), ""))
    return result


def _dot(first: Iterable[int], second: Iterable[int]) -> int:
    return sum(map(operator.mul, first, second))


@functools.cache
def linear(value: int) -> int:
    """Give the light of an sRGB value, 0..65535: ``65535 ((v / 255 + 0.055) / 1.055)^2.4``, rounded.

    Below 11 it is ``65535 v / (255 * 12.92)``.
    """
    if value <= 10:
        return (2 * 25700 * value + 1292) // (2 * 1292)
    # The nearest whole number to 65535 b^(12/5), b = (1000 v + 14025) / 269025: by twice itself, odd.
    top, bottom = (1000 * value + 14025) ** 12 * (2 * 65535) ** 5, 269025**12
    low, high = 0, 2 * 65535
    while low < high:
        middle = (low + high + 1) // 2
        if middle**5 * bottom <= top:
            low = middle
        else:
            high = middle - 1
    return (low + 1) // 2


def oklab(srgb: Colour) -> Colour:
    """Convert sRGB to Oklab."""
    light = [linear(value) for value in srgb]
    roots = [_cube_root(_dot(row, light) << 16) for row in _TO_LMS]
    lightness, redness, yellowness = ((_dot(row, roots) + (1 << 15)) >> 16 for row in _TO_LAB)
    return lightness, redness, yellowness


def _cube_root(value: int) -> int:
    """Give the largest whole number whose cube is no more than ``value`` (below 2**48)."""
    root = int(math.cbrt(value))
    while root**3 > value:
        root -= 1
    while (root + 1) ** 3 <= value:
        root += 1
    return root


def _halves(cell: Sequence[Sequence[Colour]]) -> tuple[Colour, Colour]:
    """Give the colours of the first and the last lines of a cell's samples, in Oklab."""
    half = SAMPLES // 2
    return oklab(_mean(cell[:half])), oklab(_mean(cell[half:]))


def _mean(lines: Sequence[Sequence[Colour]]) -> Colour:
    """Average colours, rounded."""
    colours = [colour for line in lines for colour in line]
    count = len(colours)
    red, green, blue = ((sum(values) + count // 2) // count for values in zip(*colours, strict=True))
    return red, green, blue


def _apart(first: Colour, second: Colour) -> int:
    """Give the squared distance of two colours in Oklab: lightness counts 4, the two others 25."""
    return 4 * (first[0] - second[0]) ** 2 + 25 * ((first[1] - second[1]) ** 2 + (first[2] - second[2]) ** 2)


@functools.cache
def _palette() -> list[Colour]:
    return [oklab(colour) for colour in PALETTE.values()]


def _nearest(lab: Colour) -> int:
    """Number the nearest palette colour, of two as near the first."""
    # As _apart, in one expression: this is what the time goes into.
    light, red, yellow = lab
    apart = [4 * (light - x) ** 2 + 25 * ((red - y) ** 2 + (yellow - z) ** 2) for x, y, z in _palette()]
    return apart.index(min(apart))
