"""The texts in an EXIF block (TIFF): where each value stands, and what it says."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# The tags generation tools write text into; others (times, cameras, makers' notes) are left alone.
TAGS = {
    0x010D: "DocumentName", 0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model",
    0x0131: "Software", 0x013B: "Artist", 0x9286: "UserComment", 0x9C9C: "XPComment",
}  # fmt: skip
_EXIF_IFD = 0x8769
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_MOST_TAGS = 512
_MARK = 8  # bytes that name the encoding of a UserComment
_WIDE = ("utf-16-be", "utf-16-le")


def spans(data: bytes) -> list[tuple[str, int, int, str]]:
    """List the texts: name of the tag, first byte, byte behind the last, encoding; in the file's order.

    Nothing of ``data`` is trusted: what does not fit into it is left out.
    """
    listed = [] if data[:4] not in (b"MM\0*", b"II*\0") else list(_walk(data))
    return sorted(listed, key=lambda span: span[1])


def text_values(data: bytes) -> dict[str, str]:
    """Give the texts by the tag's name, without the zeros at their ends."""
    values = {}
    for name, start, end, encoding in spans(data):
        values[name] = data[start:end].decode(encoding, "replace").rstrip("\0")
    return values


def _walk(data: bytes) -> Iterator[tuple[str, int, int, str]]:
    order = ">" if data[:1] == b"M" else "<"
    todo = [int.from_bytes(data[4:8], "big" if order == ">" else "little")]
    for at in todo:  # the first directory, and the EXIF one it may name
        if at + 2 > len(data):
            continue
        (count,) = struct.unpack_from(order + "H", data, at)
        for index in range(min(count, _MOST_TAGS)):
            place = at + 2 + 12 * index
            if place + 12 > len(data):
                break
            tag, kind, length, offset = struct.unpack_from(order + "HHII", data, place)
            if tag == _EXIF_IFD and len(todo) == 1:
                todo.append(offset)
            size = length * _SIZES.get(kind, 0)
            start = offset if size > 4 else place + 8
            if tag in TAGS and size and start + size <= len(data):
                span = _text(data, start, start + size, TAGS[tag])
                if span:
                    yield span


def _text(data: bytes, start: int, end: int, name: str) -> tuple[str, int, int, str] | None:
    """Find the encoding in which the value comes back byte for byte."""
    if name == "UserComment" and data[start : start + _MARK] == b"UNICODE\0":
        start += _MARK
        # Writers differ in the byte order: in ASCII, which every prompt has, the zeros give it away.
        evens, odds = data[start:end:2].count(0), data[start + 1 : end : 2].count(0)
        wide = _WIDE if evens >= odds else _WIDE[::-1]
        return _first(data, start, end, name, wide)
    if name == "UserComment" and data[start : start + _MARK] in (b"ASCII\0\0\0", b"\0" * 8):
        start += _MARK
    if name == "XPComment":
        return _first(data, start, end, name, _WIDE[1:])
    return _first(data, start, end, name, ("utf-8", "latin-1"))


def _first(
    data: bytes, start: int, end: int, name: str, encodings: tuple[str, ...]
) -> tuple[str, int, int, str] | None:
    for encoding in encodings:
        try:
            if data[start:end].decode(encoding).encode(encoding) == data[start:end]:
                return name, start, end, encoding
        except UnicodeError:
            continue
    return None
