"""How likely what a cell says is, from what the cells left of it and above it say.

A symbol's frequencies are the sum of trained rows picked by what the left and the upper cell stand
for, plus how often this picture has had each so far; everything is an integer.

The table is a row of bytes per context, kind after kind in the order of KINDS.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import cache

from promptcodec import models
from promptcodec.description import Cell, ResolvedCell
from promptcodec.description.model import ARRANGEMENTS, CONTINUES, ORIENTATIONS, TEXTURES, TONES
from promptcodec.description.palette import PALETTE
from promptcodec.errors import EntropyError

TABLE = "cells-1"
COLOURS = tuple(PALETTE)
COLOUR = {name: index for index, name in enumerate(COLOURS)}
WORDS = {
    "continues": ("", *CONTINUES),
    "tone": ("", *TONES),
    "lies": ("none", "one", *ARRANGEMENTS),
    "texture": ("", *TEXTURES),
    "orientation": ("", *ORIENTATIONS),
    "text": ("", "text"),
}
# Alphabet and number of contexts of each kind of row.
KINDS = {
    "continues": (3, 16),
    "tone": (3, 9),
    "lies": (5, 3 * 36),
    "texture": (6, 2 * 49),
    "orientation": (5, 6 * 36),
    "text": (2, 3 * 3),
    "colour": (len(COLOURS), 1),
    "colour-left": (len(COLOURS), len(COLOURS) + 1),
    "colour-above": (len(COLOURS), len(COLOURS) + 1),
    "colour-second": (len(COLOURS), len(COLOURS)),
}
SEEN = 40
"""What one use of a symbol in this picture adds to its frequency, which starts at one; a trained row
adds about 2040 in all."""

WEIGHT = 8
"""Frequency of one in a trained row."""

WEIGHT_ALONE = 2
"""The same in the row of colours that knows no neighbour: it only fills what the others leave."""

Contexts = Sequence[tuple[str, int]]
"""Trained rows, by kind and index, whose frequencies are added up; the first one names the symbol."""
AnyCell = Cell | ResolvedCell
Near = tuple[ResolvedCell | None, ResolvedCell | None]
"""What the left and the upper cell stand for; None outside the grid."""


@cache
def _rows() -> dict[str, list[list[int]]]:
    """Give the trained rows of every kind."""
    data, rows, at = models.load(TABLE), {}, 0
    for kind, (size, contexts) in KINDS.items():
        weight = WEIGHT_ALONE if kind == "colour" else WEIGHT
        numbers = [weight * number for number in data[at : at + size * contexts]]
        rows[kind] = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        at += size * contexts
    return rows


class Frequencies:
    """Frequencies of the symbols of one picture, which learn from each."""

    def __init__(self) -> None:
        self._seen = {kind: [1] * size for kind, (size, _) in KINDS.items()}

    def give(self, contexts: Contexts) -> list[int]:
        """Give the frequencies of a symbol in its contexts."""
        rows = _rows()
        given = self._seen[contexts[0][0]]
        for kind, index in contexts:
            given = list(map(operator.add, given, rows[kind][index]))
        return given

    def learn(self, contexts: Contexts, value: int) -> None:
        """Take note of a symbol."""
        self._seen[contexts[0][0]][value] += SEEN


def beside(kind: str, near: tuple[AnyCell | None, AnyCell | None]) -> int:
    """Number the words of a kind that the left and the upper cell have."""
    words = WORDS[kind]
    outside = len(words)
    left, above = (outside if cell is None else words.index(word(kind, cell)) for cell in near)
    return left * (outside + 1) + above


def word(kind: str, cell: AnyCell) -> str:
    """Give a cell's word of a kind."""
    if kind == "lies":
        return cell.arrangement or ("one" if cell.colours else "none")
    if kind == "text":
        return "text" if cell.text else ""
    return str(getattr(cell, kind))


def source_of(continues: str, near: Near) -> int:
    """Number the neighbour a cell continues: 0 none, 1 the left, 2 the upper.

    Raises:
        EntropyError: it is outside the grid.
    """
    number = WORDS["continues"].index(continues)
    if number and near[number - 1] is None:
        raise EntropyError("a cell continues one outside the grid")
    return number


def tone_context(source: int, near: Near) -> int:
    """Number the contexts of the tone of a cell that continues neighbour ``source``."""
    cell = near[source - 1]
    sign = 0 if cell is None or not cell.tone else (1 if cell.tone > 0 else 2)
    return (source - 1) * 3 + sign


def lies_context(source: int, near: Near) -> int:
    """Number the contexts of how a cell's colours lie."""
    return source * 36 + beside("lies", near)


def texture_context(source: int, near: Near) -> int:
    """Number the contexts of a cell's texture."""
    return bool(source) * 49 + beside("texture", near)


def orientation_context(texture: str, near: Near) -> int:
    """Number the contexts of a texture's orientation."""
    return WORDS["texture"].index(texture) * 36 + beside("orientation", near)


def colour_contexts(near: Near) -> Contexts:
    """Give the contexts of a cell's first colour; the second one has one more."""
    left, above = (COLOUR[cell.colours[-1]] if cell and cell.colours else len(COLOURS) for cell in near)
    return [("colour", 0), ("colour-left", left), ("colour-above", above)]
