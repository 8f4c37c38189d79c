"""TIFF files of samples that Pillow does not read, or reads as if they meant something else.

Source: TIFF 6.0, section 8 (PhotometricInterpretation), section 19 (SampleFormat).
"""

from __future__ import annotations

import io
import logging
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from promptcodec.errors import ImageError
from promptcodec.vision import room
from promptcodec.vision.samples import FLOATS, PLAIN, Samples, to_eight_bits

HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How its files begin."""

_BITS, _PHOTOMETRIC, _FORMAT, _ORIENTATION = 258, 262, 339, 274
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _COLOURS = 0, 1, 2
_SIGNED = 2
_INK = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _COLOURS: 3}
# Of the kinds of extra samples, those that say how much is covered.
_COVERED = {1: ("La", "RGBa"), 2: ("LA", "RGBA")}
# Pillow's names of orders of bytes.
_NATIVE = {
    name: f"{name[:4]}N{name[-1]}" for name in ("F;32BF", "I;16BS", "I;32BS", "F;32F", "I;16S", "I;32S")
}
# What it says of damaged files is for whoever asks for it, not for the console.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def meaning(image: ImageFile.ImageFile) -> Samples | None:
    """Say what the samples of an opened file mean, and have Pillow give them as they are stored.

    Returns:
        None where Pillow would give other samples than the file has.
    """
    tags: Any = image.tag_v2  # type: ignore[attr-defined] # the plugin's
    bits, signed = max(tags.get(_BITS, (1,))), _SIGNED in tags.get(_FORMAT, (1,))
    if (signed and bits <= 8) or (image.mode == "I" and not signed):
        return None
    # libtiff gives them in the machine's order of bytes; Pillow would take them for the file's.
    image.tile = [
        tile._replace(args=(_NATIVE.get(tile.args[0], tile.args[0]), *tile.args[1:]))
        if tile.codec_name == "libtiff" and isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]
    if image.mode not in {"I", "F", "I;16", "I;16B"}:
        return PLAIN  # Pillow brings them to eight bits itself
    ends = FLOATS if image.mode == "F" else (_highest(bits, signed=signed),)
    return Samples(ends, inverted=tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)


def decode(data: bytes) -> tuple[Image.Image, int]:
    """Decode the first page.

    Returns:
        Grey or RGB of eight bits, perhaps with transparency, as stored; and its orientation as EXIF numbers
        it.

    Raises:
        ImageError: it is of a kind that is not read.
        Exception: where it is damaged.
    """
    import tifffile  # noqa: PLC0415 - few files need it

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page: Any = file.pages[0]
        ink = _INK.get(int(page.photometric))
        if page.dtype is None or ink is None or page.imagedepth != 1 or page.samplesperpixel < ink:
            raise ImageError(_unread(page))
        size = page.imagewidth, page.imagelength
        room.check_held(size, "TIFF", 2 * page.nbytes)  # strips beside the whole
        try:
            planes, _, height, width, inks = page.shaped
            values = page.asarray(squeeze=False).reshape(planes, height, width, inks)
        except (ValueError, NotImplementedError) as error:
            raise ImageError(_unread(page)) from error
        tag = page.tags.get(_ORIENTATION)
        return _image(
            page, values[0] if inks > 1 else np.moveaxis(values[..., 0], 0, -1), ink
        ), tag.value if tag else 1


def _image(page: Any, values: np.ndarray[Any, Any], ink: int) -> Image.Image:
    floats = page.dtype.kind == "f"
    ends = FLOATS if floats else (_highest(page.bitspersample, signed=page.dtype.kind == "i"),)
    inverted = int(page.photometric) == _WHITE_IS_ZERO
    picture = to_eight_bits(values[..., :ink], Samples(ends, inverted))
    extra = [int(kind) for kind in page.extrasamples]
    if extra and extra[0] in _COVERED:
        alpha = to_eight_bits(values[..., ink : ink + 1], Samples((1.0,) if floats else ends))
        bands = np.moveaxis(np.dstack([picture, alpha]), -1, 0)
        return Image.merge(_COVERED[extra[0]][ink == 3], [Image.fromarray(band) for band in bands])
    return Image.fromarray(picture[..., 0] if ink == 1 else picture)


def _highest(bits: int, *, signed: bool) -> float:
    return float(2 ** (bits - signed) - 1)


def _unread(page: Any) -> str:
    form = {"f": "float", "i": "signed", "u": "unsigned"}.get(
        page.dtype.kind if page.dtype else "", "unknown"
    )
    packed = getattr(page.compression, "name", page.compression)
    return (
        f"TIFF pictures of {page.bitspersample}-bit {form} samples, packed with {packed}, are not read; "
        "save it as PNG, or as TIFF with 8 or 16 bits a sample"
    )
