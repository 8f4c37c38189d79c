"""JPEG: its segments before the picture: EXIF, XMP and its extension, comments, IPTC, C2PA."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from promptcodec.recipe.carriers.collected import MAX_C2PA, READ_BYTES, Collected

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0"
_MORE_HEAD = 40  # 32 characters that name the packet, its length, the place of this piece
_IPTC = b"Photoshop 3.0\0"
_JUMBF_HEAD = 8  # "JP", the box's number, the piece's number
_BOX_HEAD = 8  # stands in front of every piece
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def read_jpeg(data: bytes, collected: Collected) -> None:
    """Collect the metadata."""
    more: defaultdict[bytes, dict[int, memoryview]] = defaultdict(dict)
    boxes: defaultdict[bytes, list[tuple[int, memoryview]]] = defaultdict(list)
    for marker, body in _segments(data):
        if collected.stopped:
            break
        if marker == 0xE1 and body[: len(_EXIF)] == _EXIF:
            collected.add_exif(body)
        elif marker == 0xE1 and body[: len(_XMP)] == _XMP:
            collected.add("xmp", "", body[len(_XMP) :])
        elif marker == 0xE1 and body[: len(_XMP_MORE)] == _XMP_MORE:
            name, place, piece = _piece(body[len(_XMP_MORE) :])
            more[name][place] = piece
        elif marker == 0xFE:
            collected.add("comment", "", body)
        elif marker == 0xED and body[: len(_IPTC)] == _IPTC:
            collected.add_captions(body[len(_IPTC) :])
        elif marker == 0xEB and bytes(body[:2]) == b"JP":
            boxes[bytes(body[2:4])].append((int.from_bytes(body[4:8], "big"), body[_JUMBF_HEAD:]))
    for pieces in more.values():
        _extended(pieces, collected)
    collected.c2pa = next((box for numbered in boxes.values() if (box := _box(numbered))), b"")


def _segments(data: bytes) -> Iterator[tuple[int, memoryview]]:
    """List marker and body up to where the picture's data starts."""
    at, view = 2, memoryview(data)
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            yield marker, view[at + 4 : at + 2 + length]
            at += 2 + max(length, 2)


def _piece(body: memoryview) -> tuple[bytes, int, memoryview]:
    return bytes(body[:32]), int.from_bytes(body[36:_MORE_HEAD], "big"), body[_MORE_HEAD:]


def _extended(pieces: dict[int, memoryview], collected: Collected) -> None:
    """Put a packet together that was too long for one segment."""
    parts, at = [], 0
    for place, piece in sorted(pieces.items()):
        if place != at or at > READ_BYTES:
            break
        parts.append(piece)
        at += len(piece)
    if sum(map(len, pieces.values())) > at:
        collected.warn("an extended XMP packet is damaged or too long; the rest of it is not read")
    collected.add("xmp", "", b"".join(parts))


def _box(numbered: list[tuple[int, memoryview]]) -> bytes:
    """Put a box together from its pieces; each repeats the box's head."""
    parts: list[memoryview] = []
    size = 0
    for _, piece in sorted(numbered, key=lambda pair: pair[0]):
        wide = bytes(piece[:4]) == b"\0\0\0\1"
        start = (_BOX_HEAD + 8 if wide else _BOX_HEAD) if parts else 0
        parts.append(piece[start:])
        size += len(piece)
        if size > MAX_C2PA:
            break
    return b"".join(parts)
