"""A picture of any mode as upright sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from promptcodec.vision import png
from promptcodec.vision.samples import BYTE, FLOATS, WORD, Samples, to_eight_bits

_ORIENTATION = 274
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = 5
"""Orientations from this one on exchange width and height."""

_CLEAR = {"RGBA", "LA", "PA", "RGBa", "La"}


def is_clear(image: Image.Image) -> bool:
    """Say whether some of a picture may be transparent."""
    return image.mode in _CLEAR or "transparency" in image.info


def orientation(image: Image.Image) -> int:
    """Give the orientation that is still to be applied, as EXIF says it; 1 where it cannot be read.

    What XMP says of it is a copy of that and not looked at, as in browsers.
    """
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        return 1  # its decoder turns it; what EXIF says beside is to be ignored (ISO/IEC 18181-2)
    tags = getattr(image, "tag_v2", None)
    if tags is not None:
        return _turn(tags.get(_ORIENTATION))  # not there once Pillow has turned it
    exif, text = image.info.get("exif"), image.info.get("Raw profile type exif")
    if isinstance(exif, bytes):
        return orientation_of(exif)
    return orientation_of(png.unfolded(text)) if isinstance(text, str) else 1


def orientation_of(exif: bytes) -> int:
    """Give the orientation that EXIF data names; 1 where it cannot be read, as viewers do."""
    tags = Image.Exif()
    try:
        tags.load(exif)
        return _turn(tags.get(_ORIENTATION))
    except Exception:  # noqa: BLE001 - whatever is in it
        return 1


def _turn(number: object) -> int:
    return number if isinstance(number, int) and number in _TURNS else 1


def to_srgb(image: Image.Image, turned: int, samples: Samples | None = None) -> Image.Image:
    """Convert to upright sRGB.

    Args:
        image: of any mode; a colour profile in its ``info`` is applied.
        turned: its orientation, as EXIF numbers it.
        samples: what samples of more than eight bits mean, where it is known.

    Returns:
        Mode RGB; what was transparent lies on white.
    """
    profile = image.info.get("icc_profile")
    if image.mode in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        image = Image.fromarray(to_eight_bits(np.asarray(image), samples or _guessed(image)))
    if is_clear(image):
        clear = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(clear, mask=clear)
    if profile and image.mode in {"RGB", "CMYK", "L", "P"}:
        image = _apply(image.convert("RGB") if image.mode == "P" else image, profile)
    if turned in _TURNS:
        image = image.transpose(_TURNS[turned])
    return image if image.mode == "RGB" else image.convert("RGB")


def _guessed(image: Image.Image) -> Samples:
    """Say what the samples of an image mean that no file explains."""
    if image.mode == "I":
        return Samples((BYTE, WORD))
    return Samples(FLOATS if image.mode == "F" else (WORD,))


def _apply(image: Image.Image, profile: bytes) -> Image.Image:
    """Apply an ICC profile; a broken one, or one for another mode, is ignored as viewers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted or image
