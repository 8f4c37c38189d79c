"""Say what cells stand for in the fewest words: as a neighbour where that says it, else by themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from promptcodec.description import Cell, Description, ResolvedCell, resolve_cell
from promptcodec.description.model import TONES
from promptcodec.description.text import format_cell
from promptcodec.vision.colour import cell_colours, nearest_names


def restate(description: Description, wanted: Sequence[ResolvedCell]) -> Description:
    """Make the cells stand for ``wanted``; those that already do stay as they are said.

    A tone of several steps that no neighbour can lend any more becomes the nearest colour.

    Args:
        description: whose cells are said again.
        wanted: what they are to stand for, in raster order.
    """
    cells: list[Cell] = []
    known: list[ResolvedCell] = []
    for index, (cell, want) in enumerate(zip(description.cells, wanted, strict=True)):
        near = {}
        if index % description.cols:
            near["left"] = known[index - 1]
        if index >= description.cols:
            near["above"] = known[index - description.cols]
        if _stands_for(cell, near) != want:
            fitting = [form for form in _forms(want, near) if _stands_for(form, near) == want]
            cell = min(fitting, key=lambda form: len(format_cell(form)), default=_settled(want))  # noqa: PLW2901
        cells.append(cell)
        known.append(_stands_for(cell, near))
    return replace(description, cells=tuple(cells))


def _stands_for(cell: Cell, near: dict[str, ResolvedCell]) -> ResolvedCell:
    return resolve_cell(cell, near.get(cell.continues))


def _forms(want: ResolvedCell, near: dict[str, ResolvedCell]) -> Iterator[Cell]:
    """Give ways to say a cell, not all of them right."""
    if not want.tone:
        yield want.alone()
    for continues, tone, coloured, textured, worded in itertools.product(
        near, ("", *TONES), (False, True), (False, True), (False, True)
    ):
        yield Cell(
            continues,
            tone,
            want.colours if coloured else (),
            want.arrangement if coloured else "",
            want.texture if textured else "",
            want.orientation if textured else "",
            want.text if worded else "",
        )


def _settled(want: ResolvedCell) -> Cell:
    """Say a cell without a neighbour, its tone worked into the names of its colours."""
    return replace(want.alone(), colours=tuple(nearest_names(cell_colours(want))))
