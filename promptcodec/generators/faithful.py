"""Hold a drawn picture to what the stream says: to the texture's coefficients, or to the cells' colours.

Source: projection onto the quantisation constraint set, A. Zakhor, "Iterative procedures for reduction of
blocking effects in transform image coding", 1992.
"""

from __future__ import annotations

import numpy as np

from promptcodec.description import Description, resolve
from promptcodec.generators.maps import sample
from promptcodec.layers.texture import Coefficients, transform
from promptcodec.vision.colour import Floats, cell_colours, to_srgb

# Rounds at most: pixels that reach black or white undo a little of each.
_COEFFICIENT_ROUNDS, _CELL_ROUNDS = 4, 16
# Levels of red, green and blue at which a cell has its colour.
CLOSE = 1.0
# Amplitudes that move by no more than this together, in 1/64 of a level, change no pixel that is seen.
_STILL = 4.0


def to_coefficients(picture: Floats, coefficients: Coefficients) -> Floats:
    """Move every coefficient that the stream codes to within half a quantisation step.

    Args:
        picture: ``(height, width, 3)`` sRGB, 0..255.
        coefficients: of the texture layer.

    Returns:
        The same shape, 0..255. What the stream leaves open stays as it was drawn.
    """
    coded = np.nonzero(np.isfinite(coefficients.margins))
    down, across = int(coded[1].max()) + 1, int(coded[2].max()) + 1
    known, margins = (each[:, :down, :across] for each in coefficients)
    low, high = known - margins, known + margins
    middle = np.float32(transform.MIDDLE)
    planes = picture.transpose(2, 0, 1) - middle
    for _ in range(_COEFFICIENT_ROUNDS):
        amplitudes = transform.lowest(planes, across, down)
        moved = np.clip(amplitudes, low, high) - amplitudes
        still = np.abs(moved).sum() <= _STILL
        if not still:
            for channel, change in enumerate(transform.channels(moved, (planes.shape[2], planes.shape[1]))):
                planes[channel] += change
        np.clip(planes, -middle, middle, out=planes)
        if still:
            break
    planes += middle
    return planes.transpose(1, 2, 0)


def to_cells(picture: Floats, description: Description) -> Floats:
    """Shift colours smoothly until the mean of every cell is the colour it is said to have.

    Args:
        picture: ``(height, width, 3)`` sRGB, 0..255.
        description: cells of two colours are held to the mean of both.

    Returns:
        The same shape, 0..255. Cells without a colour follow their neighbours.
    """
    picture = np.clip(picture, 0, 255)
    rows, cols = description.rows, description.cols
    height, width = picture.shape[:2]
    if height < rows or width < cols:
        return picture
    colours = [cell_colours(cell) for cell in resolve(description)]
    named = np.array([len(colour) > 0 for colour in colours]).reshape(rows, cols, 1)
    means = [to_srgb(each.mean(0)) if len(each) else np.zeros(3, np.float32) for each in colours]
    wanted = np.stack(means).reshape(rows, cols, 3)
    for _ in range(_CELL_ROUNDS):
        shown = cell_means(picture, rows, cols)
        apart = np.asarray((wanted - shown) * named, np.float32)
        if np.abs(apart).max() < CLOSE:
            break
        picture = np.clip(picture + sample(apart, (0, 0, 1, 1), (width, height)).transpose(1, 2, 0), 0, 255)
    return picture


def cell_means(picture: Floats, rows: int, cols: int) -> Floats:
    """Give the mean colour of every cell, ``(rows, cols, 3)``."""
    down, across = (
        _shares(count, side) for count, side in ((rows, picture.shape[0]), (cols, picture.shape[1]))
    )
    return np.asarray(np.einsum("ry,yxn,cx->rcn", down, picture, across, optimize=True), np.float32)


def _shares(count: int, side: int) -> Floats:
    """Give how much each pixel is worth in the mean of each cell, ``(count, side)``."""
    edges = np.arange(count + 1) / count * side
    at = np.arange(side)
    inside = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    return np.asarray(np.maximum(inside, 0) * count / side, np.float32)
