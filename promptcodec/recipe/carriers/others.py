"""WebP, TIFF, and what Pillow finds in other files."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator

from promptcodec.recipe import tiff
from promptcodec.recipe.carriers.collected import MAX_C2PA, Collected

_XMP_TAG, _IPTC_TAG, _C2PA_TAG, _PHOTOSHOP_TAG = 700, 33723, 52545, 34377


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """List kind and body of a WebP's chunks."""
    at, view = 12, memoryview(data)
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, view[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def read_webp(data: bytes, collected: Collected) -> None:
    """Collect EXIF, XMP and the C2PA manifest of a WebP."""
    for kind, body in webp_chunks(data):
        if collected.stopped:
            return
        if kind == b"EXIF":
            collected.add_exif(body)
        elif kind == b"XMP ":
            collected.add("xmp", "", body)
        elif kind == b"C2PA":
            collected.c2pa = body[:MAX_C2PA]


def read_tiff(data: bytes, collected: Collected) -> None:
    """Collect the texts of a TIFF's first picture, in an EXIF block of their own, and the packets in it."""
    view = memoryview(data)
    texts = tiff.texts_alone(data)
    if texts:
        collected.add_exif(texts)
    for tag, start, end in tiff.blocks(data, {_XMP_TAG, _IPTC_TAG, _C2PA_TAG, _PHOTOSHOP_TAG}):
        if tag == _XMP_TAG:
            collected.add("xmp", "", view[start:end])
        elif tag in (_IPTC_TAG, _PHOTOSHOP_TAG):
            collected.add_captions(view[start:end])
        else:
            collected.c2pa = view[start : min(end, start + MAX_C2PA)]


def read_with_pillow(data: bytes, collected: Collected) -> None:
    """Collect EXIF, XMP and comments that Pillow finds: GIF, JPEG 2000 and others."""
    from PIL import Image  # noqa: PLC0415 - heavy

    from promptcodec.vision.load import BROKEN  # noqa: PLC0415
    from promptcodec.vision.opened import open_image  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_image(data) as image:
                info = dict(image.info)
    except (*BROKEN, RuntimeError, MemoryError, Image.DecompressionBombError):
        return
    exif, xmp, comment = info.get("exif"), info.get("xmp"), info.get("comment")
    if isinstance(exif, bytes) and exif:
        collected.add_exif(exif)
    if isinstance(xmp, bytes) and xmp:
        collected.add("xmp", "", xmp)
    if isinstance(comment, (bytes, str)) and comment:
        collected.add("comment", "", comment.encode() if isinstance(comment, str) else comment)
