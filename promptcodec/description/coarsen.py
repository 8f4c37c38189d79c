"""The same description on a coarser grid, without asking anybody again."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from promptcodec.description.model import Box, Cell, Description, ResolvedCell, clean, resolve
from promptcodec.vision.colour import cell_colours, nearest_names


def explicit(description: Description) -> Description:
    """Let every cell stand alone: colours by name, no neighbour named, no tone."""
    cells = tuple(_alone(cell) for cell in resolve(description))
    return replace(description, cells=cells)


def _alone(cell: ResolvedCell) -> Cell:
    names = tuple(nearest_names(cell_colours(cell))) if cell.colours else ()
    if len(set(names)) < len(names):
        names = names[:1]
    arrangement = cell.arrangement if len(names) == 2 else ""
    text = cell.text if names or cell.text else "more of the same"
    return replace(cell.alone(), colours=names, arrangement=arrangement, text=text)


def coarsen(description: Description, rows: int, cols: int) -> Description:
    """Say a description on a grid of at most its own rows and columns.

    A cell takes the one or two colours that cover most of it, the commonest texture, and the words
    of all cells it covers, each once, in raster order.

    Args:
        description: on any grid.
        rows: 1..8.
        cols: 1..8.
    """
    if (rows, cols) == (description.rows, description.cols):
        return description
    full = explicit(description)
    merged = [_merge(full, row, col, rows, cols) for row in range(rows) for col in range(cols)]
    cells = tuple(_carry_on(merged, index, cols) for index in range(len(merged)))
    return _on_grid(full, rows, cols, cells)


def coarsen_nouns(description: Description, rows: int, cols: int) -> Description:
    """Do the same where cells have no colours: each says what most of it says, or nothing."""
    if (rows, cols) == (description.rows, description.cols):
        return description
    cells = []
    for row in range(rows):
        for col in range(cols):
            shown: dict[tuple[str, str, str], float] = {}
            for index, area in _areas(description, row, col, rows, cols).items():
                cell = description.cells[index]
                what = (cell.text, cell.texture, cell.orientation)
                shown[what] = shown.get(what, 0) + area
            text = _most(shown, 0)
            texture = _most(shown, 1)
            way = _most({what: area for what, area in shown.items() if what[1] == texture}, 2)
            cells.append(Cell(texture=texture, orientation=way, text=text))
    return _on_grid(description, rows, cols, tuple(cells))


def _most(shown: dict[tuple[str, str, str], float], at: int) -> str:
    areas: dict[str, float] = {}
    for what, area in shown.items():
        areas[what[at]] = areas.get(what[at], 0) + area
    return max(areas, key=lambda word: (round(areas[word], 6), bool(word)))


def _on_grid(full: Description, rows: int, cols: int, cells: tuple[Cell, ...]) -> Description:
    return replace(
        full,
        rows=rows,
        cols=cols,
        cells=cells,
        objects=tuple(replace(thing, box=_move(thing.box, full, rows, cols)) for thing in full.objects),
        lettering=tuple(replace(item, box=_move(item.box, full, rows, cols)) for item in full.lettering),
    )


def _merge(full: Description, row: int, col: int, rows: int, cols: int) -> Cell:
    """Merge what lies under one new cell, each old cell by the area the two share."""
    areas = _areas(full, row, col, rows, cols)
    colours: dict[str, float] = {}
    textures: dict[tuple[str, str], float] = {}
    places: dict[str, list[tuple[float, float]]] = {}
    texts: list[str] = []
    for index, area in areas.items():
        cell = full.cells[index]
        for name in cell.colours:
            colours[name] = colours.get(name, 0) + area / len(cell.colours)
            old_row, old_col = divmod(index, full.cols)
            places.setdefault(name, []).append((old_row / full.rows, old_col / full.cols))
        way = (cell.texture, cell.orientation)
        textures[way] = textures.get(way, 0) + area
        # A sliver of a neighbour is not what the cell shows.
        if cell.text and cell.text not in texts and area >= 0.25 * max(areas.values()):
            texts.append(cell.text)
    names = sorted(colours, key=lambda name: (-round(colours[name], 6), name))[:2]
    if len(names) == 2 and colours[names[1]] < 0.25 * sum(colours.values()):
        names = names[:1]
    arrangement = ""
    if len(names) == 2:
        names, arrangement = _arrange(names, places)
    texture, orientation = max(textures, key=lambda way: round(textures[way], 6))
    return Cell("", "", tuple(names), arrangement, texture, orientation, clean("; ".join(texts)))


def _areas(full: Description, row: int, col: int, rows: int, cols: int) -> dict[int, float]:
    """Give the old cells under a new one, with the area they share."""
    down, across = _shares(full.rows, row, rows), _shares(full.cols, col, cols)
    areas = {
        old_row * full.cols + old_col: height * width
        for old_row, height in down.items()
        for old_col, width in across.items()
    }
    return {index: area for index, area in areas.items() if area > 1e-9}


def _carry_on(merged: list[Cell], index: int, cols: int) -> Cell:
    """Leave unsaid what a cell has in common with the neighbour it can continue."""
    cell = merged[index]
    neighbours = [("left", index - 1)] if index % cols else []
    neighbours += [("above", index - cols)] if index >= cols else []
    for direction, at in neighbours:
        other = merged[at]
        alike = (cell.colours, cell.arrangement) == (other.colours, other.arrangement)
        # What a neighbour has and this cell has not cannot be unsaid.
        if alike and (cell.texture or not other.texture) and (cell.text or not other.text):
            same = (cell.texture, cell.orientation) == (other.texture, other.orientation)
            return Cell(
                direction,
                texture="" if same else cell.texture,
                orientation="" if same else cell.orientation,
                text="" if cell.text == other.text else cell.text,
            )
    return cell


def _arrange(names: list[str], places: dict[str, list[tuple[float, float]]]) -> tuple[list[str], str]:
    down, right = (np.mean(places[names[1]], axis=0) - np.mean(places[names[0]], axis=0)).tolist()
    if max(abs(down), abs(right)) < 0.02:
        return names, "with"
    word, order = ("over", down) if abs(down) >= abs(right) else ("beside", right)
    return (names if order > 0 else names[::-1]), word


@functools.cache  # of grids: a few hundred
def _shares(of_first: int, second: int, of_second: int) -> Mapping[int, float]:
    """Give what the ``second`` of some equal parts of 1 shares with each of ``of_first`` others, if any."""
    start, end = second / of_second, (second + 1) / of_second
    lengths = {
        first: min((first + 1) / of_first, end) - max(first / of_first, start) for first in range(of_first)
    }
    return {first: length for first, length in lengths.items() if length > 0}


def _move(box: Box, full: Description, rows: int, cols: int) -> Box:
    def span(first: int, last: int, before: int, after: int) -> tuple[int, int]:
        start = min(int((first - 1) * after / before + 0.5), after - 1)
        return start + 1, max(int(last * after / before + 0.5), start + 1)

    top, bottom = span(box.top, box.bottom, full.rows, rows)
    left, right = span(box.left, box.right, full.cols, cols)
    return Box(top, left, bottom, right)
