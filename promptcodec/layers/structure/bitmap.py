"""A bitmap as bits: every pixel coded by the sixteen before it.

The template is the ten pixels of JBIG1's (ITU-T T.82) and six more around them, in this order from the
highest bit of the context on::

        . 10 12 11 .
      13  3  4  5  14         numbers: place in TEMPLATE
    15 2  1  0 ...            the pixel itself is behind 0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from promptcodec.entropy.bitio import AdaptiveBit, BitReader, SymbolWriter

Bitmap = npt.NDArray[np.bool_]
Models = Sequence[AdaptiveBit] | Mapping[int, AdaptiveBit]
"""One by context."""

# (rows up, columns right), most telling first: contexts never seen in training fall back to a prefix.
TEMPLATE = (
    (0, -1), (1, 0), (1, -1), (1, 1), (0, -2), (1, 2), (1, -2), (2, 0),
    (2, -1), (2, 1), (0, -3), (1, 3), (2, 2), (2, -2), (1, -3), (0, -4),
)  # fmt: skip
CONTEXTS = 1 << len(TEMPLATE)
# Unset pixels above, left and right of a bitmap, as far as the template reaches.
_ABOVE, _BESIDE = 2, 4


def write(writer: SymbolWriter, models: Models, bitmap: Bitmap) -> None:
    """Write a bitmap."""
    cells = np.pad(bitmap, ((_ABOVE, 0), (_BESIDE, _BESIDE))).astype(np.uint8).tobytes()
    offsets = _offsets(bitmap.shape[1])
    for at in _places(*bitmap.shape):
        writer.adaptive(models[_context(cells, at, offsets)], cells[at])


def read(reader: BitReader, models: Models, shape: tuple[int, int]) -> Bitmap:
    """Read a bitmap of ``shape`` rows and columns."""
    rows, columns = shape
    cells = bytearray((rows + _ABOVE) * (columns + 2 * _BESIDE))
    offsets = _offsets(columns)
    for at in _places(rows, columns):
        cells[at] = reader.adaptive(models[_context(cells, at, offsets)])
    whole = np.frombuffer(cells, np.bool_).reshape(rows + _ABOVE, -1)
    return whole[_ABOVE:, _BESIDE:-_BESIDE].copy()


def _offsets(columns: int) -> list[int]:
    """Give the template as distances in a padded bitmap."""
    return [-up * (columns + 2 * _BESIDE) + right for up, right in TEMPLATE]


def _places(rows: int, columns: int) -> Iterator[int]:
    """Give where the pixels lie in a padded bitmap."""
    across = columns + 2 * _BESIDE
    for row in range(rows):
        start = (row + _ABOVE) * across + _BESIDE
        yield from range(start, start + columns)


def _context(cells: bytes | bytearray, at: int, offsets: Sequence[int]) -> int:
    context = 0
    for offset in offsets:
        context = context << 1 | cells[at + offset]
    return context
