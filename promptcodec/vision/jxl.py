"""The head of a JPEG XL file: its size and whether it moves, before a decoder makes room for it.

Source: ISO/IEC 18181-1 (SizeHeader, ImageMetadata) and 18181-2 (boxes).
"""

from __future__ import annotations

from dataclasses import dataclass

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
_RATIOS = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_HEAD = 64


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of its picture.

    Attributes:
        size: width and height in pixels, as it is seen.
        is_animated: it has more than one frame.
    """

    size: tuple[int, int]
    is_animated: bool


def head(data: bytes) -> Head | None:
    """Read the head of a file; None where there is none."""
    stream = data if data.startswith(CODESTREAM) else _codestream(data)
    if not stream.startswith(CODESTREAM):
        return None
    bits = _Bits(stream[2:_HEAD])
    width, height = _size(bits)
    turned = animated = False
    if not bits.read(1) and bits.read(1):  # not all as usual, and more than the least is said
        turned = bits.read(3) >= 4
        if bits.read(1):
            _size(bits)
        # A preview's size is coded otherwise; files with one do not occur.
        animated = not bits.read(1) and bool(bits.read(1))
    return Head((height, width) if turned else (width, height), animated)


class _Bits:
    """Bits of a codestream, the lowest of each byte first; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self.rest = int.from_bytes(data, "little")

    def read(self, count: int) -> int:
        value = self.rest & ((1 << count) - 1)
        self.rest >>= count
        return value


def _size(bits: _Bits) -> tuple[int, int]:
    small = bits.read(1)
    height = _side(bits, small=small)
    ratio = bits.read(3)
    if ratio == 0:
        return _side(bits, small=small), height
    across, down = _RATIOS[ratio]
    return height * across // down, height


def _side(bits: _Bits, *, small: int) -> int:
    if small:
        return 8 * (bits.read(5) + 1)
    return bits.read((9, 13, 18, 30)[bits.read(2)]) + 1


def _codestream(data: bytes) -> bytes:
    """Find where the codestream begins among the boxes of a file."""
    at = 0
    while at + 16 <= len(data):
        length, kind, start = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if length == 1:
            length, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        if kind == b"jxlc":
            return data[start : start + _HEAD]
        if kind == b"jxlp":  # behind the number of the piece
            return data[start + 4 : start + 4 + _HEAD]
        if length < 8:
            break
        at += length
    return b""
