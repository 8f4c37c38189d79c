"""Find the metadata chunks of an image file: PNG text chunks, EXIF, XMP, comments, IPTC, C2PA.

Pillow gives texts decoded and without the kind of chunk they stood in; verbatim needs the bytes.
Only containers are walked here; pixels are Pillow's.
"""

from __future__ import annotations

from promptcodec.recipe.carriers.boxes import read_boxes
from promptcodec.recipe.carriers.collected import MAX_BYTES, READ_BYTES, Carried, Collected
from promptcodec.recipe.carriers.jpeg import read_jpeg
from promptcodec.recipe.carriers.others import read_tiff, read_webp, read_with_pillow
from promptcodec.recipe.carriers.png import read_png
from promptcodec.vision import png

__all__ = ["MAX_BYTES", "READ_BYTES", "Carried", "read_carriers"]

_JXL = b"\0\0\0\x0cJXL \r\n\x87\n"
_JPEG2000 = b"\0\0\0\x0cjP  \r\n\x87\n"


def read_carriers(data: bytes) -> Carried:
    """Give the metadata chunks of an image file; damaged ones are left out with a warning."""
    collected = Collected()
    if data.startswith(png.SIGNATURE):
        read_png(data, collected)
    elif data[:2] == b"\xff\xd8":
        read_jpeg(data, collected)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        read_webp(data, collected)
    elif data[4:8] == b"ftyp" or data.startswith((_JXL, _JPEG2000)):
        read_boxes(data, collected)
    elif data[:4] in (b"MM\0*", b"II*\0"):
        read_tiff(data, collected)
    else:
        read_with_pillow(data, collected)
    return collected.carried()
