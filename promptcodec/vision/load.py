"""Read a picture as people see it: upright, in sRGB, without transparency, first frame."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from promptcodec.bitstream import MAX_PIXELS, MAX_SIDE
from promptcodec.errors import ImageError, UsageError
from promptcodec.files import read_file

# All that Pillow is known to raise on damaged files.
BROKEN = (OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, EOFError, struct.error)
# Drawing instructions: Pillow would hand them to a program (Ghostscript, Windows' GDI) to be run.
_PROGRAMS = {"EPS", "WMF"}


ImageSource = Image.Image | str | Path | bytes | bytearray | memoryview | BinaryIO | npt.NDArray[np.uint8]
"""What the library takes for an image."""

_TAKEN = (
    "an image is a Pillow image, a path, the bytes of an image file, a binary file object, or a numpy array "
    "of uint8 with height x width x 3, height x width x 4 or height x width"
)


def read_source(source: ImageSource) -> Image.Image | bytes:
    """Give a Pillow image, or the bytes of an image file: those may carry a recipe.

    Raises:
        TypeError: it is none of what ``ImageSource`` names.
        UsageError: the file cannot be read.
    """
    if isinstance(source, (Image.Image, bytes)):
        return source
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, (str, Path)):
        try:
            return read_file(source)
        except UsageError as error:
            raise UsageError(f"{source!s} {error}") from None
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if not callable(getattr(source, "read", None)):
        raise TypeError(f"{_TAKEN}; this is a {type(source).__name__}")
    data = source.read()
    if not isinstance(data, bytes):
        raise TypeError(f"{_TAKEN}; this file is open as text")
    return data


def _from_array(array: npt.NDArray[np.uint8]) -> Image.Image:
    if array.dtype != np.uint8 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        shape = "x".join(map(str, array.shape))
        raise TypeError(f"{_TAKEN}; this array is of {array.dtype}, {shape}")
    if not array.size:
        raise ImageError("the picture has no pixels")
    return Image.fromarray(array)


def load_image(source: ImageSource) -> Image.Image:
    """Read a picture as upright sRGB.

    Transparency is laid on white, 16-bit and float samples are brought to 0..255, animation gives
    its first frame, an ICC profile is applied.

    Args:
        source: as ``ImageSource`` says.

    Returns:
        Mode RGB, at most MAX_PIXELS pixels and MAX_SIDE a side.

    Raises:
        ImageError: it cannot be read, or is larger than that.
        TypeError, UsageError: as ``read_source``.
    """
    given = read_source(source)
    with _clear_errors():
        if isinstance(given, Image.Image):
            return _to_rgb(_check_size(given))
        if not given:
            raise ImageError("the file is empty")
        with Image.open(io.BytesIO(given)) as image:
            _check_size(image)
            if image.format in _PROGRAMS:
                raise ImageError(f"{image.format} is not a picture but instructions; save it as PNG first")
            image.load()
            return _to_rgb(_check_size(image))  # an icon's size is only known now


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn whatever goes wrong while Pillow reads a file into an ImageError; keep its warnings quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnidentifiedImageError:
        raise ImageError("this is not an image in a format that can be read here") from None
    except Image.DecompressionBombError as error:
        raise ImageError(f"the picture is too large: {error}") from None
    except MemoryError:
        raise ImageError("the picture does not fit into memory") from None
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise ImageError(f"the file cannot be read: {error.strerror}") from None
        raise ImageError(f"the picture is damaged: {error}") from error


def _check_size(image: Image.Image) -> Image.Image:
    width, height = image.size
    if not (0 < width * height <= MAX_PIXELS and max(width, height) <= MAX_SIDE):
        raise ImageError(
            f"a picture of {width}x{height} is outside 1..{MAX_PIXELS} pixels, {MAX_SIDE} a side; "
            "scale it down first"
        )
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    image = _upright(image)
    if image.mode in {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}:
        image = _to_eight_bits(image)
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.new("RGB", image.size, "white")
        image.paste(clear, mask=clear)
    if profile and image.mode in {"RGB", "CMYK", "L", "P"}:
        image = _to_srgb(image.convert("RGB") if image.mode == "P" else image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF asks; EXIF that cannot be read is ignored as viewers do."""
    try:
        return ImageOps.exif_transpose(image)
    except BROKEN:
        image.load()  # damaged pixels raise here again
        return image


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Bring samples to 0..255: integers from 16 bits, floats from 1, 255 or 65535, whichever holds them."""
    samples = np.array(image, np.float32)
    np.nan_to_num(samples, copy=False, posinf=0, neginf=0)
    ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    highest = float(samples.max())
    samples *= 255 / next((top for top in ranges if highest <= top), highest)
    return Image.fromarray(np.rint(np.clip(samples, 0, 255, out=samples), out=samples).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Apply an ICC profile; a broken one, or one for another mode, is ignored as viewers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image
    return converted or image
