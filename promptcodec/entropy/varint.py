"""Unsigned LEB128 integers below 2**32, shortest form only."""

from __future__ import annotations

from promptcodec.errors import BitstreamError

MAX_BYTES = 5
LIMIT = 2**32


def write_varint(value: int) -> bytes:
    """Write ``0 <= value < 2**32`` in seven-bit groups, low group first."""
    if not 0 <= value < LIMIT:
        raise ValueError(f"{value} is outside 0..2**32-1")
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, pos: int, what: str) -> tuple[int, int]:
    """Read one integer at ``pos``.

    Returns:
        The value and the position after it.

    Raises:
        BitstreamError: it runs past the end, past 2**32, or is not the shortest form.
    """
    value = 0
    for index in range(MAX_BYTES):
        if pos + index >= len(data):
            raise BitstreamError(f"the stream ends inside {what}", len(data))
        byte = data[pos + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if value >= LIMIT or (byte == 0 and index):
                break
            return value, pos + index + 1
    raise BitstreamError(f"{what} is not a valid integer", pos)
