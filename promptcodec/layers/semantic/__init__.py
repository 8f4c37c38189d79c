"""The semantic layer: a description in the shorter of two forms.

    part  := text | GRID length symbols words
    text  := coded text: the canonical text
    words := coded text of lines: medium, words of the cells that have any (raster order),
             then style, objects and lettering as in the canonical text

``GRID`` is a byte that heads no coded text, ``length`` a varint; the symbols say which cells have words.
The token PPM knows the canonical text of the embedded captioner well; grids that say more, or other
things, than it does are shorter as symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promptcodec import entropy
from promptcodec.description import Description, format_text, parse_text
from promptcodec.description.text import format_cell
from promptcodec.errors import EntropyError, UsageError
from promptcodec.layers.semantic import cells

GRID = 62

LIMIT = 1 << 20
"""Most bytes of a description's UTF-8: decoding stays quick whatever a stream says."""


def encode(description: Description, *, coder: str = "auto", dictionary: bytes | None = None) -> bytes:
    """Code a description; ``coder`` and ``dictionary`` as for ``entropy.encode_text``.

    Raises:
        UsageError: its text is longer than LIMIT, or as for ``entropy.encode_text``.
    """
    canonical = format_text(description)
    if len(canonical.encode(errors="replace")) > LIMIT:
        raise UsageError(f"the description is longer than {LIMIT} bytes; shorten it")
    whole = entropy.encode_text(canonical, coder, dictionary=dictionary)
    head, *lines = canonical.split("\n")
    first = next(index for index, line in enumerate(lines) if line.startswith("r1c1"))
    count = len(description.cells)
    style, rest = lines[:first], lines[first + count :]
    words = [cell.text for cell in description.cells if cell.text]
    text = "\n".join([head.rpartition(" ")[0], *words, *style, *rest])
    symbols = cells.encode(description.cells, description.rows, description.cols)
    grid = bytes([GRID]) + symbols + entropy.encode_text(text, coder, dictionary=dictionary)
    return min(whole, grid, key=len)


def decode(data: bytes, *, dictionaries: Sequence[bytes] = ()) -> Description:
    """Give the description back.

    Raises:
        EntropyError, MissingDictionary, DescriptionError: the part cannot be read.
    """
    if not data.startswith(bytes([GRID])):
        return parse_text(entropy.decode_text(data, dictionaries=dictionaries, limit=LIMIT))
    grid, rows, cols, at = cells.decode(data[1:])
    medium, *lines = entropy.decode_text(data[1 + at :], dictionaries=dictionaries, limit=LIMIT).split("\n")
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
    """Name the coder as ``inspect`` shows it: of the text, or ``grid+`` and that of the words."""
    grid = "grid+" if data.startswith(bytes([GRID])) else ""
    return grid + entropy.coder_name(coded_text(data))


def coded_text(data: bytes) -> bytes:
    """Give the coded text of a part: all of it, or the words behind the grid symbols."""
    return data[1 + cells.end(data[1:]) :] if data.startswith(bytes([GRID])) else data
