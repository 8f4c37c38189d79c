"""A picture reduced once, for networks and for all measures that need no finer one."""

from __future__ import annotations

from PIL import Image

LONGEST = 384
"""Pixels of the longer side that networks and most measures are content with."""

STEP = 32
"""Sides of what networks see are multiples of so many pixels."""

LEAST_SIDE = 64


def shrunk(image: Image.Image, least: int = LONGEST) -> Image.Image:
    """Reduce a picture by box means of whole pixels, many times as quickly as ``resize``.

    Args:
        image: RGB or L, any size from 1x1.
        least: pixels that its longer side keeps.

    Returns:
        The longer side has ``least`` pixels to less than twice as many; a picture with fewer is itself, and
        so is one that was reduced already.
    """
    times = max(image.size) // least
    return image.reduce(times) if times > 1 else image


def framed(
    image: Image.Image,
    longest: int = LONGEST,
    resample: Image.Resampling = Image.Resampling.BICUBIC,
) -> Image.Image:
    """Give a picture as networks see it, in its own shape.

    Args:
        image: RGB, any size from 1x1; ``shrunk`` or not, it gives the same.
        longest: pixels of the longer side, at most LONGEST.
        resample: how it gets there.

    Returns:
        Its sides are multiples of STEP, at least LEAST_SIDE.
    """
    small = shrunk(image)
    scale = longest / max(small.size)
    width, height = (max(LEAST_SIDE, round(side * scale / STEP) * STEP) for side in small.size)
    return small.resize((width, height), resample)
