"""What is painted into the picture of a texture layer: colours, what lies around, what lay elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from promptcodec.description import ResolvedCell
from promptcodec.edit.region import Flags, Floats, Region
from promptcodec.vision.colour import cell_colours, to_oklab, to_srgb

# Enough for a hole as wide as half the finest picture.
_SPREADS = 400
# Of the second colour where two are mixed.
_MIXED = 0.4


def tint(picture: Floats, where: Floats, colours: Floats) -> Floats:
    """Give a region colours; its light and shade stay around their lightness.

    Args:
        picture: ``(rows, cols, 3)`` sRGB.
        where: ``(rows, cols)`` shares.
        colours: ``(rows, cols, 3)`` or ``(3,)`` Oklab.
    """
    lab = to_oklab(picture)
    mean = float((lab[..., 0] * where).sum() / max(float(where.sum()), 1e-6))
    painted = np.broadcast_to(colours, lab.shape).copy()
    painted[..., 0] = np.clip(painted[..., 0] + lab[..., 0] - mean, 0, 1)
    return to_srgb(painted)


def shift(picture: Floats, by: Floats) -> Floats:
    """Add ``(rows, cols, 3)`` Oklab to a picture."""
    lab = to_oklab(picture) + by
    lab[..., 0] = np.clip(lab[..., 0], 0, 1)
    return to_srgb(lab)


def field(cells: Sequence[ResolvedCell], chosen: Flags, shape: tuple[int, ...]) -> Floats:
    """Lay the colours of the chosen cells out as their arrangement says, ``(rows, cols, 3)`` Oklab.

    Args:
        cells: what each stands for, in raster order; those chosen name colours.
        chosen: ``(grid rows, grid cols)``.
        shape: rows and columns wanted.
    """
    laid = np.zeros((shape[0], shape[1], 3), np.float32)
    down = (np.arange(shape[0]) + 0.5) / shape[0] * chosen.shape[0]
    right = (np.arange(shape[1]) + 0.5) / shape[1] * chosen.shape[1]
    for row, col in zip(*np.nonzero(chosen), strict=True):
        cell = cells[row * chosen.shape[1] + col]
        first, last = cell_colours(cell)[[0, -1]]
        rows, cols = np.floor(down) == row, np.floor(right) == col
        second = np.zeros((int(rows.sum()), int(cols.sum()), 1), np.float32)
        if cell.arrangement == "over":
            second[:] = (down[rows] - row >= 0.5)[:, None, None]
        elif cell.arrangement == "beside":
            second[:] = (right[cols] - col >= 0.5)[None, :, None]
        elif cell.arrangement == "with":
            second[:] = _MIXED
        laid[np.ix_(rows, cols)] = first + second * (last - first)
    return laid


def fill(picture: Floats, hole: Flags) -> Floats:
    """Fill a hole smoothly from its edge: every place the mean of its neighbours."""
    if hole.all():
        return picture
    filled = picture.copy()
    filled[hole] = picture[~hole].mean(0)
    for _ in range(_SPREADS):
        around = np.pad(filled, ((1, 1), (1, 1), (0, 0)), mode="edge")
        mean = (around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]) / np.float32(4)
        filled[hole] = mean[hole]
    return filled


def carry(picture: Floats, box: Region, to: tuple[float, float]) -> Floats:
    """Move what is in a box, and fill where it was.

    Args:
        picture: ``(rows, cols, 3)``.
        box: what is moved.
        to: its new left and top in 0..1.
    """
    rows, cols = picture.shape[:2]
    inside = box.cover(rows, cols) >= 0.5
    result = fill(picture, inside)
    by = (round((to[1] - box.top) * rows), round((to[0] - box.left) * cols))
    down, right = np.nonzero(inside)
    fits = (down + by[0] >= 0) & (down + by[0] < rows) & (right + by[1] >= 0) & (right + by[1] < cols)
    result[down[fits] + by[0], right[fits] + by[1]] = picture[down[fits], right[fits]]
    return result
