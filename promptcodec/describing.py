"""From an image to its description."""

from __future__ import annotations

from dataclasses import dataclass

from promptcodec import plugins, rate
from promptcodec.captioners import Captioner, ReadingCaptioner
from promptcodec.description import Description
from promptcodec.vision.load import ImageSource, load_picture


@dataclass(frozen=True, slots=True)
class Described:
    """A description, and what is known beside it.

    Attributes:
        description: what the image says.
        unread: the picture holds lettering that the captioner could not read; the extra ``ocr`` can.
    """

    description: Description
    unread: bool


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
    return describe_full(image, captioner, grid).description


def describe_full(image: ImageSource, captioner: str, grid: tuple[int, int] | None) -> Described:
    """Describe an image; arguments and errors as of ``describe``."""
    picture = load_picture(image).image
    rows, cols = grid or rate.grid(rate.DEFAULT_CELLS, picture.size)
    created: Captioner = plugins.create("captioners", captioner)
    description = created.describe(picture, rows=rows, cols=cols)
    return Described(description, isinstance(created, ReadingCaptioner) and created.unread(picture))
