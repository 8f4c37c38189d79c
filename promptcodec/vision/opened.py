"""Picture files as Pillow opens them: formats that are pictures, none that holds or runs another."""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageFile, UnidentifiedImageError

from promptcodec.errors import ImageError
from promptcodec.vision import formats

# Most files first. Left out is what Pillow hands to programs (EPS, WMF), what holds a file of any other
# format (IPTC, BLP), and what is hardly met.
_READ = (
    *("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "JXL", "TIFF", "BMP", "DIB", "JPEG2000", "PPM", "ICO"),
    *("CUR", "ICNS", "PSD", "QOI", "DDS", "SGI", "SUN", "PCX", "TGA"),
)
_PROGRAMS = {b"%!PS": "EPS", b"\xc5\xd0\xd3\xc6": "EPS", b"\xd7\xcd\xc6\x9a": "WMF"}
_EMF = slice(40, 44), b" EMF"
_HEAD = 16


def open_image(data: bytes) -> ImageFile.ImageFile:
    """Open a picture file, whatever its size, as ``Image.open`` does; nothing is decoded yet.

    Raises:
        ImageError: it has no pixels, or is no picture but instructions.
        SyntaxError: it is damaged.
        UnidentifiedImageError: it is no picture; the message says what else, where that is known.
        Exception: whatever a decoder raises on a damaged file.
    """
    program = "WMF" if data[_EMF[0]] == _EMF[1] else _PROGRAMS.get(data[:4])
    if program:
        raise ImageError(f"{program} is not a picture but instructions; save it as PNG first")
    head = data[:_HEAD].ljust(_HEAD, b"\0")  # who asks for four bytes gets them
    tried: set[str] = set()
    wrong = ""
    for prepare in (Image.preinit, Image.init):
        prepare()
        for name in [name for name in _READ if name in Image.OPEN and name not in tried]:
            tried.add(name)
            factory, accept = Image.OPEN[name]
            if accept is not None and accept(head) is not True:
                continue
            try:
                image = factory(io.BytesIO(data), "")
            except (SyntaxError, IndexError, TypeError, struct.error) as error:
                if accept is not None:
                    why = "it ends too early" if isinstance(error.__cause__ or error, struct.error) else error
                    wrong = f"the {name} picture is damaged, or of a kind that is not read: {why}"
                continue
            if 0 in image.size:
                raise ImageError("the picture has no pixels")
            if name == "ICNS" and int.from_bytes(data[4:8], "big") > len(data):
                raise SyntaxError("the ICNS picture ends too early")
            return image
    if wrong:
        raise SyntaxError(wrong)
    raise UnidentifiedImageError(formats.other(data))
