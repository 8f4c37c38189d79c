"""Find the metadata chunks of an image file: PNG text chunks, EXIF, XMP, comments, stealth alpha.

Pillow gives texts decoded and without the kind of chunk they stood in; verbatim needs the bytes.
Only containers are walked here; pixels are Pillow's.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from promptcodec.recipe.model import Chunk

MAX_BYTES = 1 << 18  # metadata in one file that is read; the largest workflows seen have 40 kB
_MOST_CHUNKS = 64
_PNG, _TEXTS = b"\x89PNG\r\n\x1a\n", (b"tEXt", b"zTXt", b"iTXt")
_XMP_KEY = "XML:com.adobe.xmp"
_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF_HEAD = b"Exif\0\0"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a file carries.

    Attributes:
        chunks: its metadata, in the file's order.
        c2pa: it has a C2PA manifest (JUMBF); the manifest's bytes, for its claims.
        warnings: what could not be read.
    """

    chunks: tuple[Chunk, ...]
    c2pa: bytes = b""
    warnings: tuple[str, ...] = ()


class _Collected:
    """Collect chunks up to the limit."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.c2pa = b""
        self.warnings: list[str] = []
        self.room = MAX_BYTES

    def add(self, carrier: str, key: str, data: bytes | None) -> None:
        if data is None or len(data) > self.room:
            self.warn(f"more than {MAX_BYTES} bytes of metadata; the rest is not read")
        elif len(self.chunks) == _MOST_CHUNKS:
            self.warn(f"more than {_MOST_CHUNKS} metadata chunks; the rest is not read")
        else:
            self.room -= len(data)
            self.chunks.append(Chunk(carrier, key, data))

    def warn(self, text: str) -> None:
        if not self.warnings:  # one clear warning, not one a chunk
            self.warnings.append(text)


def read_carriers(data: bytes) -> Carried:
    """Give the metadata chunks of an image file; damaged ones are left out with a warning."""
    collected = _Collected()
    if data.startswith(_PNG):
        _png(data, collected)
    elif data[:2] == b"\xff\xd8":
        _jpeg(data, collected)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _webp(data, collected)
    else:
        _pillow(data, collected)
    return Carried(tuple(collected.chunks), collected.c2pa, tuple(collected.warnings))


def _png(data: bytes, collected: _Collected) -> None:
    for kind, body in _png_chunks(data):
        if len(collected.chunks) == _MOST_CHUNKS and collected.warnings:
            break
        if kind in _TEXTS:
            _png_text(kind.decode(), bytes(body[: MAX_BYTES + 128]), collected)
        elif kind == b"eXIf":
            _exif(bytes(body[: MAX_BYTES + 1]), collected)
        elif kind == b"caBX":
            collected.c2pa = bytes(body[:MAX_BYTES])


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    at, view = 8, memoryview(data)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, view[at + 8 : at + 8 + length]
        at += 12 + length


def without_texts(data: bytes) -> bytes:
    """Leave a PNG's text chunks out, however long; other files stay as they are."""
    if not data.startswith(_PNG):
        return data
    kept, at, view = [_PNG], len(_PNG), memoryview(data)
    for kind, body in _png_chunks(data):
        end = at + 12 + len(body)
        if kind not in _TEXTS:
            kept.append(bytes(view[at:end]))
        at = end
    return b"".join(kept)


def _png_text(kind: str, body: bytes, collected: _Collected) -> None:
    key, zero, rest = body.partition(b"\0")
    if not zero or len(key) > 79:
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
    content = _inflate(rest, collected) if packed else rest
    if content is not None:
        name = key.decode("latin-1")
        collected.add("xmp" if name == _XMP_KEY else kind, "" if name == _XMP_KEY else name, content)


def _inflate(packed: bytes, collected: _Collected) -> bytes | None:
    """Decompress a text chunk, never more than there is room for."""
    # libpng shrinks the window in the header below what zlib accepts: read deflate without header.
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = engine.decompress(packed[2:], collected.room + 1)
    except zlib.error:
        collected.warn("a compressed text chunk is damaged and left out")
        return None
    if len(content) > collected.room:
        collected.add("zTXt", "", None)
        return None
    return content


def _exif(data: bytes, collected: _Collected) -> None:
    collected.add("exif", "", data.removeprefix(_EXIF_HEAD))


def _jpeg(data: bytes, collected: _Collected) -> None:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        at += 2 + max(length, 2)
        if marker == 0xE1 and body.startswith(_EXIF_HEAD):
            _exif(body, collected)
        elif marker == 0xE1 and body.startswith(_XMP_HEAD):
            collected.add("xmp", "", body[len(_XMP_HEAD) :])
        elif marker == 0xFE:
            collected.add("comment", "", body)
        elif marker == 0xEB and b"jumb" in body[:32] and len(collected.c2pa) < MAX_BYTES:
            collected.c2pa += body


def _webp(data: bytes, collected: _Collected) -> None:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + min(length, MAX_BYTES + 1)]
        at += 8 + length + length % 2
        if kind == b"EXIF":
            _exif(body, collected)
        elif kind == b"XMP ":
            collected.add("xmp", "", body)
        elif kind == b"C2PA":
            collected.c2pa = body


def _pillow(data: bytes, collected: _Collected) -> None:
    """Read EXIF and XMP of the formats that Pillow opens: AVIF, TIFF, JPEG 2000 and others."""
    from PIL import Image  # noqa: PLC0415 - heavy

    from promptcodec.vision.load import BROKEN  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                exif, xmp = image.info.get("exif"), image.info.get("xmp")
    except (*BROKEN, MemoryError, Image.DecompressionBombError):
        return
    if isinstance(exif, bytes) and exif:
        _exif(exif, collected)
    if isinstance(xmp, bytes) and xmp:
        collected.add("xmp", "", xmp)
