"""Grid symbols: what cells say beside words, as one arithmetic-coded stream with trained contexts.

For each cell in raster order: continuation, tone, colours (how many and how they lie, then the
names), texture, orientation, and whether words follow. A symbol's frequencies are the sum of
trained rows picked by what the left and the upper cell stand for, plus what this picture has
said so far; everything is an integer.

The table is a row of bytes per context, kind after kind in the order of KINDS.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from promptcodec import models
from promptcodec.description import Cell, ResolvedCell, resolve_cell
from promptcodec.description.model import ARRANGEMENTS, CONTINUES, MAX_SIDE, ORIENTATIONS, TEXTURES, TONES
from promptcodec.description.palette import PALETTE
from promptcodec.entropy.rangecoder import Decoder, Encoder
from promptcodec.entropy.varint import read_varint, write_varint
from promptcodec.errors import EntropyError

TABLE = "cells-1"
COLOURS = tuple(PALETTE)
_COLOUR = {name: index for index, name in enumerate(COLOURS)}
_NONE = len(COLOURS)
_LIES = ("none", "one", *ARRANGEMENTS)
_WORDS = {
    "continues": ("", *CONTINUES),
    "tone": ("", *TONES),
    "lies": _LIES,
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


@cache
def _rows() -> dict[str, list[list[int]]]:
    """Give the trained rows of every kind."""
    data = np.frombuffer(models.load(TABLE), np.uint8).astype(int)
    rows, at = {}, 0
    for kind, (size, contexts) in KINDS.items():
        weight = WEIGHT_ALONE if kind == "colour" else WEIGHT
        rows[kind] = (data[at : at + size * contexts] * weight).reshape(contexts, size).tolist()
        at += size * contexts
    return rows


class Symbols:
    """Code symbols in either direction; when reading, the values given are ignored."""

    def __init__(self, decoder: Decoder | None) -> None:
        self.decoder = decoder
        self.encoder = Encoder()
        self._seen: dict[str, list[int]] = {}

    def code(self, name: str, contexts: Sequence[tuple[str, int]], value: int) -> int:
        """Code one symbol.

        Args:
            name: the adaptive counts it shares.
            contexts: trained rows, by kind and index, that are added up.
            value: the symbol, when writing.
        """
        rows = _rows()
        seen = self._seen.setdefault(name, [1] * KINDS[contexts[0][0]][0])
        picked = [rows[kind][index] for kind, index in contexts]
        frequencies = [sum(column) for column in zip(seen, *picked, strict=True)]
        total = sum(frequencies)
        if self.decoder is not None:
            target = self.decoder.target(total)
            value, start = 0, 0
            while start + frequencies[value] <= target:
                start += frequencies[value]
                value += 1
            self.decoder.take(start, frequencies[value], total)
        else:
            self.encoder.encode(sum(frequencies[:value]), frequencies[value], total)
        seen[value] += SEEN
        return value


def encode(cells: Sequence[Cell], rows: int, cols: int) -> bytes:
    """Code the grid and its cells without their words.

    Returns:
        A varint length and that many bytes.
    """
    symbols = Symbols(None)
    walk(symbols, cells, rows, cols)
    data = symbols.encoder.finish()
    return write_varint(len(data)) + data


def decode(data: bytes) -> tuple[list[Cell], int, int, int]:
    """Read what ``encode`` wrote.

    Returns:
        Cells whose ``text`` is ``"text"`` where words follow, rows, columns, and the position behind.

    Raises:
        BitstreamError: the data ends too soon or cannot have been written by ``encode``.
    """
    stop = end(data)
    _, at = read_varint(data, 0, "the length of the grid symbols")
    decoder = Decoder(data[at:stop])
    cells, rows, cols = walk(Symbols(decoder), None, 0, 0)
    decoder.close()
    return cells, rows, cols, stop


def end(data: bytes) -> int:
    """Give the position behind the symbols of a part.

    Raises:
        BitstreamError: the data ends too soon.
    """
    length, at = read_varint(data, 0, "the length of the grid symbols")
    if at + length > len(data):
        raise EntropyError("the grid symbols are cut off", len(data))
    return at + length


def walk(symbols: Symbols, cells: Sequence[Cell] | None, rows: int, cols: int) -> tuple[list[Cell], int, int]:
    """Go through a grid, writing ``cells`` or, where they are None, reading them."""
    size = (rows - 1) * MAX_SIDE + cols - 1
    rows, cols = (part + 1 for part in divmod(_uniform(symbols, size, MAX_SIDE**2), MAX_SIDE))
    said: list[Cell] = []
    known: list[ResolvedCell] = []
    for index in range(rows * cols):
        left = known[index - 1] if index % cols else None
        above = known[index - cols] if index >= cols else None
        before = (said[index - 1] if index % cols else None, said[index - cols] if index >= cols else None)
        cell = _cell(symbols, cells[index] if cells else Cell(), (left, above), before)
        said.append(cell)
        known.append(resolve_cell(cell, {"left": left, "above": above}.get(cell.continues)))
    return said, rows, cols


def _uniform(symbols: Symbols, value: int, total: int) -> int:
    if symbols.decoder is None:
        symbols.encoder.encode(value, 1, total)
        return value
    value = symbols.decoder.target(total)
    symbols.decoder.take(value, 1, total)
    return value


Near = tuple[ResolvedCell | None, ResolvedCell | None]


def _cell(symbols: Symbols, cell: Cell, near: Near, before: tuple[Cell | None, Cell | None]) -> Cell:
    """Code one cell; ``near`` are the left and upper cells as resolved, ``before`` as said."""

    def word(kind: str, context: int, value: str) -> str:
        words = _WORDS[kind]
        return words[symbols.code(kind, [(kind, context)], words.index(value))]

    edges = [3 if said is None else _WORDS["continues"].index(said.continues) for said in before]
    # At an edge the row of its context has no share for what cannot be; the count of one keeps it legal.
    continues = word("continues", edges[0] * 4 + edges[1], cell.continues)
    along = {"": 0, "left": 1, "above": 2}[continues]
    if (along == 1 and near[0] is None) or (along == 2 and near[1] is None):
        raise EntropyError("a cell continues one outside the grid")
    tone = ""
    if along:
        steps = near[along - 1]
        sign = 0 if steps is None or not steps.tone else (1 if steps.tone > 0 else 2)
        tone = word("tone", (along - 1) * 3 + sign, cell.tone)
    lies_near = [5 if full is None else _LIES.index(_lies(full)) for full in near]
    lies = word("lies", along * 36 + lies_near[0] * 6 + lies_near[1], _lies(cell))
    colours = _colours(symbols, lies, cell.colours, near)
    textures = [6 if full is None else _WORDS["texture"].index(full.texture) for full in near]
    texture = word("texture", bool(along) * 49 + textures[0] * 7 + textures[1], cell.texture)
    orientation = ""
    if texture:
        lines = [5 if full is None else _WORDS["orientation"].index(full.orientation) for full in near]
        context = _WORDS["texture"].index(texture) * 36 + lines[0] * 6 + lines[1]
        orientation = word("orientation", context, cell.orientation)
    texts = [2 if full is None else int(bool(full.text)) for full in near]
    text = word("text", texts[0] * 3 + texts[1], "text" if cell.text else "")
    arrangement = lies if lies in ARRANGEMENTS else ""
    return Cell(continues, tone, colours, arrangement, texture, orientation, text)


def _lies(cell: Cell | ResolvedCell) -> str:
    return cell.arrangement or ("one" if cell.colours else "none")


def _colours(symbols: Symbols, lies: str, colours: Sequence[str], near: Near) -> tuple[str, ...]:
    """Code the names of one or two colours."""
    if lies == "none":
        return ()
    beside, over = (_NONE if full is None or not full.colours else _COLOUR[full.colours[-1]] for full in near)
    ranked = [("colour", 0), ("colour-left", beside), ("colour-above", over)]
    first = symbols.code("colour", ranked, _COLOUR[colours[0]] if colours else 0)
    if lies == "one":
        return (COLOURS[first],)
    second = _COLOUR[colours[1]] if len(colours) > 1 else 0
    return (COLOURS[first], COLOURS[symbols.code("colour", [*ranked, ("colour-second", first)], second)])
