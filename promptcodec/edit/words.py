"""Operations on the description: on what its cells stand for, said again in the fewest words."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from promptcodec.description import PALETTE, Box, Cell, Description, Lettering, SceneObject, clean, resolve
from promptcodec.description.model import TEXTURES, TONES, check_cell, resolve_cell
from promptcodec.description.palette import names_in
from promptcodec.description.text import format_cell, parse_cell
from promptcodec.edit.region import Flags
from promptcodec.errors import DescriptionError, UsageError
from promptcodec.vision.colour import nearest_names, palette_oklab, said_colours

_STYLE = re.compile(r"(summary|light|mood): ?(.*)", re.DOTALL)
_SURFACE = re.compile(r"([a-z]+)(?: ([a-z]+))?")


def meanings(description: Description) -> list[Cell]:
    """Give what each cell stands for by itself: nothing inherited, tone as steps (``++``)."""
    return [replace(cell, continues="") for cell in resolve(description)]


def restate(description: Description, wanted: Sequence[Cell]) -> Description:
    """Make the cells stand for ``wanted``; those that already do stay as they are said.

    A tone of several steps that no neighbour can lend any more becomes the nearest colour.

    Args:
        description: whose cells are said again.
        wanted: as ``meanings`` gives them.
    """
    said: list[Cell] = []
    known: list[Cell] = []
    for index, (cell, want) in enumerate(zip(description.cells, wanted, strict=True)):
        near = {}
        if index % description.cols:
            near["left"] = known[index - 1]
        if index >= description.cols:
            near["above"] = known[index - description.cols]
        if _stands_for(cell, near) != want:
            fitting = [form for form in _forms(want, near) if _stands_for(form, near) == want]
            cell = min(fitting, key=lambda form: len(format_cell(form)), default=_settled(want))  # noqa: PLW2901
        said.append(cell)
        known.append(resolve_cell(cell, near.get(cell.continues)))
    return replace(description, cells=tuple(said))


def _stands_for(cell: Cell, near: dict[str, Cell]) -> Cell:
    return replace(resolve_cell(cell, near.get(cell.continues)), continues="")


def _forms(want: Cell, near: dict[str, Cell]) -> Iterator[Cell]:
    """Give ways to say a cell, not all of them right."""
    if not want.tone:
        yield want
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


def _settled(want: Cell) -> Cell:
    """Say a cell without a neighbour, its tone worked into the names of its colours."""
    return replace(want, tone="", colours=tuple(nearest_names(said_colours(want))))


def colour_of(words: str) -> str:
    """Give the palette colour that words name, the last one where there are several.

    Raises:
        UsageError: they name none.
    """
    found = names_in(words)
    if not found:
        like = difflib.get_close_matches(words.lower(), PALETTE, 8)
        raise UsageError(
            f"{words[:40]!r} is no colour of the palette; try {', '.join(like or ['red', 'sky blue'])}"
        )
    return found[-1]


def say_cell(description: Description, index: int, words: str) -> Cell:
    """Give what a cell stands for when ``words`` are said of it.

    Args:
        description: what is said now.
        index: of the cell, in raster order.
        words: as on a cell's line of the canonical text ("sky blue over white, smooth: a kite"), or any
            words: the colour they name becomes the cell's, what else it said of its surface stays.

    Raises:
        DescriptionError: they cannot stand in a cell.
    """
    row, col = divmod(index, description.cols)
    before = meanings(description)[index]
    try:
        said = parse_cell(f" {words}")
    except DescriptionError:
        text = clean(words)
        found = names_in(text)
        said = replace(before, text=text)
        if found:
            said = replace(said, colours=(found[0],), arrangement="", tone="")
        check_cell(replace(said, tone=""), row + 1, col + 1)
        return said
    check_cell(said, row + 1, col + 1)
    known = resolve(
        replace(description, cells=(*description.cells[:index], said, *description.cells[index + 1 :]))
    )
    return replace(known[index], continues="")


def recolour(cells: Sequence[Cell], chosen: Flags, colour: str) -> list[Cell]:
    """Give the chosen cells one colour; colour names in their words follow."""
    result = []
    for cell, inside in zip(cells, chosen.ravel(), strict=True):
        if inside:
            text = cell.text
            for name in sorted(cell.colours, key=len, reverse=True):
                text = swap(text, name, colour)
            result.append(replace(cell, colours=(colour,), arrangement="", tone="", text=text))
        else:
            result.append(cell)
    return result


def swap(text: str, old: str, new: str) -> str:
    """Replace whole words, whatever their case."""
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text, flags=re.IGNORECASE)


def shift_colour(name: str, old: str, new: str) -> str:
    """Give the palette colour that is to ``new`` in lightness what ``name`` is to ``old``."""
    values = dict(zip(PALETTE, palette_oklab(), strict=True))
    wanted = values[new].copy()
    wanted[0] += values[name][0] - values[old][0]
    return nearest_names(wanted[None])[0]


def replace_words(description: Description, old: str, new: str) -> tuple[Description, dict[str, str]]:
    """Replace words everywhere but in the medium.

    Returns:
        the description with other words and its colours as they were, and the colours to change: where
        ``old`` names colours ("green": also "dark green") and ``new`` one.

    Raises:
        UsageError: nothing says ``old``.
    """
    if not old.strip():
        raise UsageError("a replacement needs words to look for before those to put in their place")
    key = clean(old).lower()

    def other(text: str) -> str:
        return clean(swap(text, key, new))

    said = replace(
        description,
        summary=other(description.summary),
        light=other(description.light),
        mood=other(description.mood),
        cells=tuple(_with_text(cell, other(cell.text)) for cell in description.cells),
        objects=tuple(
            SceneObject(other(thing.name), thing.box, tuple(filter(None, map(other, thing.attributes))))
            for thing in description.objects
        ),
        lettering=tuple(
            Lettering(other(item.text), item.box, other(item.manner)) for item in description.lettering
        ),
    )
    colours = {}
    if names_in(new):
        target = colour_of(new)
        family = [name for name in PALETTE if name == key or name.endswith(f" {key}")]
        used = {name for cell in description.cells for name in cell.colours}
        plain = key if key in PALETTE else (family or [""])[0]
        colours = {name: shift_colour(name, plain, target) for name in family if name in used}
    if said == description and not colours:
        raise UsageError(f"the description nowhere says {old[:40]!r}; see it with promptcodec inspect")
    return said, colours


def _with_text(cell: Cell, text: str) -> Cell:
    """Give a cell other words; one that says nothing else keeps what it said rather than nothing."""
    if not (text or cell.continues or cell.colours):
        return cell
    return replace(cell, text=text)


def surface(words: str) -> tuple[str, str]:
    """Read a texture class and, where given, an orientation: "rough horizontal".

    Raises:
        UsageError: it is neither.
    """
    match = _SURFACE.fullmatch(words)
    if match is None or match[1] not in TEXTURES:
        raise UsageError(
            f"{words[:40]!r} is no texture class; one of {', '.join(TEXTURES)}, as in 'rough rising'"
        )
    return match[1], match[2] or ""


def style(description: Description, words: str) -> Description:
    """Say another mood, or what ``light: `` or ``summary: `` heads."""
    match = _STYLE.fullmatch(words)
    name, text = (match[1], match[2]) if match else ("mood", words)
    said: dict[str, Any] = {name: clean(text)}
    return replace(description, **said)


def fill(cells: Sequence[Cell], chosen: Flags) -> list[Cell]:
    """Give the chosen cells what the nearest other ones stand for, beside before above or below.

    Raises:
        UsageError: no cell is left.
    """
    if chosen.all():
        raise UsageError("nothing would be left around it to fill it from; give a smaller box")
    down, across = np.nonzero(~chosen)
    result = list(cells)
    for row, col in zip(*np.nonzero(chosen), strict=True):
        # Scenes go on sideways: a step down counts one and a half.
        nearest = int(np.argmin(9 * (down - row) ** 2 + 4 * (across - col) ** 2))
        result[row * chosen.shape[1] + col] = cells[down[nearest] * chosen.shape[1] + across[nearest]]
    return result


def inside(box: Box, chosen: Flags) -> bool:
    """Say whether at least half of a box of cells is chosen."""
    return bool(chosen[box.top - 1 : box.bottom, box.left - 1 : box.right].mean() >= 0.5)


def without_things(description: Description, chosen: Flags) -> Description:
    """Leave out the objects and the lettering in the chosen cells."""
    return replace(
        description,
        objects=tuple(thing for thing in description.objects if not inside(thing.box, chosen)),
        lettering=tuple(item for item in description.lettering if not inside(item.box, chosen)),
    )


def move(description: Description, chosen: Flags, by: tuple[int, int]) -> Description:
    """Move the chosen cells, with their objects and lettering, by rows and columns; fill where they were.

    Raises:
        UsageError: nothing is left to fill from.
    """
    cells = meanings(description)
    result = fill(cells, chosen)
    target = np.zeros_like(chosen)
    for row, col in zip(*np.nonzero(chosen), strict=True):
        to = (row + by[0], col + by[1])
        if 0 <= to[0] < chosen.shape[0] and 0 <= to[1] < chosen.shape[1]:
            target[to] = True
            result[to[0] * chosen.shape[1] + to[1]] = cells[row * chosen.shape[1] + col]

    def places(box: Box) -> Box | None:
        """Give where a box is afterwards; None where something was moved over it."""
        if inside(box, chosen):
            return _shifted(box, by, chosen.shape)
        return None if inside(box, target) else box

    objects = [(thing, places(thing.box)) for thing in description.objects]
    lettering = [(item, places(item.box)) for item in description.lettering]
    return replace(
        restate(description, result),
        objects=tuple(replace(thing, box=box) for thing, box in objects if box),
        lettering=tuple(replace(item, box=box) for item, box in lettering if box),
    )


def _shifted(box: Box, by: tuple[int, int], grid: tuple[int, ...]) -> Box:
    rows = [min(max(row + by[0], 1), grid[0]) for row in (box.top, box.bottom)]
    cols = [min(max(col + by[1], 1), grid[1]) for col in (box.left, box.right)]
    return Box(rows[0], cols[0], rows[1], cols[1])
