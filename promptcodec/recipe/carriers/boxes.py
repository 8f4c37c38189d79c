"""Files of boxes: AVIF and HEIC (ISO 14496-12, 23008-12), JPEG XL (ISO 18181-2).

A box is its length, four letters and a body. AVIF and HEIC keep metadata as items, whose places a table
gives; JPEG XL as boxes of its own, perhaps packed with brotli.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from promptcodec.entropy import brotli
from promptcodec.errors import EntropyError
from promptcodec.recipe.carriers.collected import MAX_C2PA, READ_BYTES, Collected

_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_JPEG2000_EXIF = b"JpgTiffExif->JP2"
_MOST_BOXES = 4096
_MOST_ITEMS = 4096
_MOST_EXTENTS = 64
_MIME = b"application/rdf+xml"

Box = tuple[bytes, int, int]


def boxes_of(view: memoryview, start: int, end: int) -> Iterator[Box]:
    """List boxes: four letters, first byte of the body, byte behind it. A box that is cut ends it."""
    at = start
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", view, at)
        head = 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", view, at + 8)
            head = 16
        size = size or end - at
        if size < head or at + size > end:
            return
        yield kind, at + head, at + size
        at += size


def read_boxes(data: bytes, collected: Collected) -> None:
    """Collect the metadata."""
    view = memoryview(data)
    for kind, start, end in boxes_of(view, 0, len(data)):
        if kind == b"meta":
            _items(view, start + 4, end, collected)
        elif kind == b"uuid":
            _uuid(view, start, end, collected)
        elif kind == b"jumb":
            collected.c2pa = view[start - 8 : min(end, start + MAX_C2PA)]
        elif kind == b"brob":
            inner = bytes(view[start : start + 4])
            if inner in (b"Exif", b"xml "):
                _add(inner, _unpacked(view, start + 4, end, collected), collected)
        elif kind in (b"Exif", b"xml "):
            _add(kind, view[start:end], collected)
        if collected.stopped:
            return


def _add(kind: bytes, body: bytes | memoryview | None, collected: Collected) -> None:
    if body is None:
        return
    if kind == b"Exif":
        skipped = int.from_bytes(body[:4], "big")
        collected.add_exif(body[4 + skipped :] if skipped < len(body) else body[4:])
    else:
        collected.add("xmp", "", body)


def _unpacked(view: memoryview, start: int, end: int, collected: Collected) -> bytes | None:
    try:
        return brotli.decompress(bytes(view[start : min(end, start + READ_BYTES)]), collected.room)
    except EntropyError:
        collected.warn("a packed metadata box is damaged or too long and left out")
        return None


def _uuid(view: memoryview, start: int, end: int, collected: Collected) -> None:
    name, body = bytes(view[start : start + 16]), start + 16
    if name == _C2PA:
        # Version, then what it is for as text; a store's place in the file stands before the store.
        zero = bytes(view[body + 4 : body + 68]).find(b"\0")
        if zero >= 0:
            collected.c2pa = view[body + 4 + zero + 1 + 8 : min(end, body + MAX_C2PA)]
    elif name == _XMP_UUID:
        collected.add("xmp", "", view[body:end])
    elif name == _JPEG2000_EXIF:
        collected.add_exif(view[body:end])


def _items(view: memoryview, start: int, end: int, collected: Collected) -> None:
    """Collect EXIF and XMP items of a ``meta`` box."""
    tables = {kind: (first, last) for kind, first, last in boxes_of(view, start, end)}
    if b"iinf" not in tables or b"iloc" not in tables:
        return
    kinds = dict(_kinds(view, *tables[b"iinf"]))
    data_box = tables.get(b"idat", (0, 0))
    try:
        for item, extents in _places(view, *tables[b"iloc"], data_box[0]):
            if item in kinds:
                size = sum(length for _, length in extents)
                whole = None if size > collected.room else b"".join(view[at : at + n] for at, n in extents)
                if whole is None:
                    collected.add("", "", None)
                _add(kinds[item], whole, collected)
    except struct.error:
        collected.warn("the table of metadata items is damaged")


def _kinds(view: memoryview, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Give the number and the kind, as a box of JPEG XL would be named, of the items that hold metadata."""
    counted = start + (8 if view[start] else 6)
    for kind, first, last in boxes_of(view, counted, end):
        version = view[first] if first < last else 0
        if kind != b"infe" or version not in (2, 3):
            continue
        wide = version == 3
        at = first + (8 if wide else 6)
        item = int.from_bytes(view[first + 4 : at], "big")
        named = bytes(view[at + 2 : min(at + 6, last)])
        if named == b"Exif":
            yield item, b"Exif"
        elif named == b"mime" and _MIME in bytes(view[at + 6 : min(at + 306, last)]):
            yield item, b"xml "


def _places(
    view: memoryview, start: int, end: int, data_box: int
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Give for each item its number and its pieces: first byte and length.

    Raises:
        struct.error: the table is cut.
    """
    at = start

    def take(size: int) -> int:
        nonlocal at
        if at + size > end:
            raise struct.error
        at += size
        return int.from_bytes(view[at - size : at], "big")

    version = take(4) >> 24
    sizes = take(2)
    offset, length, base, index = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    wide = 4 if version == 2 else 2
    for _ in range(min(take(wide), _MOST_ITEMS)):
        item = take(wide)
        method = take(2) & 15 if version else 0
        take(2)  # which file: this one
        origin = take(base) + (data_box if method == 1 else 0)
        extents = []
        for _ in range(take(2)):
            if version:
                take(index)
            place = origin + take(offset)
            extents.append((place, take(length)))
        if len(extents) <= _MOST_EXTENTS and method in (0, 1):
            yield item, extents
