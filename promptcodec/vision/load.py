"""Read a picture as people see it: upright, in sRGB, without transparency, first frame."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from promptcodec.bitstream import MAX_PIXELS
from promptcodec.errors import ImageError

_BROKEN = (OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, EOFError, struct.error)


def load_image(source: Image.Image | bytes | str | Path) -> Image.Image:
    """Read a picture as upright sRGB.

    Transparency is laid on white, 16-bit and float samples are brought to 0..255, animation gives
    its first frame, an ICC profile is applied.

    Args:
        source: a Pillow image, the bytes of an image file, or a path.

    Returns:
        Mode RGB, at most 2**26 pixels.

    Raises:
        ImageError: it cannot be read, or is larger than that.
    """
    if isinstance(source, Image.Image):
        return _to_rgb(_check_size(source))
    if source == b"":
        raise ImageError("the file is empty")
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as image:
                _check_size(image)
                image.load()
                return _to_rgb(image)
    except UnidentifiedImageError:
        raise ImageError("this is not an image in a format that can be read here") from None
    except FileNotFoundError:
        raise ImageError("there is no such file") from None
    except Image.DecompressionBombError as error:
        raise ImageError(f"the picture is too large: {error}") from None
    except MemoryError:
        raise ImageError("the picture does not fit into memory") from None
    except _BROKEN as error:
        raise ImageError(f"the picture is damaged: {error}") from error


def _check_size(image: Image.Image) -> Image.Image:
    width, height = image.size
    if not 0 < width * height <= MAX_PIXELS:
        raise ImageError(
            f"a picture of {width}x{height} is outside 1..{MAX_PIXELS} pixels; scale it down first"
        )
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        image = _to_eight_bits(image)
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image).convert("RGB")
    if profile and image.mode in {"RGB", "CMYK", "L"}:
        image = _to_srgb(image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Bring samples to 0..255: integers from 16 bits, floats from 1, 255 or 65535, whichever holds them."""
    samples = np.nan_to_num(np.asarray(image, np.float64), posinf=0, neginf=0)
    ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    white = next((top for top in ranges if samples.max() <= top), samples.max())
    return Image.fromarray(np.round(np.clip(samples / white, 0, 1) * 255).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Apply an ICC profile; a broken one, or one for another mode, is ignored as viewers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted or image
