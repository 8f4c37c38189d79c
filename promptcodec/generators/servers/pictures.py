"""Pictures on their way to a server and from it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from promptcodec.generators import Conditions
from promptcodec.recipe import keep
from promptcodec.vision.load import load_image

_DARK = 8
"""The brightest level of a texture layer whose picture may be black."""


def png(picture: Image.Image) -> bytes:
    """Write a picture as PNG.

    Args:
        picture: mode RGB or L, which goes as RGB: servers that read arrays make 1 of the white of one bit.
            Modes 1 and P stay as they are.
    """
    file = io.BytesIO()
    (picture if picture.mode in {"1", "P"} else picture.convert("RGB")).save(file, "PNG", compress_level=6)
    return file.getvalue()


def opened(file: bytes) -> Image.Image:
    """Read a picture that was drawn, RGB; it keeps its file's recipe.

    Raises:
        ImageError: it is no picture.
    """
    return keep(load_image(file), file)


def is_failed(picture: Image.Image, conditions: Conditions) -> bool:
    """Say whether a picture is black and was not to be: what is not a number is drawn so."""
    if any(high for _, high in picture.getextrema()):  # type: ignore[misc]
        return False
    return conditions.texture is None or int(np.asarray(conditions.texture).max()) >= _DARK


def fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale a picture that was drawn to the size that is wanted."""
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def sized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale a picture that is drawn from to the size that is drawn at; mode RGB."""
    return picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)
