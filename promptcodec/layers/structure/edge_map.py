"""An edge map as bytes, and back: not the same pixels, but nearly all of them within one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from promptcodec.entropy.bits import Coder, Model, Writer
from promptcodec.entropy.rangecoder import BIT_ONE
from promptcodec.errors import BitstreamError, EntropyError
from promptcodec.layers.structure import bitmap, chains, lattice, tables
from promptcodec.layers.structure.encoder import contours, simplify
from promptcodec.layers.structure.encoder.contours import Bitmap
from promptcodec.layers.structure.lattice import Path

FIDELITY = 0.97
"""The least F1 within one pixel (a pixel's eight neighbours count as near)."""
MAX_PIXELS = 1 << 20
GRIDS = (3, 2)
_PENALTIES = (2.0, 6.0)
# Bits a covered pixel may cost.
_CHEAP, _DEAR = 0.4, 30.0
_HALVINGS = 7
# Chances of lines and not pixels, and of a grid of 3 and not 2.
_LINES, _COARSE = BIT_ONE * 15 // 16, BIT_ONE * 7 // 8


def encode_map(truth: Bitmap) -> bytes:
    """Code an edge map as lines or as pixels, whatever is shorter.

    Args:
        truth: ``(h, w)``, 1..MAX_PIXELS pixels.

    Returns:
        bytes whose map has an F1 of at least FIDELITY within one pixel of ``truth``.
    """
    if truth.ndim != 2 or not 0 < truth.size <= MAX_PIXELS:
        raise ValueError(f"an edge map has two sides and 1..{MAX_PIXELS} pixels, not {truth.shape}")
    rows, columns = truth.shape
    candidates = []
    for grid, kept in faithful(truth):
        writer = chains.Writing()
        lines(writer, (rows, columns), grid, kept)
        candidates.append(writer.finish())
    if not candidates or len(candidates[0]) * 8 > truth.sum() * _CHEAP:
        plain = Writer()
        pixels(plain, (rows, columns), truth)
        candidates.append(plain.finish())
    return min(candidates, key=len)


def decode_map(data: bytes, shape: tuple[int, int]) -> Bitmap:
    """Undo ``encode_map``.

    Args:
        data: all of its bytes, untrusted.
        shape: rows and columns, 1..MAX_PIXELS pixels.

    Raises:
        BitstreamError: nothing that ``encode_map`` writes for this shape.
    """
    if min(shape) < 1 or shape[0] * shape[1] > MAX_PIXELS:
        raise BitstreamError(f"an edge map of {shape[0]} rows and {shape[1]} columns")
    try:
        found = read(chains.Reading(data), shape)
    except EntropyError as error:
        raise BitstreamError(f"an edge map is damaged: {error}") from None
    writer = chains.Writing()
    write(writer, shape, found)
    # One map has one stream: what else was there is damage.
    if writer.finish() != data:
        raise BitstreamError("an edge map is damaged, or something follows it")
    return found if isinstance(found, np.ndarray) else lattice.draw(found[1], shape, found[0])


Content = Bitmap | tuple[int, list[Path]]
"""Pixels, or a grid and the paths on it."""


def write(writer: chains.Writing, shape: tuple[int, int], content: Content) -> None:
    """Write either kind."""
    if isinstance(content, np.ndarray):
        pixels(writer, shape, content)
    else:
        lines(writer, shape, *content)


def read(reader: chains.Reading, shape: tuple[int, int]) -> Content:
    """Read either kind."""
    if not reader.bit(Model(_LINES)):
        return bitmap.code(reader, tables.bitmap_models(), shape)
    grid = 3 if reader.bit(Model(_COARSE)) else 2
    return grid, chains.code(reader, tables.polyline_models(), lattice.shape(shape, grid), grid)


def lines(writer: chains.Writing, shape: tuple[int, int], grid: int, paths: Sequence[Path]) -> None:
    """Write paths on the lattice of a map of ``shape``."""
    writer.bit(Model(_LINES), 1)
    writer.bit(Model(_COARSE), int(grid == 3))
    chains.code(writer, tables.polyline_models(), lattice.shape(shape, grid), grid, paths)


def pixels(coder: Coder, shape: tuple[int, int], truth: Bitmap) -> None:
    """Write pixels."""
    coder.bit(Model(_LINES), 0)
    bitmap.code(coder, tables.bitmap_models(), shape, truth)


def faithful(truth: Bitmap) -> Iterator[tuple[int, list[Path]]]:
    """Give the fewest lines on the coarsest grid, and under the least penalty, that keep FIDELITY."""
    curves = contours.trace(truth)
    rows, columns = truth.shape
    for grid in GRIDS:
        for penalty in _PENALTIES:
            fitted = simplify.paths(truth, curves, grid, penalty)
            kept = _cheapest(truth, fitted, (rows, columns), grid)
            if kept is not None:
                yield grid, kept
                return


def _cheapest(truth: Bitmap, fitted: Sequence[Path], shape: tuple[int, int], grid: int) -> list[Path] | None:
    """Find the least price per pixel that keeps FIDELITY; None where none does."""
    low, high, best = _CHEAP, _DEAR, None
    price = high
    for _ in range(_HALVINGS + 1):
        kept = simplify.worthwhile(truth, fitted, grid, price)
        if contours.f1(truth, lattice.draw(kept, shape, grid)) >= FIDELITY:
            best, high = kept, price
        elif best is None:
            return None
        else:
            low = price
        price = (low * high) ** 0.5
    return best
