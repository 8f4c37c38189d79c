"""Cells in raster order, each said against the neighbours the decoder already knows."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from promptcodec.description import Cell, ResolvedCell, resolve_cell
from promptcodec.description.model import STEPS
from promptcodec.vision.cells import (
    MIN_DISTANCE,
    MIN_OFFSET,
    MIN_SHARE,
    SAMPLES,
    CellColours,
    cut,
    two_colours,
)
from promptcodec.vision.colour import (
    WEIGHTS,
    Floats,
    cell_colours,
    colour_distance,
    nearest_names,
    to_oklab,
)
from promptcodec.vision.shrunk import shrunk
from promptcodec.vision.texture import measure_texture, texture_words

Words = tuple[tuple[str, str], ...]
"""Texture and orientation: the best words first, then those that would do as well."""

INVISIBLE = 0.02
"""A neighbour's colour is carried on when it misses by no more than this over the nearest name's
miss: 0.02 in Oklab is about 2 in CIEDE2000, seen only where two flat areas touch."""

TONE_COST = 0.01
"""How much nearer a lighter or darker neighbour must be than the plain one to be worth its word."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The colours measured in a cell: ``(k, 3)`` Oklab, ``(k,)`` shares, and how they lie."""

    colours: Floats
    shares: Floats
    arrangement: str


def measure_fills(image: Image.Image, rows: int, cols: int) -> list[Fill]:
    """Measure the one or two colours of every cell, raster order."""
    measured = two_colours(to_oklab(cut(shrunk(image), rows, cols, SAMPLES, SAMPLES)))
    centres = measured.centres
    names = nearest_names(centres.reshape(-1, 3))
    apart = np.round(colour_distance(centres[:, 0], centres[:, 1]), 4) >= MIN_DISTANCE
    enough = np.round(measured.shares[:, 1], 4) >= MIN_SHARE
    differs = np.array([first != second for first, second in zip(names[::2], names[1::2], strict=True)])
    return [_fill(measured, index, two) for index, two in enumerate((apart & enough & differs).tolist())]


def _fill(measured: CellColours, index: int, two: bool) -> Fill:  # noqa: FBT001 - as measured
    """Give what fills a cell, and how two colours lie."""
    if not two:
        return Fill(measured.means[index : index + 1], np.ones(1, np.float32), "")
    centres, shares = measured.centres[index], measured.shares[index]
    down, right = (round(float(offset), 4) for offset in measured.offsets[index])
    if max(abs(down), abs(right)) < MIN_OFFSET:
        return Fill(centres, shares, "with")
    word, order = ("over", down) if abs(down) >= abs(right) else ("beside", right)
    # "over" and "beside" read top to bottom and left to right, whichever area is larger.
    step = 1 if order > 0 else -1
    return Fill(centres[::step], shares[::step], word)


def write_cells(
    image: Image.Image, fills: Sequence[Fill], named: Sequence[str], rows: int, cols: int
) -> tuple[Cell, ...]:
    """Write cells in raster order, each against its neighbours as the decoder will know them.

    Args:
        image: RGB or its luma, any size from 1x1.
        fills: what ``measure_fills`` gave for this grid.
        named: what is there, in words, per cell; ``""`` where it is not sure.
        rows: rows of the grid, 1..8.
        cols: columns of the grid, 1..8.
    """
    textures = texture_words(measure_texture(image, rows, cols))
    names = iter(nearest_names(np.concatenate([fill.colours for fill in fills])))
    own = [tuple(itertools.islice(names, len(fill.shares))) for fill in fills]
    cells: list[Cell] = []
    known: list[ResolvedCell] = []
    for index, seen in enumerate(zip(fills, own, textures, named, strict=True)):
        neighbours = []
        if index % cols:
            neighbours.append(("left", known[index - 1]))
        if index >= cols:
            neighbours.append(("above", known[index - cols]))
        cell, full = _write_cell(*seen, neighbours)
        cells.append(cell)
        known.append(full)
    return tuple(cells)


def _write_cell(
    fill: Fill,
    names: tuple[str, ...],
    textures: Words,
    what: str,
    neighbours: Sequence[tuple[str, ResolvedCell]],
) -> tuple[Cell, ResolvedCell]:
    """Write one cell: as a neighbour where that shows as well, else by its own names.

    Returns:
        The cell as said, and as ``description.resolve`` will give it.
    """
    own = Cell("", "", names, fill.arrangement, *textures[0], what)
    alone = resolve_cell(own, None)
    # What is not sure to be the wall does not inherit the wall's name.
    able = neighbours if what else [each for each in neighbours if not each[1].text]
    likeness = _continue(fill, textures, _miss(fill, names, 0) + INVISIBLE, able)
    if likeness is not None:
        cell, full = likeness
        if what == full.text:
            return cell, full
        return replace(cell, text=what), replace(full, text=what)
    for direction, neighbour in neighbours:
        if what and neighbour.text == what:  # the same wall in another colour
            full = replace(neighbour, colours=own.colours, arrangement=own.arrangement, tone=0)
            return _with_texture(Cell(direction, "", own.colours, own.arrangement), full, textures)
    return own, alone


def _continue(
    fill: Fill, textures: Words, limit: float, neighbours: Sequence[tuple[str, ResolvedCell]]
) -> tuple[Cell, ResolvedCell] | None:
    """Carry on the neighbour, perhaps lighter or darker, that misses least; None where all miss."""
    best: tuple[float, str, str, ResolvedCell] | None = None
    for direction, neighbour in neighbours:
        if neighbour.arrangement != fill.arrangement:
            continue
        for tone, step in STEPS.items():
            miss = _miss(fill, neighbour.colours, neighbour.tone + step)
            cost = round(miss + (TONE_COST if tone else 0), 4)
            if miss <= limit and (best is None or cost < best[0]):
                best = (cost, direction, tone, neighbour)
    if best is None:
        return None
    _, direction, tone, neighbour = best
    full = replace(neighbour, tone=neighbour.tone + STEPS[tone])
    return _with_texture(Cell(direction, tone), full, textures)


def _with_texture(cell: Cell, full: ResolvedCell, textures: Words) -> tuple[Cell, ResolvedCell]:
    """Say a texture only where the neighbour's would not do."""
    if (full.texture, full.orientation) in textures:
        return cell, full
    texture, orientation = textures[0]
    return (
        replace(cell, texture=texture, orientation=orientation),
        replace(full, texture=texture, orientation=orientation),
    )


def _miss(fill: Fill, colours: tuple[str, ...], tone: int) -> float:
    """Give the mean distance of a cell's colours from the names, so much lighter, that stand for them."""
    seen = (fill.colours * WEIGHTS).tolist()
    shares: list[float] = fill.shares.tolist()
    parts = zip(shares, seen, _shown(colours, tone), strict=True)
    return round(sum(share * math.dist(own, shown) for share, own, shown in parts), 4)


@functools.lru_cache(4096)
def _shown(colours: tuple[str, ...], tone: int) -> list[list[float]]:
    """Give what names and a tone stand for, weighted as ``colour_distance`` does."""
    weighted: list[list[float]] = (cell_colours(ResolvedCell(tone, colours)) * WEIGHTS).tolist()
    return weighted
