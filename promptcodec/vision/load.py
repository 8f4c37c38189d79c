"""Read a picture as people see it: upright, in sRGB, without transparency, first frame, in bounded memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from promptcodec.bitstream import MAX_PIXELS, MAX_SIDE
from promptcodec.errors import ImageError, Notice, PromptcodecError, UsageError
from promptcodec.files import read_file
from promptcodec.vision import clear, reduced, srgb
from promptcodec.vision.decoders import Decoded, decode

# What decoders raise on damaged files: anything.
BROKEN = (Exception,)

WORKING_PIXELS = 1 << 23
"""No layer but ``pixels`` gains by more, and lettering of a page can still be read; larger pictures are read
reduced by a whole factor to at most these, those of cameras with about 12 million pixels to a quarter."""

ImageSource = Image.Image | str | Path | bytes | bytearray | memoryview | BinaryIO | npt.NDArray[np.uint8]
"""What the library takes for an image."""

_TAKEN = (
    "an image is a Pillow image, a path, the bytes of an image file, a binary file object, or a numpy array "
    "of uint8 with height x width x 3, height x width x 4 or height x width"
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was read.

    Attributes:
        image: mode RGB, upright, sRGB.
        size: width and height that a stream of it names, in pixels; ``image`` may be smaller.
        original: width and height of the file, upright; more than ``size`` where a stream holds no more.
        notices: what the user should know.
    """

    image: Image.Image
    size: tuple[int, int]
    original: tuple[int, int]
    notices: tuple[Notice, ...] = ()


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
        Mode RGB; reduced by a whole factor where it has more than MAX_PIXELS pixels or MAX_SIDE a side.

    Raises:
        ImageError: it cannot be read, or is too large for that.
        MissingError: reading its format needs an extra that is not installed.
        TypeError, UsageError: as ``read_source``.
    """
    return load_picture(source, MAX_PIXELS).image


def load_picture(source: ImageSource, most: int = WORKING_PIXELS) -> Picture:
    """Read a picture as ``load_image`` does, with what is known of it.

    Args:
        source: as ``ImageSource`` says.
        most: pixels wanted at most; more are reduced by a whole factor.

    Raises:
        ImageError, MissingError, TypeError, UsageError: as ``load_image``.
    """
    given = read_source(source)
    with _clear_errors():
        if isinstance(given, Image.Image):
            given = clear.grey_covered(given)
            decoded = Decoded(given, given.size, srgb.orientation(given))
        elif not given:
            raise ImageError("the file is empty")
        else:
            decoded = decode(given, most)
        if 0 in decoded.size:
            raise ImageError("the picture has no pixels")
        return _picture(decoded, most)


def _picture(decoded: Decoded, most: int) -> Picture:
    small = reduced.reduce(decoded.image, reduced.factor(decoded.image.size, most, MAX_SIDE))
    image = srgb.to_srgb(small, decoded.turned, decoded.samples)
    original = decoded.size[::-1] if decoded.turned >= srgb.SIDEWAYS else decoded.size
    times = reduced.factor(original, MAX_PIXELS, MAX_SIDE)
    if times == 1:
        return Picture(image, original, original, decoded.notices)
    size = reduced.divided(original, times)
    text = (
        f"the picture of {original[0]}x{original[1]} was reduced to {size[0]}x{size[1]}: "
        f"a stream holds at most {MAX_PIXELS} pixels, {MAX_SIDE} a side"
    )
    return Picture(image, size, original, (*decoded.notices, Notice(text)))


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn whatever goes wrong while a file is decoded into an ImageError; keep decoders' warnings quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PromptcodecError:
        raise
    except UnidentifiedImageError as error:
        what = str(error)
        raise ImageError(
            f"this is {what}" if what else "this is not an image in a format that can be read here"
        ) from None
    except Image.DecompressionBombError:
        raise ImageError(
            "the picture is too large to be read in 1 GB of memory; scale it down first"
        ) from None
    except MemoryError:
        raise ImageError("the picture does not fit into memory") from None
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise ImageError(f"the file cannot be read: {error.strerror}") from None
        raise ImageError(f"the picture is damaged: {error}") from error
