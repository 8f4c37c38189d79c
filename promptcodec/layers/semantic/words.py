"""The words of a description that stand behind the symbols of its grid.

They are lines: the medium, the words of the cells that have any (raster order), then style, objects and
lettering as in the canonical text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promptcodec.description import Cell, Description, format_text, parse_text
from promptcodec.description.text import format_cell
from promptcodec.errors import EntropyError

_STYLE = ("summary: ", "light: ", "mood: ")


def words_of(description: Description) -> str:
    """Give the words of a description."""
    head, *lines = format_text(description).split("\n")
    first = next(index for index, line in enumerate(lines) if line.startswith("r1c1"))
    style, rest = lines[:first], lines[first + len(description.cells) :]
    cells = [cell.text for cell in description.cells if cell.text]
    return "\n".join([head.rpartition(" ")[0], *cells, *style, *rest])


def description_of(words: str, cells: Sequence[Cell], rows: int, cols: int) -> Description:
    """Give the description whose words these are.

    Args:
        words: untrusted.
        cells: of the grid, in raster order; those that have words have any text.
        rows: of the grid.
        cols: of the grid.

    Raises:
        EntropyError, DescriptionError: no description has these words.
    """
    medium, *lines = words.split("\n")
    count = sum(bool(cell.text) for cell in cells)
    if len(lines) < count:
        raise EntropyError("the words of some cells are missing")
    texts, rest = iter(lines[:count]), lines[count:]
    style = [line for line in rest if line.startswith(_STYLE)]
    complete = [replace(cell, text=next(texts) if cell.text else "") for cell in cells]
    places = [(row + 1, col + 1) for row in range(rows) for col in range(cols)]
    grid = [f"r{r}c{c}{format_cell(cell)}" for (r, c), cell in zip(places, complete, strict=True)]
    return parse_text("\n".join([f"{medium} {rows}x{cols}", *style, *grid, *rest[len(style) :]]))
