"""The texts in an EXIF block (TIFF): where each value stands, and what it says."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator

# The tags generation tools write text into; others (times, cameras, makers' notes) are left alone.
TAGS = {
    0x010D: "DocumentName", 0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model",
    0x0131: "Software", 0x013B: "Artist", 0x9286: "UserComment", 0x9C9B: "XPTitle", 0x9C9C: "XPComment",
    0x9C9E: "XPKeywords", 0x9C9F: "XPSubject",
}  # fmt: skip
_EXIF_IFD = 0x8769
# Bytes of a value by its type; 129 is text in UTF-8 since EXIF 3.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_MOST_TAGS = 512
_MARK = 8  # bytes that name the encoding of a UserComment
_MARKS = (b"UNICODE\0", b"ASCII\0\0\0", b"JIS\0\0\0\0\0", bytes(8))
_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"))
_WIDE = ("utf-16-be", "utf-16-le")
_ZEROS = 16  # one byte of so many is zero, at least, where ASCII is in UTF-16
_SAMPLE = 1 << 14


def spans(data: bytes) -> list[tuple[str, int, int, str]]:
    """List the texts: name of the tag, first byte, byte behind the last, encoding; in the file's order.

    Marks of the encoding or the byte order stand before the first byte. Nothing of ``data`` is trusted: what
    does not fit into it is left out.
    """
    listed = [(TAGS[tag], *_text(data, start, end, TAGS[tag])) for tag, _, start, end in _values(data, TAGS)]
    return sorted(listed, key=lambda span: span[1])


def text_values(data: bytes) -> dict[str, str]:
    """Give the texts by the tag's name, without the zeros at their ends."""
    values: dict[str, str] = {}
    for name, start, end, encoding in spans(data):
        if name == "UserComment" and data[start - _MARK : start] == _MARKS[2]:
            text = _japanese(data[start:end])
        else:
            text = data[start:end].decode(encoding, "replace")
        values.setdefault(name, text.rstrip("\0"))
    return values


def blocks(data: bytes, tags: Collection[int]) -> list[tuple[int, int, int]]:
    """List the values of these tags: tag, first byte, byte behind the last."""
    return [(tag, start, end) for tag, _, start, end in _values(data, tags)]


def texts_alone(data: bytes) -> bytes:
    """Give a block with the texts of ``data`` alone, none where it holds none."""
    values = [(tag, kind, data[start:end]) for tag, kind, start, end in _values(data, TAGS)]
    place = 8 + 2 + 12 * len(values) + 4
    entries, contents = b"", b""
    for tag, kind, value in sorted(values, key=lambda item: item[0]):
        kind = kind if kind in (1, 2, 7, 129) else 7  # noqa: PLW2901 - texts in wider types are bytes too
        inside = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", place + len(contents))
        contents += value if len(value) > 4 else b""
        entries += struct.pack("<HHI", tag, kind, len(value)) + inside
    if not values:
        return b""
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(values)) + entries + bytes(4) + contents


def _values(data: bytes, tags: Collection[int]) -> Iterator[tuple[int, int, int, int]]:
    """Find these tags: tag, type, first byte, byte behind the last."""
    if data[:4] not in (b"MM\0*", b"II*\0"):
        return
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
            if tag in tags and size and start + size <= len(data):
                yield tag, kind, start, start + size


def _text(data: bytes, start: int, end: int, name: str) -> tuple[int, int, str]:
    """Find where the text starts and ends, and the encoding in which it comes back byte for byte."""
    if name == "UserComment" and data[start : start + _MARK].upper() in _MARKS:
        start += _MARK
    for mark, encoding in _ORDER_MARKS:
        if data.startswith(mark, start, end):
            start += len(mark)
            return _even(data, start, end, (encoding,))
    if name.startswith("XP"):
        return _even(data, start, end, _WIDE[1:])
    order = _wide_order(data[start:end])
    return _even(data, start, end, order or ("utf-8",))


def _wide_order(value: bytes) -> tuple[str, ...]:
    """Say in which orders of bytes a text may be UTF-16, the likely first; none where it is not.

    What marks say is often wrong: EXIF 3 writes UTF-8 behind UNICODE, and few say the order. Zeros tell:
    every recipe has ASCII in it.
    """
    sample = value.rstrip(b"\0")[:_SAMPLE]
    evens, odds = sample[::2].count(0), sample[1::2].count(0)
    likely = _WIDE if evens >= odds else _WIDE[::-1]
    if max(evens, odds) * _ZEROS >= len(sample) > 0 and max(evens, odds) > 8 * min(evens, odds):
        return likely
    try:
        value.decode()
    except UnicodeDecodeError:
        if len(value) % 2 == 0 and _is_cjk(sample):  # the high bytes of one script are alike
            return _WIDE if len(set(sample[::2])) <= len(set(sample[1::2])) else _WIDE[::-1]
    return ()


def _is_cjk(sample: bytes) -> bool:
    """Say whether most of it is Han, kana or Hangul in UTF-16, whichever the order of bytes."""
    size = max(len(sample) // 2, 1)
    return any(
        sum(0x30 <= byte <= 0x9F or 0xAC <= byte <= 0xD7 or byte == 0xFF for byte in high) * 5 >= 4 * size
        and len(set(high)) * 2 <= size
        for high in (sample[::2], sample[1::2])
    )


def _even(data: bytes, start: int, end: int, encodings: tuple[str, ...]) -> tuple[int, int, str]:
    for encoding in encodings:
        last = end - (end - start) % 2 if encoding in _WIDE else end
        try:
            if data[start:last].decode(encoding).encode(encoding) == data[start:last]:
                return start, last, encoding
        except UnicodeError:
            continue
    return start, end, "latin-1"


def _japanese(value: bytes) -> str:
    for encoding in ("iso2022_jp", "utf-8", "shift_jis", "euc_jp"):
        try:
            return value.decode(encoding)
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1")
