"""Coder 0 of the texture layer: the low frequencies of the whole picture.

Quantised with a price on every bit, coded with a model trained beforehand; see docs/format.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptcodec.layers.texture.coders import Coefficients, Colour, Drawing
from promptcodec.layers.texture.dct.content import dequantise
from promptcodec.layers.texture.dct.frequencies import region
from promptcodec.layers.texture.dct.model import STEP
from promptcodec.layers.texture.dct.sampling import sampled
from promptcodec.layers.texture.dct.stream import read
from promptcodec.settings import EFFORT

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

NAME = "dct"


def encode(image: Image.Image, budget: int, *, restored: bool = True, effort: int = EFFORT) -> bytes:
    """Code as much of the image as fits; see ``texture.coders.TextureCoder``.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes, at least 6.
        restored: let the decoder restore the picture where that brings it closer; False for comparisons.
        effort: how long to search, 1..9.
    """
    from promptcodec.layers.texture.dct import encoder  # noqa: PLC0415 - a decoder never needs it

    return encoder.encode(image, budget, restored=restored, effort=effort)


def check(data: bytes) -> None:
    """Read the levels."""
    read(data)


def coefficients(data: bytes) -> Coefficients:
    """Give the amplitudes: restored, where the part says so; margins are half a quantisation step.

    The bounds of a restored part are around its restored amplitudes: the encoder aims at those, and the
    picture's own are within half a step of them more often than of the coded ones. They are infinite where
    the part codes nothing.
    """
    import numpy as np  # noqa: PLC0415 - the levels alone need none

    from promptcodec.layers.texture.dct import restoration  # noqa: PLC0415

    content = read(data)
    planes: npt.NDArray[np.floating] = dequantise(content).astype(np.float64)
    if content.restored:
        planes = restoration.restore(planes, content.shape, content.step)
    margins = np.full(planes.shape, np.inf)
    for plane, radius in enumerate(content.radii):
        area = region(content.shape, radius)
        margins[plane, area.v, area.u] = STEP[content.step] / 2
        margins[plane, 0, 0] = STEP[content.step] / 2
    return Coefficients(planes.astype(np.float64), margins)


def draw(data: bytes, size: tuple[int, int]) -> Drawing:
    """Give the coefficients, and the picture they make."""
    from promptcodec.layers.texture import transform  # noqa: PLC0415

    known = coefficients(data)
    return Drawing(known, transform.synthesise(known.amplitudes, size))


def samples(data: bytes, rows: int, cols: int) -> list[list[Colour]]:
    """Draw the levels coarsely, not restored, their finer waves left out."""
    return sampled(read(data), rows, cols)
