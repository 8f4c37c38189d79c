"""Edges as a range coder's symbols: lines on a lattice, or pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from promptcodec.entropy.bitio import BitReader, BitWriter, SymbolWriter
from promptcodec.entropy.rangecoder import BIT_ONE
from promptcodec.errors import BitstreamError, EntropyError
from promptcodec.layers.structure import bitmap, chains, lattice, tables
from promptcodec.layers.structure.bitmap import Bitmap
from promptcodec.layers.structure.lattice import Path

MAX_PIXELS = 1 << 20
# Chances of lines and not pixels, and of a grid of 3 and not 2.
_LINES, _COARSE = BIT_ONE * 15 // 16, BIT_ONE * 7 // 8

Content = Bitmap | tuple[int, Sequence[Path]]
"""Pixels, or a grid and the paths on it."""


def write(writer: SymbolWriter, shape: tuple[int, int], content: Content) -> None:
    """Write edges on a canvas of ``shape`` rows and columns; paths have no node twice, none outside."""
    if isinstance(content, np.ndarray):
        writer.bit(_LINES, 0)
        bitmap.write(writer, tables.bitmap_models(), content)
    else:
        grid, paths = content
        writer.bit(_LINES, 1)
        writer.bit(_COARSE, grid == 3)
        chains.write(writer, tables.chain_models(grid), lattice.shape(shape, grid), paths)


def read(reader: BitReader, shape: tuple[int, int]) -> Content:
    """Read edges on a canvas of ``shape`` rows and columns.

    Raises:
        BitstreamError: there are more lines than places, or symbols than data.
    """
    if not reader.bit(_LINES):
        return bitmap.read(reader, tables.bitmap_models(), shape)
    grid = 3 if reader.bit(_COARSE) else 2
    return grid, chains.read(reader, tables.chain_models(grid), lattice.shape(shape, grid))


def encode_content(shape: tuple[int, int], content: Content) -> bytes:
    """Give the bytes of an edge map; the arguments are those of ``write``."""
    writer = BitWriter()
    write(writer, shape, content)
    return writer.finish()


def decode_map(data: bytes, shape: tuple[int, int]) -> Bitmap:
    """Read an edge map.

    Args:
        data: all of its bytes, untrusted.
        shape: rows and columns, 1..MAX_PIXELS pixels.

    Raises:
        BitstreamError: no edge map of this shape is coded so.
    """
    if min(shape) < 1 or shape[0] * shape[1] > MAX_PIXELS:
        raise BitstreamError(f"an edge map of {shape[0]} rows and {shape[1]} columns")
    try:
        content = read(BitReader(data), shape)
    except EntropyError as error:
        raise BitstreamError(f"an edge map is damaged: {error}") from None
    # One map has one stream: what else was there is damage.
    if encode_content(shape, content) != data:
        raise BitstreamError("an edge map is damaged, or something follows it")
    return content if isinstance(content, np.ndarray) else lattice.draw(content[1], shape, content[0])
