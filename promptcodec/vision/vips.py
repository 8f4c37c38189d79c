"""Pictures larger than Pillow should read, by libvips: it makes them smaller while it reads them."""

from __future__ import annotations

import importlib.util
from typing import Any

from PIL import Image

from promptcodec.vision import reduced

EXTRA, MODULE = "large", "pyvips"
MOST_PIXELS = 1 << 32
FORMATS = frozenset({"JPEG", "MPO", "PNG", "TIFF", "WEBP"})
"""What it reads in less than the whole, by Pillow's names."""


def is_missing() -> bool:
    """Say whether the extra is not installed."""
    return importlib.util.find_spec(MODULE) is None


def shrunk(data: bytes, most: int, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """Read a picture reduced by a whole factor.

    Args:
        data: a file of one of FORMATS.
        most: pixels wanted at most.
        side: pixels of a side at most.

    Returns:
        RGB, as stored, in sRGB, transparency laid on white; and the file's width and height as stored.

    Raises:
        Exception: libvips', where the file is damaged.
    """
    import pyvips  # noqa: PLC0415 - an extra

    library: Any = pyvips
    head = library.Image.new_from_buffer(data, "")
    original = head.width, head.height
    width, height = reduced.divided(original, reduced.factor(original, most, side))
    image = library.Image.thumbnail_buffer(
        data,
        width,
        height=height,
        size="force",
        no_rotate=True,
        output_profile="srgb",
        option_string="[fail_on=error]",
    ).colourspace("srgb")
    if image.hasalpha():
        image = image.flatten(background=255)
    pixels = image.cast("uchar").write_to_memory()
    return Image.frombytes("RGB", (image.width, image.height), pixels), original
