"""Grid symbols: what cells say beside words, as one arithmetic-coded stream with trained contexts.

For each cell in raster order: continuation, tone, colours (how many and how they lie, then the
names), texture, orientation, and whether words follow. See ``cell_model`` for the chances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from promptcodec.description import Cell, ResolvedCell, resolve_cell
from promptcodec.description.model import ARRANGEMENTS, MAX_SIDE
from promptcodec.entropy.bitio import BitReader, BitWriter, SymbolWriter
from promptcodec.entropy.varint import read_varint, write_varint
from promptcodec.errors import EntropyError
from promptcodec.layers.semantic.cell_model import (
    COLOUR,
    COLOURS,
    WORDS,
    Contexts,
    Frequencies,
    Near,
    beside,
    colour_contexts,
    lies_context,
    orientation_context,
    source_of,
    texture_context,
    tone_context,
    word,
)

_Cell = TypeVar("_Cell", Cell, ResolvedCell)
Before = tuple[Cell | None, Cell | None]
"""The left and the upper cell as they were given."""


def encode(cells: Sequence[Cell], rows: int, cols: int) -> bytes:
    """Code the grid and its cells without their words.

    Returns:
        A varint length and that many bytes.
    """
    writer = BitWriter()
    write(writer, Frequencies(), cells, rows, cols)
    data = writer.finish()
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
    reader = BitReader(data[at:stop])
    cells, rows, cols = _read(reader, Frequencies())
    reader.close()
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


def write(
    writer: SymbolWriter, frequencies: Frequencies, cells: Sequence[Cell], rows: int, cols: int
) -> None:
    """Write a grid."""
    writer.uniform(MAX_SIDE**2, (rows - 1) * MAX_SIDE + cols - 1)
    resolved: list[ResolvedCell] = []
    for index, cell in enumerate(cells):
        near = _neighbours(resolved, index, cols)
        _write_cell(writer, frequencies, cell, near, _neighbours(cells, index, cols))
        resolved.append(resolve_cell(cell, _source(cell, near)))


def _read(reader: BitReader, frequencies: Frequencies) -> tuple[list[Cell], int, int]:
    rows, cols = (side + 1 for side in divmod(reader.uniform(MAX_SIDE**2), MAX_SIDE))
    cells: list[Cell] = []
    resolved: list[ResolvedCell] = []
    for index in range(rows * cols):
        near = _neighbours(resolved, index, cols)
        cell = _read_cell(reader, frequencies, near, _neighbours(cells, index, cols))
        cells.append(cell)
        resolved.append(resolve_cell(cell, _source(cell, near)))
    return cells, rows, cols


def _neighbours(cells: Sequence[_Cell], index: int, cols: int) -> tuple[_Cell | None, _Cell | None]:
    return cells[index - 1] if index % cols else None, cells[index - cols] if index >= cols else None


def _source(cell: Cell, near: Near) -> ResolvedCell | None:
    """Give the neighbour that a cell continues."""
    return {"left": near[0], "above": near[1]}.get(cell.continues)


def _write_cell(
    writer: SymbolWriter, frequencies: Frequencies, cell: Cell, near: Near, before: Before
) -> None:
    """Write one cell; ``near`` are the left and upper cells as resolved, ``before`` as given."""

    def symbol(contexts: Contexts, value: int) -> None:
        writer.symbol(frequencies.give(contexts), value)
        frequencies.learn(contexts, value)

    def kind(name: str, context: int) -> None:
        symbol([(name, context)], WORDS[name].index(word(name, cell)))

    # At an edge the row of its context has no share for what cannot be; the count of one keeps it legal.
    kind("continues", beside("continues", before))
    source = source_of(cell.continues, near)
    if source:
        kind("tone", tone_context(source, near))
    kind("lies", lies_context(source, near))
    colours = colour_contexts(near)
    for name in cell.colours:
        symbol(colours, COLOUR[name])
        colours = [*colours, ("colour-second", COLOUR[name])]
    kind("texture", texture_context(source, near))
    if cell.texture:
        kind("orientation", orientation_context(cell.texture, near))
    kind("text", beside("text", near))


def _read_cell(reader: BitReader, frequencies: Frequencies, near: Near, before: Before) -> Cell:
    def symbol(contexts: Contexts) -> int:
        value = reader.symbol(frequencies.give(contexts))
        frequencies.learn(contexts, value)
        return value

    def kind(name: str, context: int) -> str:
        return WORDS[name][symbol([(name, context)])]

    continues = kind("continues", beside("continues", before))
    source = source_of(continues, near)
    tone = kind("tone", tone_context(source, near)) if source else ""
    lies = kind("lies", lies_context(source, near))
    contexts, colours = colour_contexts(near), []
    for _ in range({"none": 0, "one": 1}.get(lies, 2)):
        index = symbol(contexts)
        colours.append(COLOURS[index])
        contexts = [*contexts, ("colour-second", index)]
    texture = kind("texture", texture_context(source, near))
    orientation = kind("orientation", orientation_context(texture, near)) if texture else ""
    text = kind("text", beside("text", near))
    arrangement = lies if lies in ARRANGEMENTS else ""
    return Cell(continues, tone, tuple(colours), arrangement, texture, orientation, text)
