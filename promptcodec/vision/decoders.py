"""Who decodes a picture file, and how large a one: Pillow, the plugins of the extras, libvips.

What a file asks for is known from its first bytes, before memory is taken. JPEG and JPEG 2000 files are
decoded smaller where less is wanted.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image, ImageFile

from promptcodec.bitstream import MAX_SIDE
from promptcodec.errors import ImageError, MissingError, Notice
from promptcodec.vision import clear, formats, jpeg, jpeg2000, jxl, png, raw, reduced, room, srgb, tiff, vips
from promptcodec.vision.opened import open_image
from promptcodec.vision.samples import PLAIN, Samples

# How often JPEG and JPEG 2000 decoders halve a picture.
_HALVINGS = 3
# Several pictures in one file where the first is all that people see: other views, layers, sizes.
_NOT_FRAMES = {"MPO", "PSD", "ICO", "ICNS", "CUR"}
_SEVERAL = {
    "TIFF": "the file has several pages; the first was taken",
    "HEIF": "the file has several pictures; the main one was taken",
}
_KEPT = ("icc_profile", "transparency")
_ANIMATION = "the picture is an animation; its first frame was taken"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded file.

    Attributes:
        image: of any mode, perhaps smaller than the file's.
        size: the file's width and height as stored.
        turned: the orientation that is still to be applied, as EXIF numbers it.
        notices: what the user should know.
        samples: what samples of more than eight bits mean, where the file says it.
    """

    image: Image.Image
    size: tuple[int, int]
    turned: int = 1
    notices: tuple[Notice, ...] = ()
    samples: Samples | None = None


def decode(data: bytes, most: int) -> Decoded:
    """Decode a picture file; one with many more than ``most`` pixels smaller, where its decoder can.

    Raises:
        ImageError: it is no picture, or too large.
        MissingError: it needs an extra that is not installed.
        UnidentifiedImageError: it is no picture; the message says what else, where that is known.
        Exception: whatever a decoder raises on a damaged file.
    """
    form = formats.with_extra(data)
    if form is None and data.startswith(png.SIGNATURE):
        return _decode_png(data, most)
    if form is None:
        crowded = data.startswith(jpeg.START) and jpeg.is_crowded(data)
        return _decode(jpeg.bare(data) if crowded else data, most)
    if formats.is_missing(form):
        raise MissingError(f"this is a {form.name} picture; {form.way_out}")
    if form.name == "RAW":
        return _decode_raw(data, most)
    module: Any = importlib.import_module(form.module)
    if form.name == "HEIC":
        module.register_heif_opener()  # the other registers itself
        return _decode(data, most)
    head = jxl.head(data)
    if head is not None:
        room.check_size(head.size, "JXL")  # its plugin decodes what it opens
    decoded = _decode(data, most)
    return replace(decoded, notices=(Notice(_ANIMATION),)) if head and head.is_animated else decoded


def _decode_png(data: bytes, most: int) -> Decoded:
    """Decode the pixels, whatever stands beside them."""
    decoded = None
    if not png.is_crowded(data):
        try:
            decoded = _decode(data, most)
        except ImageError:
            raise
        except Exception:  # noqa: BLE001, S110 - what stopped it may stand beside the pixels
            pass
    if decoded is None:
        decoded = replace(_decode(png.bare(data), most), turned=srgb.orientation_of(png.exif(data)))
        decoded.image.info["icc_profile"] = png.profile(data)
    return replace(decoded, notices=(Notice(_ANIMATION),)) if png.is_animated(data) else decoded


def _decode_raw(data: bytes, most: int) -> Decoded:
    """Decode the picture that a RAW file carries beside what the sensor saw."""
    carried, turned = raw.preview(data)
    if isinstance(carried, bytes):
        decoded = replace(_decode(carried, most), turned=turned)
    else:
        decoded = Decoded(carried, carried.size, turned)
    width, height = decoded.size
    text = f"of the RAW file the picture that it carries was taken, {width}x{height}"
    return replace(decoded, notices=(Notice(text),))


def _decode(data: bytes, most: int) -> Decoded:
    try:
        image = open_image(data)
    except SyntaxError:
        if data.startswith(tiff.HEADS):
            return _decode_odd_tiff(data)
        raise
    with image:
        return _decode_opened(image, data, most)


def _decode_opened(image: ImageFile.ImageFile, data: bytes, most: int) -> Decoded:
    size, kind = image.size, image.format or ""
    samples = PLAIN if image.mode == "I" else None
    if kind == "TIFF":
        samples = tiff.meaning(image)
        if samples is None:
            return _decode_odd_tiff(data)
        # Pillow would turn what XMP says, which in other formats is not looked at.
        image.info.pop("xmp", None)
    halvings = _halvings(image, data, most)
    if room.is_for_vips(image, data, halvings, plain=samples in (None, PLAIN)):
        turned = srgb.orientation_of(png.exif(data)) if kind == "PNG" else srgb.orientation(image)
        return Decoded(*vips.shrunk(data, most, MAX_SIDE), turned)
    drafted = _draft(image, halvings)
    several = _is_several(image)
    sixteen = kind == "PNG" and clear.is_of_sixteen_bits(image, data)
    image.load()
    if not drafted:
        size = image.size  # an icon's is only known now
    notices = (Notice(_SEVERAL.get(kind, _ANIMATION)),) if several else ()
    turned = srgb.orientation(image)
    # Of texts of megabytes none stays beside the pixels.
    image.info = {key: image.info[key] for key in _KEPT if key in image.info}
    return Decoded(clear.covered(image, data) if sixteen else image, size, turned, notices, samples)


def _decode_odd_tiff(data: bytes) -> Decoded:
    image, turned = tiff.decode(data)
    return Decoded(image, image.size, turned)


def _halvings(image: ImageFile.ImageFile, data: bytes, most: int) -> int:
    """Give how often JPEG and JPEG 2000 files are halved where that is still enough."""
    wanted = reduced.factor(image.size, most, MAX_SIDE)
    levels = jpeg2000.halvings(data) if image.format == "JPEG2000" else _HALVINGS
    return min(_HALVINGS, levels, (wanted - 1).bit_length())


def _draft(image: ImageFile.ImageFile, halvings: int) -> bool:
    """Have a file decoded at a half, a quarter or an eighth a side; say whether its decoder can."""
    if not halvings:
        return False
    if image.format == "JPEG2000":
        image.reduce = halvings  # type: ignore[method-assign, assignment] # the plugin's, not Pillow's method
        return True
    # The size that is asked for is one that the decoder may not fall below: of odd sides the smaller half.
    width, height = (max(1, side >> halvings) for side in image.size)
    return image.draft("", (width, height)) is not None


def _is_several(image: Image.Image) -> bool:
    """Say whether a file has more than one picture that people see."""
    try:
        return image.format not in _NOT_FRAMES and bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001 - damaged behind the first picture
        return False
