"""A structure part: its first byte, the canvas, and what lies on it.

    bits 6-7: 0 lines, 1 a bitmap, 2 poses
    bit 5: taller than wide; bits 0-4: short side of the canvas - 1, in 1/32 of the long side

For lines and bitmaps the range coder's part starts with the canvas' long side, an index into SIDES
in two equally likely bits; see ``edge_map`` for the rest, ``pose`` for poses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from promptcodec.entropy.bitio import BitReader, BitWriter
from promptcodec.errors import BitstreamError, EntropyError, NewerError
from promptcodec.layers.structure import edge_map, pose

SIDES = (32, 64, 128, 256)
KINDS = ("polylines", "bitmap", "pose")
_LINES, _BITMAP = range(2)
_SIDE_BITS = 2
_PARTS = 32


def coder_name(data: bytes) -> str:
    """Name how a part is coded: "polylines", "bitmap", "pose" or "unknown"."""
    kind = data[0] >> 6 if data else len(KINDS)
    return KINDS[kind] if kind < len(KINDS) else "unknown"


def head_of(size: tuple[int, int]) -> int:
    """Give the first byte of lines in a picture of ``size``."""
    long, short = max(size), min(size)
    return (size[1] > size[0]) << 5 | max(1, (2 * _PARTS * short + long) // (2 * long)) - 1


def canvas_of(head: int, side: int) -> tuple[int, int]:
    """Give columns and rows of the canvas whose long side is ``side``."""
    short = side * ((head & _PARTS - 1) + 1) // _PARTS
    return (short, side) if head & _PARTS else (side, short)


def encode_value(head: int, shape: tuple[int, int], content: edge_map.Content) -> bytes:
    """Code lines or a bitmap, as ``decode_value`` gives them, on a canvas of ``shape``.

    Args:
        head: the first byte of a part with that canvas.
        shape: rows and columns.
        content: no lattice node twice, none outside.
    """
    kind = _BITMAP if isinstance(content, np.ndarray) else _LINES
    writer = BitWriter()
    writer.bypass(_SIDE_BITS, SIDES.index(max(shape)))
    edge_map.write(writer, shape, content)
    return bytes([head & 0x3F | kind << 6]) + writer.finish()


def decode_value(data: bytes, size: tuple[int, int]) -> tuple[str, Any]:
    """Read a part without drawing it.

    Args:
        data: one whole part.
        size: width and height of the picture, for the scale of poses.

    Returns:
        what ``coder_name`` gives, and for "pose" the JSON value; for the other two the rows and columns
        of the canvas and a bitmap of that shape, or the grid and the paths.

    Raises:
        BitstreamError: the part is malformed.
        NewerError: it is coded in a way that only a newer reader knows.
    """
    if not data:
        raise BitstreamError("a structure layer of no bytes", 0)
    kind = coder_name(data)
    if kind == "pose":
        return kind, pose.decode_pose(data, size)
    if kind == "unknown":
        raise NewerError(f"a structure layer that starts with {data[0]} needs a newer reader", 0)
    try:
        reader = BitReader(data[1:])
        columns, rows = canvas_of(data[0], SIDES[reader.bypass(_SIDE_BITS)])
        content = edge_map.read(reader, (rows, columns))
    except EntropyError as error:
        raise BitstreamError(f"a structure layer is damaged: {error}") from None
    # One value has one stream: a part that is cut off or followed by anything is seldom one.
    if encode_value(data[0], (rows, columns), content) != data:
        raise BitstreamError("a structure layer is damaged, cut off, or something follows it")
    return kind, ((rows, columns), content)
