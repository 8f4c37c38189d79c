"""RAW files of cameras: how they are told from others, and the picture they carry beside the sensor's data.

Source: Adobe, Digital Negative (DNG) specification 1.7; TIFF 6.0; what makers write is as LibRaw and
ExifTool read it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from promptcodec.errors import ImageError

if TYPE_CHECKING:
    from PIL import Image

# Makers whose files do not begin as TIFF does.
_HEADS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD-RAW", b"FOVb", b"\0MRM")
_PHOTOMETRIC, _SUBFILES, _ORIENTATION, _DNG_VERSION = 262, 330, 274, 50706
# Colour filter array, linear raw.
_SENSOR = {32803, 34892}
_MOST_DIRECTORIES, _MOST_TAGS = 16, 512
# LibRaw's flips (bit 0 left and right, bit 1 top and bottom, bit 2 the axes), as EXIF numbers them.
_ORIENTATIONS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}


def is_raw(data: bytes) -> bool:
    """Say whether a file holds what a sensor saw, by its first bytes and its TIFF directories."""
    if data.startswith(_HEADS) or data[4:12] == b"ftypcrx " or (_is_tiff(data) and data[8:10] == b"CR"):
        return True
    return any(
        tag == _DNG_VERSION or (tag == _PHOTOMETRIC and value in _SENSOR) for tag, value in _tags(data)
    )


def preview(data: bytes) -> tuple[bytes | Image.Image, int]:
    """Give the picture that a RAW file carries ready made.

    Returns:
        A JPEG file or an image, and its orientation as EXIF numbers it.

    Raises:
        ImageError: there is none.
        Exception: LibRaw's, where the file is damaged.
    """
    import rawpy  # noqa: PLC0415 - an extra
    from PIL import Image  # noqa: PLC0415 - telling files apart is light

    library: Any = rawpy
    with library.imread(io.BytesIO(data)) as file:
        turned = _ORIENTATIONS.get(file.sizes.flip, 1)
        try:
            carried = file.extract_thumb()
        except (library.LibRawNoThumbnailError, library.LibRawUnsupportedThumbnailError):
            raise ImageError(
                "this RAW file carries no picture that is ready made; develop it to JPEG or TIFF first"
            ) from None
    if carried.format != library.ThumbFormat.JPEG:
        return Image.fromarray(carried.data), turned
    with Image.open(io.BytesIO(carried.data), formats=["JPEG"]) as image:
        # Its own orientation, which LibRaw may have written, comes before the file's.
        own = image.getexif().get(_ORIENTATION)
    return carried.data, turned if own is None else own


def _is_tiff(data: bytes) -> bool:
    return data[:4] in (b"II*\0", b"MM\0*")


def _tags(data: bytes) -> Iterator[tuple[int, int]]:
    """List tags and their first values in the directories of a TIFF file and in those below them."""
    if not _is_tiff(data):
        return
    order = ">" if data[:1] == b"M" else "<"
    todo = [struct.unpack_from(order + "I", data, 4)[0]] if len(data) >= 8 else []
    for at in todo:
        if at + 2 > len(data):
            continue
        (count,) = struct.unpack_from(order + "H", data, at)
        for place in range(at + 2, at + 2 + 12 * min(count, _MOST_TAGS), 12):
            if place + 12 > len(data):
                break
            tag, kind, length = struct.unpack_from(order + "HHI", data, place)
            value = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place + 8)[0]
            if tag == _SUBFILES:
                todo += _below(data, order, length, value)[: _MOST_DIRECTORIES - len(todo)]
            yield tag, value


def _below(data: bytes, order: str, length: int, value: int) -> list[int]:
    """Give where the directories below one begin: one stands in the tag, several where it points."""
    if length <= 1:
        return [value]
    length = min(length, _MOST_DIRECTORIES)
    if value + 4 * length > len(data):
        return []
    return list(struct.unpack_from(f"{order}{length}I", data, value))
