"""Which decoder reads a picture file within a gigabyte of memory; none is asked for more.

What a decoder holds is told by the file's head: the pixels as Pillow keeps them, and what it unpacks at once.
"""

from __future__ import annotations

from typing import Any

from PIL import Image

from promptcodec.bitstream import MAX_PIXELS
from promptcodec.errors import ImageError
from promptcodec.vision import clear, jpeg, vips

# Pixels that are read in 1 GB: JPEG files an eighth a side; what Pillow itself allows; and formats whose
# decoders hold a picture three and four times.
_MOST = dict.fromkeys(("WEBP", "AVIF", "HEIF", "JXL"), MAX_PIXELS) | dict.fromkeys(("JPEG", "MPO"), 1 << 30)
_MOST_USUAL = 178_956_970
# Bytes that a decoder may hold; reducing and the colours take what is left of 1 GB.
_MOST_HELD = 800 << 20
# A JPEG file in several passes: bytes that are kept between them, and passes. Cameras and programs write at
# most about 15; each looks at the whole picture.
_MOST_KEPT, _MOST_SCANS = 700 << 20, 100
# Bytes of a pixel as Pillow keeps it, where they are not four.
_NARROW = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_ROWS_OF_STRIP, _TILE_WIDTH, _TILE_LENGTH, _BITS, _PLANES, _PACKED = 278, 322, 323, 258, 284, 259
_SUBSAMPLED = 6
_MOST_TILE = 8192
# Behind the header of a PNG file: bits of a sample, kind of colour, and at its end the interlacing.
_PNG_BITS, _PNG_COLOUR, _PNG_INTERLACED = 24, 25, 28
_CHANNELS = {0: 2, 2: 4, 3: 4, 4: 2, 6: 4}


def is_for_vips(image: Image.Image, data: bytes, halvings: int, *, plain: bool = True) -> bool:
    """Choose the decoder of a file: Pillow, or libvips for what Pillow would hold too much of.

    Args:
        image: the file as Pillow opened it, not decoded.
        data: the file.
        halvings: how often a JPEG 2000 file is halved while it is decoded.
        plain: libvips reads its samples as people see them.

    Raises:
        ImageError: nothing here reads it in bounded memory.
    """
    size, kind = image.size, image.format or ""
    if kind in {"JPEG", "MPO"}:
        _check_jpeg(data, size)
    held = _by_pillow(image, data, halvings)
    known = plain and kind in vips.FORMATS and size[0] * size[1] <= vips.MOST_PIXELS
    if known and not vips.is_missing():
        if not is_large(size, kind) and held + len(data) <= _MOST_HELD:
            return False
        if _by_vips(image, data) + len(data) <= _MOST_HELD:
            return True
    if is_large(size, kind) or held > _MOST_HELD:
        extra = known and vips.is_missing() and _by_vips(image, data) <= _MOST_HELD
        raise ImageError(_too_large(size, kind, extra=extra, way_out=_way_out(image, data)))
    return False


def is_large(size: tuple[int, int], kind: str) -> bool:
    """Say whether a picture of a format, named as Pillow does, has more pixels than Pillow should read."""
    return size[0] * size[1] > _MOST.get(kind, _MOST_USUAL)


def check_size(size: tuple[int, int], kind: str) -> None:
    """Refuse a file before it is opened, where opening decodes it."""
    if is_large(size, kind):
        raise ImageError(_too_large(size, kind))


def check_held(size: tuple[int, int], kind: str, held: int) -> None:
    """Refuse what a decoder would hold too many bytes of."""
    if held > _MOST_HELD:
        raise ImageError(_too_large(size, kind))


def _too_large(size: tuple[int, int], kind: str, *, extra: bool = False, way_out: str = "") -> str:
    return (
        f"the {kind} picture of {size[0]}x{size[1]} is too large to be read in 1 GB of memory; "
        + (f"pip install 'promptcodec[{vips.EXTRA}]' reads it, or " if extra else "")
        + (way_out or "scale it down first")
    )


def _way_out(image: Image.Image, data: bytes) -> str:
    if image.format == "PNG" and data[_PNG_INTERLACED]:
        return "save it without interlacing, or scale it down first"
    if image.format == "TIFF" and _piece(image) > _MOST_HELD // 4:
        return "save it in smaller strips or tiles, or scale it down first"
    return ""


def _by_pillow(image: Image.Image, data: bytes, halvings: int) -> int:
    """Give the bytes that Pillow holds while it decodes a file; JPEG files are decoded smaller."""
    pixels = image.width * image.height
    if image.format in {"JPEG", "MPO"}:
        return 0
    held = pixels * _NARROW.get(image.mode, 4)
    if image.format == "TIFF":
        return held + _piece(image)
    if image.format == "JPEG2000":  # 32 bits of each sample, where nothing is left out
        return (held + 4 * pixels * len(image.getbands())) >> 2 * halvings
    if image.format == "PNG" and clear.is_of_sixteen_bits(image, data):
        return 3 * held  # decoded twice, or beside the transparency
    return held


def _by_vips(image: Image.Image, data: bytes) -> int:
    """Give the bytes that libvips holds: what cannot be decoded row by row."""
    pixels = image.width * image.height
    if image.format == "PNG" and data[_PNG_INTERLACED]:
        return (
            pixels
            * (_CHANNELS.get(data[_PNG_COLOUR], 4) - ("transparency" not in image.info))
            * (2 if data[_PNG_BITS] > 8 else 1)
        )
    if image.format == "WEBP":
        return 4 * pixels if b"VP8L" in data else pixels
    if image.format == "TIFF":
        return _row_of_tiles(image)
    return 0


def _row_of_tiles(image: Image.Image) -> int:
    """Give the bytes of tiles side by side; more than any limit where libvips does not take so large ones."""
    tags: Any = image.tag_v2  # type: ignore[attr-defined] # the plugin's
    width, rows = tags.get(_TILE_WIDTH), tags.get(_TILE_LENGTH)
    if not width or not rows:
        return 0
    if max(width, rows) > _MOST_TILE:
        return _MOST_HELD + 1
    across: int = -(-image.width // width)
    return across * _piece(image)


def _piece(image: Image.Image) -> int:
    """Give the bytes of a strip or tile of a TIFF file, which libtiff unpacks whole."""
    tags: Any = image.tag_v2  # type: ignore[attr-defined] # the plugin's
    bits = tags.get(_BITS, (1,))
    samples = 1 if tags.get(_PLANES) == 2 else max(len(bits), tags.get(277, 1))
    if tags.get(262) == _SUBSAMPLED:
        samples, bits = 4, (8,)
    width, rows = tags.get(_TILE_WIDTH), tags.get(_TILE_LENGTH)
    if not width or not rows:
        if tags.get(_PACKED, 1) == 1:
            return 0
        width, rows = image.width, min(tags.get(_ROWS_OF_STRIP, image.height), max(image.size))
    held: int = width * rows * samples * max(bits) // 8
    return held


def _check_jpeg(data: bytes, size: tuple[int, int]) -> None:
    demand = jpeg.demand(data, _MOST_SCANS)
    if demand.scans > _MOST_SCANS:
        raise ImageError(
            f"the JPEG file has more than {_MOST_SCANS} passes over the picture; no camera writes so many"
        )
    if demand.kept > _MOST_KEPT:
        raise ImageError(
            f"the progressive JPEG of {size[0]}x{size[1]} takes {demand.kept >> 20} MB of memory to read; "
            "save it as a baseline JPEG, or smaller, first"
        )
