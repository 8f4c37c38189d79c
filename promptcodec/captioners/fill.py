"""Say the colours of cells that say nothing: where no colour map stands beside the words."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from promptcodec.captioners.raster import measure_fills
from promptcodec.description import Description
from promptcodec.vision.colour import nearest_names


def fill_colours(description: Description, image: Image.Image) -> Description:
    """Give silent cells the colours measured there; cells that say something stay as they are.

    Args:
        description: of the picture.
        image: RGB.
    """
    if not any(cell.silent for cell in description.cells):
        return description
    fills = measure_fills(image, description.rows, description.cols)
    cells = tuple(
        replace(cell, colours=tuple(nearest_names(fill.colours)), arrangement=fill.arrangement)
        if cell.silent
        else cell
        for cell, fill in zip(description.cells, fills, strict=True)
    )
    return replace(description, cells=cells)
