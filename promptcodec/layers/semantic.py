"""The semantic layer: a description as grid symbols and coded words.

    part  := length symbols words
    words := coded text of lines: medium, words of the cells that have any (raster order),
             then style, objects and lettering as in the canonical text

``length`` is a varint; the symbols say which cells have words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promptcodec import entropy
from promptcodec.description import Description, format_text, parse_text
from promptcodec.description.text import format_cell
from promptcodec.errors import EntropyError, UsageError
from promptcodec.layers import cells

LIMIT = 1 << 20
"""Most bytes of a description's UTF-8: decoding stays quick whatever a stream says."""


def encode(description: Description, *, coder: str = "auto", dictionary: bytes | None = None) -> bytes:
    """Code a description; ``coder`` and ``dictionary`` as for ``entropy.encode_text``.

    Raises:
        UsageError: its text is longer than LIMIT, or as for ``entropy.encode_text``.
    """
    head, *lines = format_text(description).split("\n")
    first = next(index for index, line in enumerate(lines) if line.startswith("r1c1"))
    count = len(description.cells)
    style, rest = lines[:first], lines[first + count :]
    words = [cell.text for cell in description.cells if cell.text]
    text = "\n".join([head.rpartition(" ")[0], *words, *style, *rest])
    if len(text.encode(errors="replace")) > LIMIT:
        raise UsageError(f"the description is longer than {LIMIT} bytes; shorten it")
    symbols = cells.encode(description.cells, description.rows, description.cols)
    return symbols + entropy.encode_text(text, coder, dictionary=dictionary)


def decode(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> Description:
    """Give the description back.

    Raises:
        EntropyError, MissingDictionary, DescriptionError: the part cannot be read.
    """
    grid, rows, cols, at = cells.decode(data)
    medium, *lines = entropy.decode_text(data[at:], dictionaries=dictionaries, limit=LIMIT).split("\n")
    count = sum(bool(cell.text) for cell in grid)
    if len(lines) < count:
        raise EntropyError("the words of some cells are missing")
    words, rest = iter(lines[:count]), lines[count:]
    style = [line for line in rest if line.startswith(("summary: ", "light: ", "mood: "))]
    said = [replace(cell, text=next(words) if cell.text else "") for cell in grid]
    places = [(row + 1, col + 1) for row in range(rows) for col in range(cols)]
    grid_lines = [f"r{r}c{c}{format_cell(cell)}" for (r, c), cell in zip(places, said, strict=True)]
    return parse_text("\n".join([f"{medium} {rows}x{cols}", *style, *grid_lines, *rest[len(style) :]]))


def coder_name(data: bytes) -> str:
    """Name the coder of the words as ``inspect`` shows it."""
    return entropy.coder_name(data[cells.end(data) :])
