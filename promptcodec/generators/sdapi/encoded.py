"""Pictures as base64, both ways."""

from __future__ import annotations

import base64
import binascii

from PIL import Image

from promptcodec.errors import ImageError
from promptcodec.generators.servers.pictures import opened, png


def coded(picture: Image.Image, *, data_url: bool = False) -> str:
    """Write a picture as PNG (see ``png``) in base64, as a data URL where wanted."""
    text = base64.b64encode(png(picture)).decode()
    return f"data:image/png;base64,{text}" if data_url else text


def decoded(text: str) -> Image.Image:
    """Read a picture of base64, with a data URL's head or without; mode RGB.

    Raises:
        ImageError: it is damaged, or no picture.
    """
    _, _, tail = text.rpartition(",")
    try:
        data = base64.b64decode("".join(tail.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ImageError("its base64 is damaged") from None
    return opened(data)
