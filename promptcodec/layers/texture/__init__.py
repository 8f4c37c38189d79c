"""The texture layer: a small picture of the whole, in a few dozen bytes.

A payload is the id of its coder and what that coder wrote; the coders are in ``coders``, each a package
beside it. See docs/format.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from promptcodec.errors import BudgetError
from promptcodec.layers.texture.coders import (
    DCT,
    LEARNED,
    SAMPLES,
    Coefficients,
    Colour,
    Drawing,
    coder,
    coder_name,
    take,
)
from promptcodec.settings import EFFORT

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "MINIMUM_BYTES",
    "SAMPLES",
    "Coefficients",
    "Colour",
    "Drawing",
    "check",
    "coder_name",
    "coefficients",
    "decode",
    "draw",
    "encode",
    "samples",
    "take",
]

MINIMUM_BYTES = 7
"""The fewest bytes that any picture fits into, that of the coder counted."""

DCT_BYTES = 160
"""From so many bytes on the DCT is tried only for a picture that is easy."""

EASY = 100.0
"""Mean squared error that the learned coder leaves of an easy picture at most, in pixel levels.

It has few colours, frequencies or pixels. Then the DCT may show all of it, in a few bytes.
"""


def encode(image: Image.Image, budget: int, *, stored: bool = False, effort: int = EFFORT) -> bytes:
    """Code as much of the image as fits, by the coder that is nearer to it.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes, at least MINIMUM_BYTES.
        stored: ``budget`` is for the part of a stream, in which the DCT has no coder's byte: its payload may
            have one byte more, and so MINIMUM_BYTES is one less.
        effort: how long to search for what fits best, 1..9: see docs/measurements/speed.md.

    Returns:
        At most ``budget`` bytes; fewer where the image is that simple.

    Raises:
        BudgetError: the budget is below MINIMUM_BYTES.
    """
    from promptcodec.layers.texture import choice  # noqa: PLC0415 - a decoder never needs it

    least = MINIMUM_BYTES - stored
    if budget < least:
        raise BudgetError(f"a texture layer needs at least {least} bytes, not {budget}")
    small, payloads = choice.reduced(image), []
    with suppress(BudgetError):
        payloads.append(bytes([LEARNED]) + coder(LEARNED).encode(image, budget - 1, effort=effort))
        if budget >= DCT_BYTES and choice.apart(small, payloads[0]) > EASY:
            return payloads[0]
    payloads.append(bytes([DCT]) + coder(DCT).encode(image, budget - 1 + stored, effort=effort))
    return choice.nearest(small, payloads)


def decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Draw a payload.

    Args:
        data: one whole payload, untrusted.
        size: width and height wanted, in pixels.

    Returns:
        RGB of exactly ``size``.

    Raises:
        BitstreamError: the payload is damaged.
        NewerError: its coder is not known.
    """
    return draw(data, size).picture


def draw(data: bytes, size: tuple[int, int]) -> Drawing:
    """Draw a payload, and give what is known of the picture's frequencies; as ``decode``."""
    own, rest = take(data)
    return own.draw(rest, size)


def coefficients(data: bytes) -> Coefficients:
    """Read a payload without drawing it; raises as ``decode``."""
    own, rest = take(data)
    return own.coefficients(rest)


def check(data: bytes) -> None:
    """Read a payload for nothing but its errors, which are those of ``decode``."""
    own, rest = take(data)
    own.check(rest)


def samples(data: bytes, rows: int, cols: int) -> Sequence[Sequence[Colour]]:
    """Draw a payload at SAMPLES places a cell down and across, the same on every machine.

    Args:
        data: one whole payload, untrusted.
        rows: of the grid, 1..8.
        cols: of the grid, 1..8.

    Returns:
        ``rows * SAMPLES`` lines of ``cols * SAMPLES`` sRGB colours.

    Raises:
        BitstreamError, NewerError: as ``decode``.
    """
    own, rest = take(data)
    return own.samples(rest, rows, cols)
