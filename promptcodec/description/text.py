"""The canonical text of a description: line-based, compact, stable under parse -> format -> parse.

    photo 2x2
    summary: A red barn under a pale sky.
    light: bright, from the left
    mood: calm
    r1c1 sky blue over white, smooth
    r1c2 as left, lighter
    r2c1 dark red, rough vertical: a barn wall
    r2c2 grass green, grainy
    object r2c1:r2c1 barn, red, wooden
    lettering r2c1:r2c1 painted: HAY

Lines come in this order; ``summary``, ``light`` and ``mood`` are left out when empty. A cell that says
nothing is its position alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from promptcodec.description.model import (
    ARRANGEMENTS,
    TEXTURES,
    TONES,
    Box,
    Cell,
    Description,
    Lettering,
    SceneObject,
    check_cell,
    check_grid,
    check_lettering,
    check_object,
    check_text,
)
from promptcodec.description.palette import PALETTE
from promptcodec.errors import DescriptionError

_HEAD = re.compile(r"(.+) ([1-9][0-9]?)x([1-9][0-9]?)")
_BOXED = re.compile(r"(?:object|lettering) r([1-9])c([1-9]):r([1-9])c([1-9])(?= |: )(.*)")
_PAIR = re.compile(rf"(.+) ({'|'.join(ARRANGEMENTS)}) (.+)")


def format_cell(cell: Cell) -> str:
    """Write what one cell says, without its position."""
    colours = f" {cell.arrangement} ".join(cell.colours)
    texture = f"{cell.texture} {cell.orientation}".rstrip()
    continues = f"as {cell.continues}" if cell.continues else ""
    items = ", ".join(item for item in (continues, cell.tone, colours, texture) if item)
    return f"{' ' + items if items else ''}{': ' + cell.text if cell.text else ''}"


def format_text(description: Description) -> str:
    """Write the canonical text; ``parse_text`` gives the same description back."""
    lines = [f"{description.medium} {description.rows}x{description.cols}"]
    for name in ("summary", "light", "mood"):
        value = getattr(description, name)
        if value:
            lines.append(f"{name}: {value}")
    lines += [
        f"r{index // description.cols + 1}c{index % description.cols + 1}{format_cell(cell)}"
        for index, cell in enumerate(description.cells)
    ]
    for thing in description.objects:
        lines.append(f"object {_format_box(thing.box)} {', '.join((thing.name, *thing.attributes))}")
    for item in description.lettering:
        manner = f" {item.manner}" if item.manner else ""
        lines.append(f"lettering {_format_box(item.box)}{manner}: {item.text}")
    return "\n".join(lines)


def _format_box(box: Box) -> str:
    return f"r{box.top}c{box.left}:r{box.bottom}c{box.right}"


def parse_cell(text: str) -> Cell:
    """Read what ``format_cell`` writes: the part of a cell line after its position.

    Raises:
        DescriptionError: with the 1-based column inside ``text`` where reading stopped.
    """
    items, words = _split_cell(text)
    continues = tone = texture = orientation = arrangement = ""
    colours: tuple[str, ...] = ()
    done = -1
    column = 2
    for item in items:
        with located(1, column):
            if item in ("as left", "as above"):
                place, continues = 0, item[3:]
            elif item in TONES:
                place, tone = 1, item
            elif item.partition(" ")[0] in TEXTURES:
                place = 3
                texture, _, orientation = item.partition(" ")
            else:
                place = 2
                colours, arrangement = _parse_colours(item)
            if place <= done:
                raise DescriptionError(
                    f"{item!r} is out of place; a cell says continuation, tone, colours, texture"
                )
        done = place
        column += len(item) + 2
    return Cell(continues, tone, colours, arrangement, texture, orientation, words)


def _split_cell(text: str) -> tuple[list[str], str]:
    if not text:
        return [], ""
    if text.startswith(": "):
        return [], text[2:]
    listed, colon, words = text.removeprefix(" ").partition(": ")
    if colon and not words:
        raise DescriptionError("the words behind ': ' are missing", 1, len(text) + 1)
    return listed.split(", "), words


def _parse_colours(item: str) -> tuple[tuple[str, ...], str]:
    pair = _PAIR.fullmatch(item)
    names = (item,) if pair is None else (pair[1], pair[3])
    for name in names:
        if name not in PALETTE:
            raise DescriptionError(f"{name!r} is neither a palette colour nor a texture")
    return names, "" if pair is None else pair[2]


def parse_text(text: str) -> Description:
    """Read canonical text strictly; one newline at the end is allowed.

    Raises:
        DescriptionError: with line and column.
    """
    lines = text.removesuffix("\n").split("\n")
    head = _HEAD.fullmatch(lines[0])
    if head is None:
        raise DescriptionError("the first line is a medium and a grid, as in 'photo 3x4'", 1, 1)
    medium, rows, cols = head[1], int(head[2]), int(head[3])
    with located(1, 1):
        check_grid(rows, cols)
        check_text("medium", medium, required=True)
    style, at = _parse_style(lines)
    cells = [
        _parse_cell_line(lines, at + (row - 1) * cols + col - 1, row, col)
        for row in range(1, rows + 1)
        for col in range(1, cols + 1)
    ]
    objects: list[SceneObject] = []
    lettering: list[Lettering] = []
    for number, line in enumerate(lines[at + rows * cols :], at + rows * cols + 1):
        with located(number, 1):
            if line.startswith("object ") and not lettering:
                objects.append(_parse_object(line, rows, cols))
            elif line.startswith("lettering "):
                lettering.append(_parse_lettering(line, rows, cols))
            else:
                raise DescriptionError("after the cells come object lines, then lettering lines")
    return Description(
        medium, rows, cols, tuple(cells), objects=tuple(objects), lettering=tuple(lettering), **style
    )


def _parse_style(lines: list[str]) -> tuple[dict[str, str], int]:
    style: dict[str, str] = {}
    at = 1
    for name in ("summary", "light", "mood"):
        if at < len(lines) and lines[at].startswith(f"{name}: "):
            style[name] = lines[at][len(name) + 2 :]
            with located(at + 1, len(name) + 3):
                check_text(name, style[name], required=True)
            at += 1
    return style, at


def _parse_cell_line(lines: list[str], at: int, row: int, col: int) -> Cell:
    position = f"r{row}c{col}"
    line = lines[at] if at < len(lines) else ""
    content = line.removeprefix(position)
    if content == line or (content and not content.startswith((" ", ": "))):
        raise DescriptionError(f"expected the cell {position}, as in '{position} grey, smooth'", at + 1, 1)
    with located(at + 1, len(position) + 1):
        cell = parse_cell(content)
        check_cell(cell, row, col)
    return cell


def _parse_boxed(line: str) -> tuple[Box, str]:
    match = _BOXED.fullmatch(line)
    if match is None:
        raise DescriptionError("expected a box of cells, as in 'object r1c1:r2c3 barn, red'")
    top, left, bottom, right = (int(number) for number in match.groups()[:4])
    return Box(top, left, bottom, right), match[5]


def _parse_object(line: str, rows: int, cols: int) -> SceneObject:
    box, rest = _parse_boxed(line)
    if not rest.startswith(" "):
        raise DescriptionError("expected a name after the box, as in 'object r1c1:r2c3 barn, red'")
    name, *attributes = rest[1:].split(", ")
    thing = SceneObject(name, box, tuple(attributes))
    check_object(thing, rows, cols)
    return thing


def _parse_lettering(line: str, rows: int, cols: int) -> Lettering:
    box, rest = _parse_boxed(line)
    manner, colon, words = rest.partition(": ")
    if not colon or manner == " ":
        raise DescriptionError("expected the words after the box, as in 'lettering r1c1:r1c2 neon: OPEN'")
    item = Lettering(words, box, manner.removeprefix(" "))
    check_lettering(item, rows, cols)
    return item


@contextmanager
def located(line: int, column: int) -> Iterator[None]:
    """Give an error raised inside its line, and its column counted from ``column``."""
    try:
        yield
    except DescriptionError as error:
        raise DescriptionError(error.reason, line, column + max(error.column - 1, 0)) from None
