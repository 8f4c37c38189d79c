"""Boxes for models that take a layout: what is where."""

from __future__ import annotations

from dataclasses import dataclass

from promptcodec.description import Description
from promptcodec.description.model import Box as Cells
from promptcodec.generators.wording.prompt import one_line
from promptcodec.generators.wording.things import lettering_words, thing_words


@dataclass(frozen=True, slots=True)
class Box:
    """Words for a part of the picture; its sides are in 0..1 from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def boxes(description: Description) -> tuple[Box, ...]:
    """Give each object and each lettering of a description with its box, in its order."""
    things = [(thing_words(thing), thing.box) for thing in description.objects]
    letters = [(lettering_words(item), item.box) for item in description.lettering]
    return tuple(Box(one_line(text), *sides(cells, description)) for text, cells in (*things, *letters))


def sides(cells: Cells, description: Description) -> tuple[float, float, float, float]:
    """Give left, top, right, bottom of some cells in 0..1."""
    rows, cols = description.rows, description.cols
    return (cells.left - 1) / cols, (cells.top - 1) / rows, cells.right / cols, cells.bottom / rows
