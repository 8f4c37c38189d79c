"""How many bytes a stream may have."""

from __future__ import annotations

import math

from promptcodec.errors import UsageError
from promptcodec.settings import QUALITY_BYTES

_MOST_BPP = 1e6


def limit(
    size: tuple[int, int], budget: int | None = None, bpp: float | None = None, quality: int | None = None
) -> int | None:
    """Give the most bytes allowed, the smallest of the limits given; None is no limit.

    Args:
        size: width and height of the picture.
        budget: bytes.
        bpp: bits per pixel.
        quality: one of the presets, 1..5.

    Raises:
        UsageError: one of them is not positive, or there is no such preset.
    """
    limits = []
    if budget is not None:
        limits.append(budget)
    if bpp is not None:
        if not (bpp > 0 and math.isfinite(bpp)):
            raise UsageError(f"{bpp} bits per pixel is not a positive number")
        # More than any picture has is no limit: a product that is no number any more is none either.
        limits.append(int(size[0] * size[1] * min(bpp, _MOST_BPP) / 8))
    if quality is not None:
        if not 1 <= quality <= len(QUALITY_BYTES):
            raise UsageError(f"there is no quality {quality}; it goes from 1 to {len(QUALITY_BYTES)}")
        limits.append(QUALITY_BYTES[quality - 1])
    if not limits:
        return None
    if min(limits) < 1:
        raise UsageError(f"a budget of {min(limits)} bytes cannot hold a stream")
    return min(limits)
