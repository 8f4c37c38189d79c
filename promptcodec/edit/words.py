"""Operations on the words of a description, and what users' words mean: colours, surfaces, a cell."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from promptcodec.description import (
    PALETTE,
    Cell,
    Description,
    Lettering,
    ResolvedCell,
    SceneObject,
    clean,
    resolve,
)
from promptcodec.description.basic import basic_colour, names_in, palette_name, rename_colours
from promptcodec.description.model import TEXTURES, check_cell
from promptcodec.description.text import parse_cell
from promptcodec.edit.region import Flags
from promptcodec.edit.take_out import take_out
from promptcodec.errors import DescriptionError, UsageError
from promptcodec.vision.colour import nearest_names, palette_oklab

_STYLES = ("summary", "light", "mood")
_STYLE = re.compile(r"\s*(\w+)\s*:\s*(.*)", re.DOTALL)
_SURFACE = re.compile(r"([a-z]+)(?: ([a-z]+))?")


def colour_of(words: str) -> str:
    """Give the palette colour that words name, the last one where there are several.

    Raises:
        UsageError: they name none.
    """
    names = names_in(words)
    if not names:
        like = difflib.get_close_matches(words.lower(), PALETTE, 8)
        raise UsageError(
            f"{words[:40]!r} is no colour of the palette; try {', '.join(like or ['red', 'sky blue'])}"
        )
    return names[-1]


def is_colour(words: str) -> bool:
    """Say whether words are the name of a colour and nothing else: all of them is kept."""
    return bool(palette_name(clean(words).lower()))


def say_cell(description: Description, index: int, words: str) -> ResolvedCell:
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
    try:
        cell = parse_cell(f" {words}")
    except DescriptionError:
        text = clean(words)
        names = names_in(text)
        wanted = replace(resolve(description)[index], text=text)
        if names:
            wanted = replace(wanted, colours=(names[0],), arrangement="", tone=0)
        check_cell(wanted.alone(), row + 1, col + 1)
        return wanted
    check_cell(cell, row + 1, col + 1)
    cells = (*description.cells[:index], cell, *description.cells[index + 1 :])
    return resolve(replace(description, cells=cells))[index]


def recolour(cells: Sequence[ResolvedCell], chosen: Flags, colour: str) -> list[ResolvedCell]:
    """Give the chosen cells one colour; the names and basic words of their colours in their texts follow."""
    result = []
    for cell, inside in zip(cells, chosen.ravel(), strict=True):
        if inside:
            others: dict[str, str] = {}
            for name in cell.colours:
                others |= {name: say_colour(name, colour), basic_colour(name): basic_colour(colour)}
            text = rename_colours(cell.text, others)
            result.append(replace(cell, colours=(colour,), arrangement="", tone=0, text=text))
        else:
            result.append(cell)
    return result


def say_colour(words: str, colour: str) -> str:
    """Say a palette colour as finely as other words said theirs: "light brown" becomes basic words again.

    Args:
        words: that name a colour, palette or basic; others come back as they are.
        colour: the palette colour to say.
    """
    name = palette_name(words)
    if not name:
        return words
    return colour if words == name != basic_colour(name) else basic_colour(colour)


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
    """Replace words everywhere but in the medium; objects and lettering of which nothing is left go.

    Returns:
        the description with other words and its colours as they were, and the colours to change: where
        ``old`` names colours ("green": also "dark green" and "sage", which texts call green) and ``new`` one.

    Raises:
        UsageError: nothing says ``old``.
    """
    if not old.strip():
        raise UsageError("a replacement needs words to look for before those to put in their place")
    key = clean(old).lower()

    def other(text: str) -> str:
        return clean(swap(text, key, new) if new.strip() else take_out(text, key))

    reworded = replace(
        description,
        summary=other(description.summary),
        light=other(description.light),
        mood=other(description.mood),
        cells=tuple(_with_text(cell, other(cell.text)) for cell in description.cells),
        objects=tuple(
            SceneObject(name, thing.box, tuple(filter(None, map(other, thing.attributes))))
            for thing in description.objects
            if (name := other(thing.name))
        ),
        lettering=tuple(
            Lettering(text, item.box, other(item.manner))
            for item in description.lettering
            if (text := other(item.text))
        ),
    )
    colours = {}
    if names_in(new):
        target = colour_of(new)
        family = [
            name for name in PALETTE if any(f" {word}".endswith(f" {key}") for word in _words_for(name))
        ]
        used = {name for cell in description.cells for name in cell.colours}
        plain = palette_name(key) or (family or [""])[0]
        colours = {name: shift_colour(name, plain, target) for name in family if name in used}
    if reworded == description and not colours:
        raise UsageError(
            f"the description nowhere says {old[:40]!r}", hint="promptcodec inspect shows what it says"
        )
    return reworded, colours


def _words_for(name: str) -> tuple[str, str]:
    """Give what texts may call a palette colour: its name, and its basic words."""
    return name, basic_colour(name)


def _with_text(cell: Cell, text: str) -> Cell:
    """Give a cell other words; one that says nothing else keeps what it said rather than nothing."""
    if not (text or cell.continues or cell.colours):
        return cell
    return replace(cell, text=text)


def surface(words: str) -> tuple[str, str]:
    """Read a surface: a texture class and, where given, an orientation: "rough horizontal".

    Raises:
        UsageError: it is neither.
    """
    match = _SURFACE.fullmatch(words)
    if match is None or match[1] not in TEXTURES:
        raise UsageError(f"{words[:40]!r} is no surface; one of {', '.join(TEXTURES)}, as in 'rough rising'")
    return match[1], match[2] or ""


def style(description: Description, words: str) -> Description:
    """Say another mood, or what ``light: `` or ``summary: `` heads.

    Raises:
        UsageError: another word heads it.
    """
    match = _STYLE.fullmatch(words)
    name, text = (match[1].lower(), match[2]) if match else ("mood", words)
    if name not in _STYLES:
        raise UsageError(
            f"a style has no {name[:40]!r}; write one of {', '.join(_STYLES)} before the colon, as in "
            f"'mood: {words[:40]}'"
        )
    fields: dict[str, Any] = {name: clean(text)}
    return replace(description, **fields)
