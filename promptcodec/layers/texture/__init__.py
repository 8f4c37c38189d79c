"""The texture layer: the low frequencies of the whole picture, in a few dozen bytes.

Quantised with a price on every bit, coded with a model trained beforehand; see docs/format.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptcodec.layers.texture.content import dequantise
from promptcodec.layers.texture.frequencies import region
from promptcodec.layers.texture.model import STEP
from promptcodec.layers.texture.stream import read
from promptcodec.settings import EFFORT

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    from promptcodec.layers.texture.dct import Floats

MINIMUM_BYTES = 6


def encode(image: Image.Image, budget: int, *, restored: bool = True, effort: int = EFFORT) -> bytes:
    """Code as much of the image as fits.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes, at least MINIMUM_BYTES.
        restored: let the decoder restore the picture where that brings it closer; False for comparisons.
        effort: how long to search for what fits best, 1..9: see docs/measurements/speed.md.

    Returns:
        At most ``budget`` bytes; fewer where the image is that simple.

    Raises:
        BudgetError: the budget is below MINIMUM_BYTES.
    """
    from promptcodec.layers.texture import encoder  # noqa: PLC0415 - a decoder never needs it

    return encoder.encode(image, budget, restored=restored, effort=effort)


class Coefficients(NamedTuple):
    """What is known of the picture's frequencies.

    Attributes:
        amplitudes: ``(PLANES, down, across)`` in 1/UNIT of a pixel level: restored, where the part says so.
        margins: how far a picture's may be from these, of the same form: half a quantisation step; infinite
            where the part codes nothing.
    """

    amplitudes: Floats
    margins: Floats


def decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Draw a part.

    Args:
        data: one whole part.
        size: width and height wanted, in pixels.

    Returns:
        RGB of exactly ``size``.

    Raises:
        BitstreamError: the part is damaged.
    """
    return draw(coefficients(data), size)


def coefficients(data: bytes) -> Coefficients:
    """Read a part without drawing it.

    The bounds of a restored part are around its restored amplitudes: the encoder aims at those, and the
    picture's own are within half a step of them more often than of the coded ones.

    Raises:
        BitstreamError: the part is damaged.
    """
    import numpy as np  # noqa: PLC0415 - the levels alone need none

    from promptcodec.layers.texture import restoration  # noqa: PLC0415

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


def draw(coefficients: Coefficients, size: tuple[int, int]) -> Image.Image:
    """Draw coefficients as RGB of ``size``."""
    from promptcodec.layers.texture import dct  # noqa: PLC0415

    return dct.synthesise(coefficients.amplitudes, size)
