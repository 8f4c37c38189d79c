"""What the words of a stream take from its colour map: the colours of every cell, in whole numbers.

Where a stream has a texture layer, colours and lightness of a cell can be read off it, so its words do
not store them again. The reader derives them, from the levels and before anything that runs in floats:
the same file gives the same words everywhere. See "Derived colours" in docs/format.md.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from promptcodec.description import Cell, Description, resolve
from promptcodec.description.palette import PALETTE
from promptcodec.layers.semantic.beside import is_beside
from promptcodec.layers.texture.content import dequantise
from promptcodec.layers.texture.stream import read

Ints = npt.NDArray[np.int64]

SAMPLES = 4
"""Samples of a cell down and across."""

SHIFT = 14
"""Cosines and weights of planes are in 1 / 2**SHIFT."""

TWO = 290_000_000
"""Squared distance of a cell's halves from which it has two colours: 0.13 in weighted Oklab."""

# 2**14 / sqrt 3, / sqrt 2, / sqrt 6.
_PLANES = np.array([[9459, 11585, 6689], [9459, 0, -13377], [9459, -11585, 6689]], np.int64)
_TO_LMS = np.array([[27015, 35149, 3372], [13887, 44611, 7038], [5787, 18463, 41286]], np.int64)
_TO_LAB = np.array([[13792, 52011, -267], [129630, -159160, 29530], [1698, 51300, -52998]], np.int64)
# Distances: lightness counts 4, the two others 25.
_WEIGHTS = np.array([4, 25, 25], np.int64)


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
    pixels = samples(texture, rows, cols)
    cells = pixels.reshape(rows, SAMPLES, cols, SAMPLES, 3).swapaxes(1, 2)
    half = SAMPLES // 2
    parts = [
        cells,
        cells[:, :, :half],
        cells[:, :, half:],
        cells[:, :, :, :half],
        cells[:, :, :, half:],
    ]
    labs = np.stack([oklab(_mean(part)) for part in parts]).reshape(len(parts), rows * cols, 3)
    names = _nearest(labs)
    over = ((labs[1] - labs[2]) ** 2 * _WEIGHTS).sum(-1)
    beside = ((labs[3] - labs[4]) ** 2 * _WEIGHTS).sum(-1)
    palette = list(PALETTE)
    result: list[tuple[tuple[str, ...], str]] = []
    for index in range(rows * cols):
        word, first = ("over", 1) if over[index] >= beside[index] else ("beside", 3)
        pair = names[first, index], names[first + 1, index]
        if max(over[index], beside[index]) >= TWO and pair[0] != pair[1]:
            result.append(((palette[pair[0]], palette[pair[1]]), word))
        else:
            result.append(((palette[names[0, index]],), ""))
    return result


def samples(texture: bytes, rows: int, cols: int) -> Ints:
    """Draw a texture layer at SAMPLES places a cell, its finer waves left out.

    Returns:
        ``(rows * SAMPLES, cols * SAMPLES, 3)`` sRGB, 0..255.
    """
    amplitudes = dequantise(read(texture)).astype(np.int64)
    height, width = rows * SAMPLES, cols * SAMPLES
    low = amplitudes[:, :height, :width]
    down, across = cosines(height)[: low.shape[1]], cosines(width)[: low.shape[2]]
    lines = _rounded(low @ across)
    planes = _rounded(np.einsum("pvx,vy->pyx", lines, down))
    levels = _rounded(np.einsum("pyx,cp->yxc", planes, _PLANES)) + (255 << 5)
    pixels: Ints = np.clip((levels + 32) >> 6, 0, 255)
    return pixels


def _rounded(values: Ints) -> Ints:
    return (values + (1 << (SHIFT - 1))) >> SHIFT


@functools.cache
def cosines(count: int) -> Ints:
    """Give ``(count, count)``: frequency k at sample i, ``2**14 sqrt 2 cos(pi k (2 i + 1) / (2 count))``.

    Row 0 is ``2**14``. By whole numbers alone, so that every machine has the same.
    """
    quarter = [_cosine(j, count) for j in range(count + 1)]
    table = np.full((count, count), 1 << SHIFT, np.int64)
    for k in range(1, count):
        for i in range(count):
            j = k * (2 * i + 1) % (4 * count)
            j = min(j, 4 * count - j)
            table[k, i] = quarter[j] if j <= count else -quarter[2 * count - j]
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


@functools.cache
def linear() -> Ints:
    """Give the light of each sRGB value, 0..65535: ``65535 ((v / 255 + 0.055) / 1.055)^2.4``, rounded.

    Below 11 it is ``65535 v / (255 * 12.92)``.
    """
    return np.array([_linear(value) for value in range(256)], np.int64)


def _linear(value: int) -> int:
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


def oklab(srgb: Ints) -> Ints:
    """Convert sRGB ``(..., 3)`` in 0..255 to Oklab ``(..., 3)`` in 1/65536."""
    lms = linear()[srgb] @ _TO_LMS.T
    roots = np.array([_cube_root(int(value) << 16) for value in lms.ravel()], np.int64).reshape(lms.shape)
    return (roots @ _TO_LAB.T + (1 << 15)) >> 16


def _cube_root(value: int) -> int:
    """Give the largest whole number whose cube is no more than ``value`` (below 2**48)."""
    root = int(math.cbrt(value))
    while root**3 > value:
        root -= 1
    while (root + 1) ** 3 <= value:
        root += 1
    return root


def _mean(part: Ints) -> Ints:
    """Average the samples of each cell, ``(rows, cols, h, w, 3)`` -> ``(rows, cols, 3)``, rounded."""
    count = part.shape[2] * part.shape[3]
    mean: Ints = (part.sum((2, 3)) + count // 2) // count
    return mean


@functools.cache
def _palette() -> Ints:
    return oklab(np.array(list(PALETTE.values()), np.int64))


def _nearest(labs: Ints) -> Ints:
    """Number the nearest palette colour, of two as near the first."""
    apart = ((labs[..., None, :] - _palette()) ** 2 * _WEIGHTS).sum(-1)
    return np.asarray(apart.argmin(-1))
