"""The semantic part: grid symbols and coded text to canonical text."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, NamedTuple

from .coder import Decoder, Tables, need, read_varint
from .palette import NAMES
from .text import decode_text

LIMIT = 1 << 20
CONTINUES, TONES, LIES = ("", "as left", "as above"), ("", "lighter", "darker"), ("", "", "over", "beside", "with")
TEXTURES = ("", "smooth", "soft", "grainy", "rough", "busy")
WAYS = ("", "horizontal", "vertical", "rising", "falling")
SHAPES = (("continues", 16, 3), ("tone", 9, 3), ("lies", 108, 5), ("texture", 98, 6), ("orientation", 216, 5),
          ("text", 9, 2), ("colour", 1, 128), ("left", 129, 128), ("above", 129, 128), ("second", 128, 128))
COLOURS = "|".join(NAMES)
SAID = re.compile(rf"(as left|as above)?(?:(?(1), (?:lighter|darker)))?(?:(?:(?<=.), )?((?:{COLOURS})"
                  rf"(?: (?:over|beside|with) (?:{COLOURS}))?))?(?:(?:(?<=.), )?(?:smooth|soft|grainy|rough|busy)"
                  r"(?: (?:horizontal|vertical|rising|falling))?)?")
BOX = "r([1-8])c([1-8]):r([1-8])c([1-8])"


class Cell(NamedTuple):
    """What a cell stands for, with all it inherits; its own line."""

    continues: int
    steps: int
    lies: int
    first: int
    last: int
    texture: int
    way: int
    words: int
    said: str
    own: int


class Grid:
    """Reads the grid symbols."""

    def __init__(self, data: bytes, tables: Tables) -> None:
        content, self.rows = tables.content("cells-1"), {}
        for name, rows, size in SHAPES:
            self.rows[name] = [content[i * size:(i + 1) * size] for i in range(rows)]
            content = content[rows * size:]
        need(not content, "the length of cells-1")
        self.used = {name: [0] * size for name, _, size in SHAPES}
        self.coder = Decoder(data)

    def read(self, name: str, row: int, *more: bytes) -> int:
        """A symbol of a table's row, with further rows added."""
        shares = [1 + (2 if more else 8) * a + 40 * u for a, u in zip(self.rows[name][row], self.used[name])]
        for other in more:
            shares = [a + 8 * b for a, b in zip(shares, other)]
        value = self.coder.symbol(shares)
        self.used[name][value] += 1
        return value

    def cell(self, left: Cell | None, upper: Cell | None) -> Cell:
        """The next cell."""
        def near(field: str, size: int, none: int) -> int:
            a, b = (getattr(cell, field) if cell else none for cell in (left, upper))
            return a * size + b

        continues = self.read("continues", near("continues", 4, 3))
        source = (None, left, upper)[continues]
        need(source or not continues, "a cell continues nothing")
        tone, lies, first, last, way = 0, 0, 128, 128, 0
        if source:
            tone = self.read("tone", (continues - 1) * 3 + (source.steps > 0) + 2 * (source.steps < 0))
        lies = self.read("lies", continues * 36 + near("lies", 6, 5))
        if lies:
            rows = [self.rows["left"][left.last if left else 128], self.rows["above"][upper.last if upper else 128]]
            first = last = self.read("colour", 0, *rows)
            if lies > 1:
                last = self.read("colour", 0, *rows, self.rows["second"][first])
        texture = self.read("texture", bool(continues) * 49 + near("texture", 7, 6))
        if texture:
            way = self.read("orientation", texture * 36 + near("way", 6, 5))
        own = words = self.read("text", near("words", 3, 2))
        colours = f"{NAMES[first]} {LIES[lies]} {NAMES[last]}" if lies > 1 else NAMES[first] if lies else ""
        items = (CONTINUES[continues], TONES[tone], colours, f"{TEXTURES[texture]} {WAYS[way]}".strip())
        steps = (0, 1, -1)[tone]
        if source:
            steps += 0 if lies else source.steps
            lies, first, last = (lies, first, last) if lies else source[2:5]
            texture, way = (texture, way) if texture else source[5:7]
            words = words or source.words
        return Cell(continues, steps, lies, first, last, texture, way, words, ", ".join(filter(None, items)), own)


def plain(*texts: str) -> None:
    """Refuse what is no text of the grammar."""
    for piece in texts:
        need(1 <= len(piece) <= 4000 and piece == piece.strip(" ") and "  " not in piece, "a text")
        need(not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or (c != " " and c.isspace())
                     or "\u202a" <= c <= "\u202e" or "\u2066" <= c <= "\u2069" for c in piece), "a text's characters")


def check(text: str) -> str:
    """Refuse what is no canonical text."""
    def match(pattern: str) -> Any:
        found = lines and re.fullmatch(pattern, lines[0])
        return found and lines.pop(0) and found

    lines = text.removesuffix("\n").split("\n")
    head = match("(.*) ([1-8])x([1-8])")
    need(head, "head")
    rows, columns = int(head[2]), int(head[3])
    plain(head[1], *(found[1] for key in ("summary", "light", "mood") if (found := match(f"{key}: (.*)"))))
    for i in range(rows * columns):
        cell = match(f"r{i // columns + 1}c{i % columns + 1}(?: ((?:(?!: ).)+))??(?:: (.*))?")
        said = cell and SAID.fullmatch(cell[1] or "")
        need(said and (said[1] or said[2] or cell[2]), "a cell")
        need(i % columns if said[1] == "as left" else i >= columns or not said[1], "a cell continues nothing")
        plain(*cell.groups()[1:] if cell[2] is not None else ())
    for pattern in (f"object {BOX} ([^,]*(?:, [^,]*)*)", f"lettering {BOX}(?: ([^:]*))??: (.*)"):
        while found := match(pattern):
            need(found[1] <= found[3] <= head[2] and found[2] <= found[4] <= head[3], "a box")
            plain(*(piece for texts in found.groups()[4:] if texts is not None
                    for piece in (texts.split(", ") if pattern[0] == "o" else [texts])))
    need(not lines, "a line too many")
    return text.removesuffix("\n")


def decode(data: bytes, tables: Tables, dictionary: str | None) -> str:
    """The canonical text of a semantic part."""
    if data[:1] != b">":
        return check(decode_text(data, tables, dictionary, LIMIT))
    length, at = read_varint(data, 1)
    need(at + length <= len(data), "cut grid symbols")
    grid, cells = Grid(data[at:at + length], tables), []
    medium, *rest = decode_text(data[at + length:], tables, dictionary, LIMIT).split("\n")
    size = grid.coder.equal(64)
    height, width = size // 8 + 1, size % 8 + 1
    for i in range(height * width):
        cells.append(grid.cell(cells[-1] if i % width else None, cells[-width] if i >= width else None))
    out = []
    for i, cell in enumerate(cells):
        need(rest or not cell.own, "words of a cell are missing")
        label = f"r{i // width + 1}c{i % width + 1}" + (f" {cell.said}" if cell.said else "")
        out.append(label + (f": {rest.pop(0)}" if cell.own else ""))
    grid.coder.close()
    front = 0
    for key in ("summary: ", "light: ", "mood: "):
        front += rest[front:front + 1] != [] and rest[front].startswith(key)
    return check("\n".join([f"{medium} {height}x{width}", *rest[:front], *out, *rest[front:]]))
