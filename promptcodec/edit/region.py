"""Where an operation works: BOX and TO as people write them, and a region as shares of any grid."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.description.model import MAX_SIDE
from promptcodec.errors import UsageError
from promptcodec.vision.load import load_image

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Grid = tuple[int, int] | None
"""Rows and columns of the description; None where the stream has none."""

_HINT = "put --grid 4x6 before it: the words on a finer grid"

_CELL = re.compile(r"r(\d{1,2})c(\d{1,2})")
_CELLS = re.compile(r"r(\d{1,2})c(\d{1,2})(?::r(\d{1,2})c(\d{1,2}))?")
_PIXELS = re.compile(r"(-?\d{1,6}),(-?\d{1,6}),(-?\d{1,6}),(-?\d{1,6})")
_POINT = re.compile(r"(-?\d{1,6}),(-?\d{1,6})")
_GRID = re.compile(r"(\d{1,2})[xX](\d{1,2})")
_MARKED = 128


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture.

    Attributes:
        left, top, right, bottom: in 0..1 of width and height; of what is marked, where there is a mask.
        mask: mode L, 255 where marked, stretched over the whole picture; None for all of the box.
    """

    left: float
    top: float
    right: float
    bottom: float
    mask: Image.Image | None = None

    def cover(self, rows: int, cols: int) -> Floats:
        """Give the share of each cell of a grid that lies inside, ``(rows, cols)`` in 0..1."""
        if self.mask is not None:
            shares = np.asarray(self.mask.resize((cols, rows), Image.Resampling.BOX), np.float32)
            if shares.any():
                return np.asarray(shares / np.float32(255), np.float32)
            # A few marked pixels of a large mask: the box around them has to do.
        down = _overlap(self.top, self.bottom, rows)
        return np.asarray(down[:, None] * _overlap(self.left, self.right, cols)[None], np.float32)

    def cells(self, rows: int, cols: int) -> Flags:
        """Choose the cells that are at least half inside, or else the one that is most."""
        shares = self.cover(rows, cols)
        chosen = shares >= 0.5
        if not chosen.any():
            chosen.flat[int(shares.argmax())] = True
        return np.asarray(chosen, np.bool_)

    def moved(self, left: float, top: float) -> Region:
        """Give a box of the same size elsewhere."""
        return Region(left, top, left + self.right - self.left, top + self.bottom - self.top)


def _overlap(low: float, high: float, count: int) -> Floats:
    edges = np.arange(count + 1, dtype=np.float64) / count
    inside = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    return np.asarray(np.clip(inside * count, 0, 1), np.float32)


def of_cells(chosen: Flags) -> Region:
    """Give the region of some cells of a grid, at least one."""
    rows, cols = chosen.shape
    down, across = np.flatnonzero(chosen.any(1)), np.flatnonzero(chosen.any(0))
    return Region(
        float(across[0] / cols),
        float(down[0] / rows),
        float((across[-1] + 1) / cols),
        float((down[-1] + 1) / rows),
        Image.fromarray(chosen.astype(np.uint8) * 255),
    )


def parse_box(text: str, size: tuple[int, int], grid: Grid) -> Region:
    """Read a BOX: ``r2c2:r3c4`` or ``r2c2`` (cells from 1, inclusive), or ``x0,y0,x1,y1`` in pixels.

    Raises:
        UsageError: it is neither, empty, or not inside the picture.
    """
    width, height = size
    if (match := _CELLS.fullmatch(text)) is not None:
        rows, cols = _known(text, size, grid)
        numbers = [int(number) for number in match.groups() if number is not None]
        top, left, bottom, right = numbers if len(numbers) == 4 else numbers * 2
        for row, col in ((top, left), (bottom, right)):
            _check_cell(f"r{row}c{col}", row, col, (rows, cols))
        if bottom < top or right < left:
            raise UsageError(f"the box {text} is empty: name its top left cell, then its bottom right one")
        return Region((left - 1) / cols, (top - 1) / rows, right / cols, bottom / rows)
    if (match := _PIXELS.fullmatch(text)) is None:
        raise UsageError(f"{text[:40]!r} is no box: write r2c2:r3c4 (cells) or x0,y0,x1,y1 (pixels)")
    x0, y0, x1, y1 = (int(number) for number in match.groups())
    if x1 <= x0 or y1 <= y0:
        raise UsageError(f"the box {text} is empty: write left,top,right,bottom, right and bottom the larger")
    if min(x0, y0) < 0 or x1 > width or y1 > height:
        raise UsageError(f"the box {text} reaches outside the picture of {width}x{height} pixels; shrink it")
    return Region(x0 / width, y0 / height, x1 / width, y1 / height)


def parse_cell(text: str, grid: tuple[int, int]) -> tuple[int, int]:
    """Read one cell, ``r2c3``; give row and column from 0.

    Raises:
        UsageError: it is no cell, or not one of the grid.
    """
    match = _CELL.fullmatch(text)
    if match is None:
        raise UsageError(f"{text[:40]!r} is no cell; write its row and column, as in r2c3")
    row, col = int(match[1]), int(match[2])
    _check_cell(text, row, col, grid)
    return row - 1, col - 1


def coarse(text: str) -> UsageError:
    """Make the error, or what is to be told, of a grid that is too coarse for an edit."""
    return UsageError(text, hint=_HINT)


def parse_grid(text: str) -> tuple[int, int]:
    """Read the rows and columns of a grid, ``4x6``.

    Raises:
        UsageError: it is none, or no description may have it.
    """
    match = _GRID.fullmatch(text)
    if match is None or not (1 <= int(match[1]) <= MAX_SIDE and 1 <= int(match[2]) <= MAX_SIDE):
        raise UsageError(f"{text[:40]!r} is no grid: write rows and columns, 1 to {MAX_SIDE} each, as in 4x6")
    return int(match[1]), int(match[2])


def parse_place(text: str, box: Region, size: tuple[int, int], grid: Grid) -> tuple[float, float]:
    """Read TO, the top left corner of where a box is moved: ``r1c1``, or ``x,y`` in pixels.

    Returns:
        left and top in 0..1.

    Raises:
        UsageError: it is neither, or the box would not be inside the picture there.
    """
    if _CELL.fullmatch(text) is not None:
        rows, cols = _known(text, size, grid)
        row, col = parse_cell(text, (rows, cols))
        left, top = col / cols, row / rows
    elif (match := _POINT.fullmatch(text)) is not None:
        left, top = int(match[1]) / size[0], int(match[2]) / size[1]
    else:
        raise UsageError(f"{text[:40]!r} is no place: write r1c1 (a cell) or x,y (pixels), its new top left")
    right, bottom = left + box.right - box.left, top + box.bottom - box.top
    if min(left, top) < 0 or max(right, bottom) > 1 + 1e-9:
        furthest = round((1 - box.right + box.left) * size[0]), round((1 - box.bottom + box.top) * size[1])
        raise UsageError(
            f"at {text} the box would reach outside the picture; its left top can be from 0,0 to "
            f"{furthest[0]},{furthest[1]} pixels"
        )
    return left, top


def parse_mask(png: bytes) -> Region:
    """Read a mask: what is lighter than middle grey is marked, stretched over the picture.

    Raises:
        ImageError: it is no picture.
        UsageError: it marks nothing.
    """
    image = load_image(png).convert("L").point(lambda value: 255 * (value >= _MARKED))
    box = image.getbbox()
    if box is None:
        raise UsageError("the mask marks nothing: what is to be erased must be white")
    left, top, right, bottom = box
    return Region(left / image.width, top / image.height, right / image.width, bottom / image.height, image)


def _known(text: str, size: tuple[int, int], grid: Grid) -> tuple[int, int]:
    if grid is None:
        raise UsageError(
            f"the stream has no description, so no cell {text}; give pixels of its "
            f"{size[0]}x{size[1]} picture, as in 0,0,{max(1, size[0] // 2)},{max(1, size[1] // 2)}"
        )
    return grid


def _check_cell(text: str, row: int, col: int, grid: tuple[int, int]) -> None:
    if not (1 <= row <= grid[0] and 1 <= col <= grid[1]):
        if grid == (1, 1):
            raise coarse(
                f"there is no cell {text}: the grid is 1x1, and its only cell r1c1 is the whole picture"
            )
        raise UsageError(
            f"there is no cell {text}: the grid has {grid[0]} rows and {grid[1]} columns, "
            f"r1c1 to r{grid[0]}c{grid[1]}"
        )
