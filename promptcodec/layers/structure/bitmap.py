"""A bitmap as bits: every pixel coded by the sixteen before it.

The template is the ten pixels of JBIG1's (ITU-T T.82) and six more around them, in this order from the
highest bit of the context on::

        . 10 12 11 .
      13  3  4  5  14         numbers: place in TEMPLATE
    15 2  1  0 ...            the pixel itself is behind 0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from promptcodec.entropy.bits import Coder, Model
from promptcodec.layers.structure.encoder.contours import Bitmap

# (rows up, columns right), most telling first: contexts never seen in training fall back to a prefix.
TEMPLATE = (
    (0, -1), (1, 0), (1, -1), (1, 1), (0, -2), (1, 2), (1, -2), (2, 0),
    (2, -1), (2, 1), (0, -3), (1, 3), (2, 2), (2, -2), (1, -3), (0, -4),
)  # fmt: skip
CONTEXTS = 1 << len(TEMPLATE)
_MARGIN = 4


def code(
    coder: Coder,
    contexts: Sequence[Model] | Mapping[int, Model],
    shape: tuple[int, int],
    bitmap: Bitmap | None = None,
) -> Bitmap:
    """Write ``bitmap``, or read one of ``shape`` rows and columns."""
    rows, columns = shape
    across = columns + 2 * _MARGIN
    cells = bytearray(across * (rows + 2))
    given = bytes(rows * columns) if bitmap is None else bitmap.astype(np.uint8).tobytes()
    offsets = [-up * across + right for up, right in TEMPLATE]
    for row in range(rows):
        base = (row + 2) * across + _MARGIN
        for column in range(columns):
            at = base + column
            context = 0
            for offset in offsets:
                context = context << 1 | cells[at + offset]
            cells[at] = coder.bit(contexts[context], given[row * columns + column])
    whole = np.frombuffer(bytes(cells), np.uint8).reshape(rows + 2, across)
    found: Bitmap = whole[2:, _MARGIN : _MARGIN + columns].astype(np.bool_)
    return found
