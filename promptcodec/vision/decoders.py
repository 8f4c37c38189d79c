"""Who decodes a picture file, and how large a one: Pillow, the plugins of the extras, libvips.

What a file asks for is known from its first bytes, before memory is taken. JPEG and JPEG 2000 files are
decoded smaller where less is wanted.
"""

from __future__ import annotations

import importlib
import io
import struct
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image, ImageFile, UnidentifiedImageError

from promptcodec.bitstream import MAX_PIXELS, MAX_SIDE
from promptcodec.errors import ImageError, MissingError, Notice
from promptcodec.vision import formats, jpeg, jpeg2000, jxl, png, raw, reduced, srgb, vips

# Drawing instructions: Pillow would hand them to a program (Ghostscript, Windows' GDI) to be run.
_PROGRAMS = {"EPS", "WMF"}
# Pixels that are read in 1 GB: JPEG files an eighth a side; what Pillow itself allows; and formats whose
# decoders hold a picture three and four times.
_MOST = dict.fromkeys(("WEBP", "AVIF", "HEIF", "JXL"), MAX_PIXELS) | dict.fromkeys(("JPEG", "MPO"), 1 << 30)
_MOST_USUAL = 178_956_970
# A JPEG file in several passes: bytes that are kept between them, and passes. Cameras and programs write at
# most about 15; each looks at the whole picture.
_MOST_KEPT, _MOST_SCANS = 700 << 20, 100
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
    """

    image: Image.Image
    size: tuple[int, int]
    turned: int = 1
    notices: tuple[Notice, ...] = ()


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
        _check_size(head.size, "JXL")  # its plugin decodes what it opens
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
        decoded = _decode(png.bare(data), most)
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
    with _opened(data) as image:
        size, kind = image.size, image.format or ""
        _check_size(size, kind)
        if _is_large(size, kind):
            return Decoded(*vips.shrunk(data, most, MAX_SIDE))
        if kind in {"JPEG", "MPO"}:
            _check_jpeg(data, size)
        drafted = _draft(image, data, most)
        several = _is_several(image)
        image.load()
        if not drafted:
            size = image.size  # an icon's is only known now
        notices = (Notice(_SEVERAL.get(kind, _ANIMATION)),) if several else ()
        turned = srgb.orientation(image)
        # Of texts of megabytes none stays beside the pixels.
        image.info = {key: image.info[key] for key in _KEPT if key in image.info}
        return Decoded(image, size, turned, notices)


def _opened(data: bytes) -> ImageFile.ImageFile:
    """Open a file as ``Image.open`` does, whatever its size."""
    tried: set[str] = set()
    wrong = ""
    for prepare in (Image.preinit, Image.init):
        prepare()
        for name in [name for name in Image.ID if name not in tried]:
            tried.add(name)
            factory, accept = Image.OPEN[name]
            if accept is not None and accept(data[:16]) is not True:
                continue
            if name in _PROGRAMS:
                raise ImageError(f"{name} is not a picture but instructions; save it as PNG first")
            try:
                image = factory(io.BytesIO(data), "")
            except (SyntaxError, IndexError, TypeError, struct.error) as error:
                if accept is not None:
                    wrong = f"the {name} picture is damaged, or of a kind that is not read: {error}"
                continue
            if 0 in image.size:
                raise ImageError("the picture has no pixels")
            return image
    if wrong:
        raise SyntaxError(wrong)
    raise UnidentifiedImageError(formats.other(data))


def _is_large(size: tuple[int, int], kind: str) -> bool:
    return size[0] * size[1] > _MOST.get(kind, _MOST_USUAL)


def _check_size(size: tuple[int, int], kind: str) -> None:
    """Refuse what nothing here reads in bounded memory."""
    known = kind in vips.FORMATS and size[0] * size[1] <= vips.MOST_PIXELS
    if not _is_large(size, kind) or (known and not vips.is_missing()):
        return
    way_out = f"pip install 'promptcodec[{vips.EXTRA}]' reads it, or " if known else ""
    raise ImageError(
        f"the {kind} picture of {size[0]}x{size[1]} is too large to be read in 1 GB of memory; "
        f"{way_out}scale it down first"
    )


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


def _draft(image: ImageFile.ImageFile, data: bytes, most: int) -> bool:
    """Have a file decoded at a half, a quarter or an eighth a side where that is still enough."""
    wanted = reduced.factor(image.size, most, MAX_SIDE)
    levels = jpeg2000.halvings(data) if image.format == "JPEG2000" else _HALVINGS
    halvings = min(_HALVINGS, levels, (wanted - 1).bit_length())
    if not halvings:
        return False
    if image.format == "JPEG2000":
        image.reduce = halvings  # type: ignore[method-assign, assignment] # the plugin's, not Pillow's method
        return True
    return image.draft("", reduced.divided(image.size, 1 << halvings)) is not None


def _is_several(image: Image.Image) -> bool:
    """Say whether a file has more than one picture that people see."""
    try:
        return image.format not in _NOT_FRAMES and bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001 - damaged behind the first picture
        return False
