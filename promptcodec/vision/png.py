"""PNG files whose pixels are whole, while what stands beside them stops their reader, or keeps it busy.

A text chunk that a tool edited and left the old checksum of, a text or a colour profile that unpacks to
megabytes, a million empty chunks: browsers show such pictures.

Source: W3C, Portable Network Graphics, third edition, 5.3 (chunks), 11.3.2.3 (iCCP), 11.3.6 (animation).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = b"IDAT"
_EMPTY = 12  # length, kind and checksum
# Of the chunks that pixels can do without, those that say how they are seen.
_SHOWN = (b"tRNS", b"eXIf")
_PROFILE = b"Raw profile type exif\0"
# Usual files have less beside their pixels, and fewer short chunks.
_MOST_BYTES, _MOST_CHUNKS, _SHORT = 1 << 20, 1000, 64
# Colour profiles with large tables have 4 MB.
_MOST_PROFILE = 1 << 23


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """List the chunks of a PNG file up to its end mark: kind, first byte, byte behind the checksum."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at, at + 12 + length
        if kind == b"IEND":
            return
        at += 12 + length


def body_of(start: int, end: int) -> slice:
    """Give the place of a chunk's body, from the bounds that ``chunks`` gives."""
    return slice(start + 8, end - 4)


def is_crowded(data: bytes) -> bool:
    """Say whether so much stands beside the pixels that it costs memory or time."""
    beside = short = 0
    for kind, start, end in chunks(data):
        short += end - start < _SHORT
        beside += 0 if kind == _PIXELS else end - start
        if beside > _MOST_BYTES or short > _MOST_CHUNKS:
            return True
    return False


def bare(data: bytes) -> bytes:
    """Leave out what the pixels can do without; neighbouring chunks of pixels become one."""
    view = memoryview(data)
    pieces: list[bytes | memoryview] = [SIGNATURE]
    pixels: list[memoryview] = []
    for kind, start, end in chunks(data):
        if kind == _PIXELS and end - start == _EMPTY:
            continue
        chunk = view[start:end]
        if kind == _PIXELS and _is_whole(chunk):
            pixels.append(view[body_of(start, end)])
        elif kind[:1].isupper() or (kind in _SHOWN and end - start < 1 << 16 and _is_whole(chunk)):
            pieces += [*_joined(pixels), chunk]
            pixels = []
    return b"".join([*pieces, *_joined(pixels)])


def profile(data: bytes) -> bytes | None:
    """Give the colour profile; None where there is none, or it is damaged or endless."""
    return _unpacked(_early(data, b"iCCP").partition(b"\0")[2][1:]) or None


def exif(data: bytes) -> bytes:
    """Give the EXIF data, or so much of it as says how the picture lies; nothing where there is none."""
    text = b""
    for kind, start, end in chunks(data):
        chunk = memoryview(data)[start:end]
        if kind == b"eXIf" and _is_whole(chunk):
            return data[start + 8 : min(end - 4, start + 8 + _MOST_BYTES)]
        if kind in (b"tEXt", b"zTXt") and data.startswith(_PROFILE, start + 8):
            body = data[start + 8 + len(_PROFILE) : end - 4]
            text = _unpacked(body[1:]) if kind == b"zTXt" else body
    return unfolded(text.decode("latin-1"))


def unfolded(profile: str) -> bytes:
    """Give what ImageMagick keeps in hexadecimal digits, below a name and a length."""
    try:
        return bytes.fromhex("".join(profile.split("\n")[3:]))
    except ValueError:
        return b""


def is_animated(data: bytes) -> bool:
    """Say whether the file has more than one frame."""
    return int.from_bytes(_early(data, b"acTL")[:4], "big") > 1


def _unpacked(packed: bytes) -> bytes:
    """Unpack a profile; one that is damaged or endless is nothing."""
    engine = zlib.decompressobj()
    try:
        content = engine.decompress(packed, _MOST_PROFILE + 1)
    except zlib.error:
        return b""
    return content if engine.eof and len(content) <= _MOST_PROFILE else b""


def _early(data: bytes, wanted: bytes) -> bytes:
    """Give what is in a chunk that stands before the pixels, nothing where there is none."""
    for kind, start, end in chunks(data):
        if kind == wanted:
            return data[body_of(start, end)]
        if kind == _PIXELS:
            break
    return b""


def _is_whole(chunk: memoryview) -> bool:
    return len(chunk) >= _EMPTY and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def _joined(pixels: list[memoryview]) -> list[bytes | memoryview]:
    """Make one chunk: each costs the reader time, however short."""
    if not pixels:
        return []
    check = zlib.crc32(_PIXELS)
    for part in pixels:
        check = zlib.crc32(part, check)
    return [struct.pack(">I4s", sum(map(len, pixels)), _PIXELS), *pixels, struct.pack(">I", check)]
