"""Words beside a colour map: the semantic parts that begin with 3F or 7F."""

from __future__ import annotations

import re

from . import derived
from .coder import Tables, known, need, read_varint
from .semantic import LIMIT, TEXTURES, WAYS, Grid, plain
from .text import decode_text, walked
from .texture import ColourMap


def small(text: str) -> str:
    """A text with A-Z made small."""
    return text.encode().lower().decode()


def has(string: str, text: str) -> bool:
    """Whether a string has a text, perhaps with an s behind it."""
    return bool(re.search(rf"(?<![a-z]){re.escape(small(text))}s?(?![a-z])", small(string)))


class Shown:
    """What cells can show: texts by index, with their shares."""

    def __init__(self, content: bytes, mentions: list[str], names: list[str]) -> None:
        first, *rest = content.decode().split("\n")
        silence, following, *numbers = map(int, first.split(" "))
        self.left, self.above, self.both, self.covered, self.mentioned, self.used = numbers
        self.mentions, self.texts, self.shares = mentions + names, ["", "\n"], [silence, following]
        for frequency, _, noun in (line.partition(" ") for line in rest):
            self.add(noun, int(frequency))
        for one in names:
            if one not in self.texts:
                self.add(one, 1)

    def add(self, text: str, share: int) -> None:
        """Give a text the next index."""
        self.texts.append(text)
        self.shares.append(share + self.mentioned * any(has(one, text) for one in self.mentions))

    def near(self, left: int | None, upper: int | None, covering: str) -> list[int]:
        """The shares in one cell."""
        shares = list(self.shares)
        for index, more in ((left, self.left), (upper, self.above), (left if left == upper else None, self.both)):
            if index is not None:
                shares[index] += more
        return [share + self.covered * (k > 1 and has(covering, self.texts[k])) for k, share in enumerate(shares)]


def decode(data: bytes, tables: Tables, dictionary: str | None, content: ColourMap | None) -> str:
    """The canonical text, with the colours of the colour map; without one no colours."""
    known(data[0] < 128, "words beside a colour map, of a later form")
    symbols, words = data[1:], None
    if data[0] == 0x3F:
        length, at = read_varint(data, 1)
        need(at + length <= len(data), "cut symbols")
        symbols, words = data[at:at + length], decode_text(data[at + length:], tables, dictionary, LIMIT)
    grid = Grid(symbols, tables)
    read = Said(grid, tables, words)
    grid.coder.close()
    return read.text(derived.colours(content, read.rows, read.columns, tables) if content else None)


class Said:
    """What the symbols say; the words are given, or None where they are among the symbols."""

    def __init__(self, grid: Grid, tables: Tables, words: str | None) -> None:
        coder, boxes = grid.coder, ([], [])
        size = coder.equal(64)
        rows, columns = self.rows, self.columns = size // 8 + 1, size % 8 + 1
        for found, p in zip(boxes, (49152, 8192)):
            while coder.bit(p):
                top = coder.equal(rows) + 1
                bottom = coder.equal(rows - top + 1) + top
                left = coder.equal(columns) + 1
                found.append((top, left, bottom, coder.equal(columns - left + 1) + left))
        styles = [key for key, p in (("summary", 57344), ("light", 16384), ("mood", 8192)) if coder.bit(p)]
        textured = coder.bit(16384)
        if words is None:
            words = walked(coder, tables, 6, b"", LIMIT)

        lines = words.split("\n")
        need(len(lines) > len(styles) + len(boxes[0]) + len(boxes[1]), "lines are missing")
        medium, *said = (lines.pop(0) for _ in range(1 + len(styles)))
        objects = [lines.pop(0).split(", ") for _ in boxes[0]]
        lettering = [lines.pop(0).partition(": ") for _ in boxes[1]]
        need(not any("," in piece for pieces in objects for piece in pieces), "a comma in an object's texts")
        need(all(colon and ":" not in manner for manner, colon, _ in lettering), "lettering")
        plain(medium, *said, *sum(objects, []), *(text for one in lettering for text in (one[0] or "-", one[2])), *lines)

        shown, cells = Shown(tables.content("nouns-1"), said, [pieces[0] for pieces in objects]), []
        for i in range(rows * columns):
            row, column = i // columns + 1, i % columns + 1
            covering = " ".join(pieces[0] for pieces, (top, left, bottom, right) in zip(objects, boxes[0])
                                if top <= row <= bottom and left <= column <= right)
            k = coder.symbol(shown.near(cells[-1] if column > 1 else None, cells[-columns] if row > 1 else None, covering))
            if k == 1:
                need(lines and lines[0] not in shown.texts, "no phrase, or one that has an index")
                k = len(shown.texts)
                shown.add(lines.pop(0), 1)
            shown.shares[k] += shown.used
            cells.append(k)
        need(not lines, "a phrase is left over")

        surfaces: list[tuple[int, int]] = []
        for i in range(rows * columns * textured):
            near = [surfaces[-1] if i % columns else (6, 5), surfaces[-columns] if i >= columns else (6, 5)]
            texture = grid.read("texture", near[0][0] * 7 + near[1][0])
            surfaces.append((texture, grid.read("orientation", texture * 36 + near[0][1] * 6 + near[1][1]) if texture else 0))
        self.medium, self.styles, self.surfaces = medium, list(zip(styles, said)), surfaces
        self.cells, self.objects, self.lettering = [shown.texts[k] for k in cells], list(zip(boxes[0], objects)), list(zip(boxes[1], lettering))

    def text(self, colours: list[str] | None) -> str:
        """The canonical text, with the colours of its cells."""
        out = [f"{self.medium} {self.rows}x{self.columns}", *(f"{key}: {text}" for key, text in self.styles)]
        for i, said in enumerate(self.cells):
            texture, way = self.surfaces[i] if self.surfaces else (0, 0)
            items = ", ".join(filter(None, (colours[i] if colours else "", f"{TEXTURES[texture]} {WAYS[way]}".strip())))
            out.append(f"r{i // self.columns + 1}c{i % self.columns + 1}" + (items and f" {items}") + (said and f": {said}"))
        box = "r{}c{}:r{}c{}".format
        out += [f"object {box(*place)} {', '.join(pieces)}" for place, pieces in self.objects]
        return "\n".join(out + [f"lettering {box(*place)}{manner and f' {manner}'}: {text}"
                                for place, (manner, _, text) in self.lettering])
