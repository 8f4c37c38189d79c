"""Coder 1 of the texture layer: a canvas of a few thousand pixels, by networks trained together.

Analysed to levels, whose chances an integer network expects from those before, and drawn by a synthesis that
looks a few pixels around; see docs/format.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptcodec.layers.texture.coders import Coefficients, Colour, Drawing
from promptcodec.layers.texture.learned.sampling import sampled
from promptcodec.layers.texture.learned.stream import read
from promptcodec.settings import EFFORT

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

NAME = "learned"


def encode(image: Image.Image, budget: int, *, effort: int = EFFORT) -> bytes:
    """Code as much of the image as fits; see ``texture.coders.TextureCoder``.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes.
        effort: how long to search, 1..9.
    """
    from promptcodec.layers.texture.learned import encoder  # noqa: PLC0415 - a decoder never needs it

    return encoder.encode(image, budget, effort=effort)


def check(data: bytes) -> None:
    """Read the levels."""
    read(data)


def canvas(data: bytes) -> npt.NDArray[np.float32]:
    """Draw ``(height, width, 3)`` pixel levels at the canvas' own size, not cut to 0..255."""
    import numpy as np  # noqa: PLC0415 - the levels alone need none

    from promptcodec.layers.texture.learned import synthesis  # noqa: PLC0415

    content = read(data)
    return synthesis.draw(np.asarray(content.levels), content.quality)


def coefficients(data: bytes) -> Coefficients:
    """Give the amplitudes of the canvas, up to its own frequencies.

    Margins are finite up to half a wave a place of the grid: a step of the first channel, shared by the
    canvas' pixels. More than nine in ten amplitudes of the picture itself were within that, from 30 to 600
    bytes. What is finer is left to generators: there the canvas is smoother than its picture.
    """
    return _coefficients(data, canvas(data))


def draw(data: bytes, size: tuple[int, int]) -> Drawing:
    """Give the coefficients, and the canvas resampled."""
    from PIL import Image  # noqa: PLC0415

    from promptcodec.layers.texture import transform  # noqa: PLC0415

    drawn = canvas(data)
    picture = transform.rounded(drawn.transpose(2, 0, 1))
    return Drawing(_coefficients(data, drawn), picture.resize(size, Image.Resampling.LANCZOS))


def samples(data: bytes, rows: int, cols: int) -> list[list[Colour]]:
    """Draw the levels coarsely."""
    return sampled(read(data), rows, cols)


def _coefficients(data: bytes, drawn: npt.NDArray[np.float32]) -> Coefficients:
    import numpy as np  # noqa: PLC0415

    from promptcodec.layers.texture import transform  # noqa: PLC0415
    from promptcodec.layers.texture.learned import synthesis  # noqa: PLC0415
    from promptcodec.layers.texture.learned.grids import CELL  # noqa: PLC0415

    height, width = drawn.shape[:2]
    amplitudes = transform.amplitudes(drawn, width, height)
    margins = np.full(amplitudes.shape, np.inf)
    step = synthesis.SCALE * synthesis.steps()[read(data).quality]
    margins[:, : height // CELL, : width // CELL] = transform.UNIT * step / np.sqrt(height * width)
    return Coefficients(amplitudes, margins)
