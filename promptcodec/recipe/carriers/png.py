"""PNG: the texts in its chunks."""

from __future__ import annotations

import zlib

from promptcodec.recipe.carriers.collected import MAX_C2PA, READ_BYTES, Collected
from promptcodec.recipe.carriers.profiles import START, read_profile
from promptcodec.vision.png import body_of, chunks

_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_XMP_KEY = "XML:com.adobe.xmp"
_LONGEST_KEY = 79


def read_png(data: bytes, collected: Collected) -> None:
    """Collect text chunks, EXIF and the C2PA manifest; wrong checksums do not matter."""
    view = memoryview(data)
    for kind, *place in chunks(data):
        if kind in _TEXTS:
            _text(kind.decode(), bytes(view[body_of(*place)][: READ_BYTES + 1024]), collected)
            if collected.stopped:
                return
        elif kind == b"eXIf":
            collected.add_exif(view[body_of(*place)])
        elif kind == b"caBX":
            collected.c2pa = view[body_of(*place)][:MAX_C2PA]


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
