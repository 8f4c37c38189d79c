"""From an image to its description."""

from __future__ import annotations

from promptcodec import plugins, rate
from promptcodec.captioners import Captioner
from promptcodec.description import Description
from promptcodec.vision.load import ImageSource, load_image


def describe(
    image: ImageSource, *, captioner: str = "local", grid: tuple[int, int] | None = None
) -> Description:
    """Describe an image in words, cell by cell in raster order.

    Args:
        image: as for ``encode``.
        captioner: ``NAME[:URL or variant]`` of an installed captioner.
        grid: rows and columns, 1..8 each; about 24 nearly square cells by default.

    Raises:
        ImageError, TypeError: the image cannot be read.
        CaptionerError: no usable description came back.
        DescriptionError: the grid is outside 1..8.
        UsageError: there is no such captioner.
    """
    picture = load_image(image)
    rows, cols = grid or rate.grid(rate.DEFAULT_CELLS, picture.size)
    created: Captioner = plugins.create("captioners", captioner)
    return created.describe(picture, rows=rows, cols=cols)
