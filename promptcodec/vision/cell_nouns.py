"""What covers each cell of a grid, in a noun: sky, grass, wall, hair, ...; silent where it is not sure.

A small network (table ``cell-nouns-1``) over the feature maps of the large one, the maps of the whole, and
the cell's place. ``python -m training.eyes.cells`` makes the table from cells labelled by eye, and chooses
for every noun the probability from which it is right (docs/captioner.md).
"""

from __future__ import annotations

import numpy as np

from promptcodec.vision import maps
from promptcodec.vision.colour import Floats
from promptcodec.vision.heads import shipped
from promptcodec.vision.maps import Seen

TABLE = "cell-nouns-1"


def cell_nouns(seen: Seen, rows: int, cols: int) -> list[str]:
    """Name what covers each cell.

    Args:
        seen: of ``maps.look``.
        rows: rows of the grid, 1..8.
        cols: columns of the grid, 1..8.

    Returns:
        A noun per cell in raster order, ``""`` where none is sure.

    Raises:
        MissingError: a table is not there.
    """
    head = shipped(TABLE)
    shares = head.shares(inputs(seen, rows, cols)).reshape(rows, cols, -1)
    chosen = decide(shares, head.least, head.low)
    return [head.words[index] if index >= 0 else "" for index in chosen.reshape(-1).tolist()]


def standard(seen: Seen) -> list[list[str]]:
    """Name what covers the cells of the grid that the labels have, 4x6 or 6x4, by rows."""
    _, height, width = seen.maps[-1].shape
    rows, cols = (4, 6) if width >= height else (6, 4)
    nouns = cell_nouns(seen, rows, cols)
    return [nouns[row * cols : (row + 1) * cols] for row in range(rows)]


def inputs(seen: Seen, rows: int, cols: int) -> Floats:
    """Give what the small network gets, ``(rows * cols, n)``: the cell, the picture, the place.

    Args:
        seen: of ``maps.look``.
        rows: rows of the grid.
        cols: columns of the grid.
    """
    own = maps.gather(seen.maps, rows, cols)
    picture = np.broadcast_to(seen.maps[-1].mean((1, 2)), (rows, cols, len(seen.maps[-1])))
    y, x = np.mgrid[:rows, :cols]
    place = np.stack(
        [
            (y + 0.5) / rows,
            np.abs((x + 0.5) / cols - 0.5) * 2,
            y == 0,
            y == rows - 1,
            np.full_like(y, rows > cols),
        ],
        -1,
    )
    return np.concatenate([own, picture, place], -1).reshape(rows * cols, -1).astype(np.float32)


def decide(shares: Floats, least: Floats, low: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Choose nouns: sure ones, and then those less sure beside a sure cell of the same noun.

    Args:
        shares: ``(rows, cols, k)`` probabilities.
        least: ``(k,)`` from which a noun is said by itself.
        low: ``(k,)`` from which it is said beside a cell that it is said of.

    Returns:
        ``(rows, cols)`` indices, -1 for silence.
    """
    best, surest = shares.argmax(-1), shares.max(-1)
    sure = surest >= least[best]
    framed = np.pad(np.where(sure, best, -1), 1, constant_values=-1)
    beside = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    supported = np.any([each == best for each in beside], 0) & (surest >= low[best])
    return np.where(sure | supported, best, -1)
