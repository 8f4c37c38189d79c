"""A picture of any mode as upright sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

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
    """Give the orientation that is still to be applied, as EXIF numbers it; 1 where it cannot be read."""
    if image.format == "JXL" and not getattr(image, "jpeg", False):
        return 1  # its decoder turns it; what EXIF says beside is to be ignored (ISO/IEC 18181-2)
    try:
        number = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - EXIF that cannot be read is ignored, as viewers do
        return 1
    return number if number in _TURNS else 1


def to_srgb(image: Image.Image, turned: int) -> Image.Image:
    """Convert to upright sRGB.

    Args:
        image: of any mode; a colour profile in its ``info`` is applied.
        turned: its orientation, as EXIF numbers it.

    Returns:
        Mode RGB; what was transparent lies on white.
    """
    profile = image.info.get("icc_profile")
    if image.mode in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        image = _to_eight_bits(image)
    if is_clear(image):
        clear = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(clear, mask=clear)
    if profile and image.mode in {"RGB", "CMYK", "L", "P"}:
        image = _apply(image.convert("RGB") if image.mode == "P" else image, profile)
    if turned in _TURNS:
        image = image.transpose(_TURNS[turned])
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Bring samples to 0..255: integers from 16 bits, floats from 1, 255 or 65535, whichever holds them."""
    samples = np.array(image, np.float32)
    np.nan_to_num(samples, copy=False, posinf=0, neginf=0)
    ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    highest = float(samples.max())
    samples *= 255 / next((top for top in ranges if highest <= top), highest)
    return Image.fromarray(np.rint(np.clip(samples, 0, 255, out=samples), out=samples).astype(np.uint8))


def _apply(image: Image.Image, profile: bytes) -> Image.Image:
    """Apply an ICC profile; a broken one, or one for another mode, is ignored as viewers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted or image
