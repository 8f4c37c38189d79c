"""The local captioner: measured colours, textures and light in words; no network, no model, no chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from promptcodec.description import Cell, Description
from promptcodec.description.model import check_grid
from promptcodec.vision.cells import (
    MIN_DISTANCE,
    MIN_OFFSET,
    MIN_SHARE,
    SAMPLES,
    CellColours,
    cut,
    two_colours,
)
from promptcodec.vision.colour import Floats, colour_distance, nearest_names, said_colours, to_oklab
from promptcodec.vision.style import light, medium
from promptcodec.vision.texture import measure_texture, texture_words

INVISIBLE = 0.02
"""A neighbour's colour is carried on when it misses by no more than this over the nearest name's
miss: 0.02 in Oklab is about 2 in CIEDE2000, seen only where two flat areas touch."""

TONE_COST = 0.01
"""How much nearer a lighter or darker neighbour must be than the plain one to be worth its word."""

ALIKE = 0.12
"""Weighted Oklab distance at which two colours half count as one in the summary: a few shades of a name."""

APART = 0.25
"""Weighted Oklab distance from which the summary names a second colour."""

MIN_SECOND = 0.1
"""Share of the area like a second colour from which the summary names it."""

VIVID = 0.25
"""Weighted distance in a and b alone from which a small area stands out: hue is seen first."""

SMALL = 0.2
"""An area above this share of the picture does not stand out, it is part of the whole."""


@dataclass(frozen=True, slots=True)
class _Fill:
    """The colours measured in a cell: ``(k, 3)`` Oklab, ``(k,)`` shares, and how they lie."""

    colours: Floats
    shares: Floats
    arrangement: str


class LocalCaptioner:
    """Describe a picture by measuring it; the same picture gives the same words everywhere."""

    name = "local"

    def describe(self, image: Image.Image, *, rows: int, cols: int) -> Description:
        """Describe a picture on a grid.

        Args:
            image: RGB, any size from 1x1.
            rows: rows of the grid, 1..8.
            cols: columns of the grid, 1..8.

        Returns:
            Colours, textures and continuations per cell; medium, light and a summary. No objects,
            no lettering, no words in cells: measurements do not know what things are.

        Raises:
            DescriptionError: the grid is outside 1..8.
        """
        check_grid(rows, cols)
        image = image.convert("RGB")
        measured = two_colours(to_oklab(cut(image, rows, cols, SAMPLES, SAMPLES)))
        fills = [_fill(measured, index) for index in range(rows * cols)]
        textures = texture_words(measure_texture(image, rows, cols))
        cells = tuple(_write_cells(fills, textures, cols))
        return Description(medium(image), rows, cols, cells, _summary(fills, rows, cols), light(image))


def create(profile: Mapping[str, str]) -> LocalCaptioner:  # noqa: ARG001 - it has no settings
    """Make the captioner; its profile is ignored."""
    return LocalCaptioner()


def _fill(measured: CellColours, index: int) -> _Fill:
    """Decide whether a cell has one colour or two, and how two lie."""
    centres, share = measured.centres[index], float(measured.shares[index, 1])
    one = _Fill(measured.means[index : index + 1], np.ones(1, np.float32), "")
    if round(share, 4) < MIN_SHARE or round(float(colour_distance(*centres)), 4) < MIN_DISTANCE:
        return one
    first, second = nearest_names(centres)
    if first == second:
        return one
    shares = measured.shares[index]
    down, right = (round(float(offset), 4) for offset in measured.offsets[index])
    if max(abs(down), abs(right)) < MIN_OFFSET:
        return _Fill(centres, shares, "with")
    word, order = ("over", down) if abs(down) >= abs(right) else ("beside", right)
    # "over" and "beside" read top to bottom and left to right, whichever area is larger.
    step = 1 if order > 0 else -1
    return _Fill(centres[::step], shares[::step], word)


def _write_cells(fills: list[_Fill], textures: list[tuple[str, str]], cols: int) -> list[Cell]:
    """Write cells in raster order, each against its neighbours as the decoder will know them."""
    said: list[Cell] = []
    known: list[Cell] = []
    for index, (fill, texture) in enumerate(zip(fills, textures, strict=True)):
        neighbours = []
        if index % cols:
            neighbours.append(("left", known[index - 1]))
        if index >= cols:
            neighbours.append(("above", known[index - cols]))
        cell, full = _write_cell(fill, texture, neighbours)
        said.append(cell)
        known.append(full)
    return said


def _write_cell(
    fill: _Fill, texture: tuple[str, str], neighbours: list[tuple[str, Cell]]
) -> tuple[Cell, Cell]:
    """Write one cell: by its own names, or as a neighbour where that shows as well.

    Returns:
        The cell as said, and as ``description.resolve`` will give it.
    """
    own = Cell("", "", tuple(nearest_names(fill.colours)), fill.arrangement, *texture)
    limit = _miss(fill, own) + INVISIBLE
    best: tuple[float, Cell, Cell] | None = None
    for direction, neighbour in neighbours:
        if neighbour.arrangement != fill.arrangement:
            continue
        steps = neighbour.tone.count("+") - neighbour.tone.count("-")
        for tone, step in (("", 0), ("lighter", 1), ("darker", -1)):
            full = replace(
                neighbour, tone="+" * (steps + step) if steps + step >= 0 else "-" * -(steps + step)
            )
            miss = _miss(fill, full)
            cost = round(miss + (TONE_COST if tone else 0), 4)
            if miss <= limit and (best is None or cost < best[0]):
                news = ("", "") if texture == (neighbour.texture, neighbour.orientation) else texture
                best = (
                    cost,
                    Cell(direction, tone, (), "", *news),
                    replace(full, texture=texture[0], orientation=texture[1]),
                )
    return (own, own) if best is None else best[1:]


def _miss(fill: _Fill, cell: Cell) -> float:
    """Give the mean distance of a cell's colours from what it stands for, once resolved."""
    return round(float(colour_distance(fill.colours, said_colours(cell)) @ fill.shares), 4)


def _summary(fills: list[_Fill], rows: int, cols: int) -> str:
    """Say the palette and layout in a sentence."""
    colours = np.concatenate([fill.colours for fill in fills])
    areas = np.concatenate([fill.shares / np.float32(len(fills)) for fill in fills])
    owner = np.repeat(np.arange(len(fills)), [len(fill.shares) for fill in fills])
    places: Floats = ((np.stack(np.divmod(owner, cols), 1) + 0.5) / (rows, cols)).astype(np.float32)
    first, second, sentence = _layout(colours, areas, places)
    accent = _accent(colours, areas, places, (first, second))
    return f"Mostly {sentence}{accent}."


def _layout(colours: Floats, areas: Floats, places: Floats) -> tuple[int, int, str]:
    """Name the one or two main colours and how they lie; gives their indices and the words."""
    likeness = np.exp2(-((colour_distance(colours[:, None], colours[None]) / ALIKE) ** 2)) * areas
    support = np.round(likeness.sum(1), 4)
    first = int(support.argmax())
    # Large and different: a second shade of the first says little.
    apart = colour_distance(colours, colours[first])
    second = int(np.round(support * apart * (apart >= APART), 4).argmax())
    names = nearest_names(colours[[first, second]])
    if apart[second] < APART or support[second] < MIN_SECOND:
        return first, first, names[0]
    centres = (likeness @ places) / likeness.sum(1)[:, None]
    down, right = np.round(centres[second] - centres[first], 4).tolist()
    if max(abs(down), abs(right)) < MIN_OFFSET:
        return first, second, " with ".join(names)
    word, order = ("over", down) if abs(down) >= abs(right) else ("beside", right)
    return first, second, f" {word} ".join(names if order > 0 else names[::-1])


def _accent(colours: Floats, areas: Floats, places: Floats, main: tuple[int, int]) -> str:
    """Name a small area of a hue far from the main colours, and where it lies; ``""`` if none."""
    hues = colours * np.array([0, 1, 1], np.float32)
    far = np.min([colour_distance(hues, hues[index]) for index in main], 0)
    found = int(np.round(far, 4).argmax())
    alike = colour_distance(hues, hues[found]) < VIVID / 2
    area = areas * alike
    if far[found] < VIVID or area.sum() > SMALL:
        return ""
    name = nearest_names(colours[[found]])[0]
    article = "an" if name[0] in "aeiou" else "a"
    return f"; {article} {name} area stands out {_where(*(area @ places / area.sum()).tolist())}"


def _where(down: float, across: float) -> str:
    """Name a place, both 0..1, by thirds."""
    row = ("top", "", "bottom")[min(int(round(down, 4) * 3), 2)]
    col = ("left", "", "right")[min(int(round(across, 4) * 3), 2)]
    if not row and not col:
        return "at the centre"
    return f"at the {row} {col}".strip() if row else f"on the {col}"
