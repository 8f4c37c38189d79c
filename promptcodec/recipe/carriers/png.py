"""PNG: its chunks, the texts in them, and the file without what its pixels do not need."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from promptcodec.recipe.carriers.collected import MAX_C2PA, READ_BYTES, Collected
from promptcodec.recipe.carriers.profiles import START, read_profile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_PIXELS = {b"IHDR", b"IDAT", b"fdAT", b"IEND"}
# What else a reader of pixels looks at; eXIf says which side is up.
_SMALL = {
    b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"pHYs", b"bKGD", b"eXIf",
    b"acTL", b"fcTL",
}  # fmt: skip
_FEW = 4096  # picture data in more pieces is joined: readers take their time over each
_XMP_KEY = "XML:com.adobe.xmp"
_HEAD = struct.Struct(">I4s")
_LONGEST_KEY = 79


def chunks_of(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """List the chunks up to the last one: kind, first byte of the body, byte behind it; cut ones too."""
    at, size, unpack = len(SIGNATURE), len(data), _HEAD.unpack_from
    while at + 8 <= size:
        length, kind = unpack(data, at)
        yield kind, at + 8, min(at + 8 + length, size)
        if kind == b"IEND":
            return
        at += 12 + length


def read_png(data: bytes, collected: Collected) -> None:
    """Collect text chunks, EXIF and the C2PA manifest; wrong checksums do not matter."""
    view = memoryview(data)
    for kind, start, end in chunks_of(data):
        if kind in _TEXTS:
            _text(kind.decode(), bytes(view[start : min(end, start + READ_BYTES + 1024)]), collected)
            if collected.stopped:
                return
        elif kind == b"eXIf":
            collected.add_exif(view[start:end])
        elif kind == b"caBX":
            collected.c2pa = view[start : min(end, start + MAX_C2PA)]


def without_texts(data: bytes) -> bytes:
    """Leave out of a PNG what its pixels do not need; other files stay as they are.

    Texts go, however long or damaged. So do chunks that are empty or unknown, and small ones with a wrong
    checksum. Picture data in very many pieces is joined.
    """
    if not data.startswith(SIGNATURE):
        return data
    view = memoryview(data)
    runs = [(0, len(SIGNATURE))]  # of chunks that are kept
    many = 0
    for kind, start, end in chunks_of(data):
        if kind not in _PIXELS and not (kind in _SMALL and _is_sound(view, start, end)):
            continue
        if kind == b"IDAT":
            if start == end:
                continue
            many += 1
        if runs[-1][1] == start - 8:
            runs[-1] = (runs[-1][0], end + 4)
        else:
            runs.append((start - 8, end + 4))
    if many > _FEW:
        return _joined(data)
    if len(runs) == 1 and runs[0][1] >= len(data):
        return data
    return b"".join(view[start:end] for start, end in runs)


def _is_sound(view: memoryview, start: int, end: int) -> bool:
    return zlib.crc32(view[start - 4 : end]).to_bytes(4, "big") == view[end : end + 4]


def _joined(data: bytes) -> bytes:
    """Write the picture anew with all its data in one chunk."""
    view = memoryview(data)
    before: list[memoryview] = []
    pieces: list[memoryview] = [memoryview(b"IDAT")]
    for kind, start, end in chunks_of(data):
        if kind == b"IDAT":
            pieces.append(view[start:end])
        elif kind == b"IHDR" or (kind in _SMALL and len(pieces) == 1 and _is_sound(view, start, end)):
            before.append(view[start - 8 : end + 4])
    body = b"".join(pieces)
    last = b"\0\0\0\0IEND" + zlib.crc32(b"IEND").to_bytes(4, "big")
    head = (len(body) - 4).to_bytes(4, "big")
    return b"".join([SIGNATURE, *before, head, body, zlib.crc32(body).to_bytes(4, "big"), last])


def _text(kind: str, body: bytes, collected: Collected) -> None:
    key, zero, rest = body.partition(b"\0")
    if not zero or len(key) > _LONGEST_KEY:
        collected.warn(f"a {kind} chunk without a keyword is left out")
        return
    packed = kind == "zTXt"
    if kind == "iTXt":
        packed = rest[:1] == b"\1"
        # Flag and method, then language and translated keyword: tools leave both empty.
        parts = rest[2:].split(b"\0", 2)
        if len(parts) < 3:
            collected.warn("a damaged iTXt chunk is left out")
            return
        rest = parts[2]
    elif packed:
        rest = rest[1:]
    name = key.decode("latin-1")
    content = _inflate(rest, name, collected) if packed else rest
    if content is None:
        return
    if not (name.startswith(START) and read_profile(name[len(START) :], content, collected)):
        collected.add("xmp" if name == _XMP_KEY else kind, "" if name == _XMP_KEY else name, content)


def _inflate(packed: bytes, name: str, collected: Collected) -> bytes | None:
    """Decompress a text chunk, never more than there is room for."""
    # libpng shrinks the window in the header below what zlib accepts: read deflate without header.
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = engine.decompress(packed[2:], collected.room + 1)
    except zlib.error:
        collected.warn(f"the compressed text chunk {name} is damaged and left out")
        return None
    if len(content) > collected.room:
        collected.add("", name, None)
        return None
    return content
