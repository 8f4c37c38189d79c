"""What fits of a description into some bytes: the words that matter most, then a grid of what is where."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from promptcodec.description import Cell, Description, shorten
from promptcodec.description.coarsen import coarsen, coarsen_nouns
from promptcodec.rate.grids import CELLS, grid

TEXT, TEXT_ALONE = 0.9, 0.6
"""What medium, summary, objects and lettering may take of the room for words: with a colour map (0.45 of
the file), and without one, where the cells carry the colours."""
SMALL = 39
"""Below so many bytes they may take it all: the words of a file of 64 bytes."""
SURFACES = 0.5
"""The words with the surfaces of cells stand beside a colour map where they take no more of the room."""
LEAST_CELLS, LEAST_ROOM = 12, 74
"""Cells that say what is where at least, and the room for words from which they do: a file of 150 bytes."""

LITTLE = 0.5
"""A grid in the middle that takes no more of the room: the finest is likely to fit."""
LETTERS_PER_BYTE, GUESSES = 4, 4
"""Free text that a byte holds, about, and how often that says which words fit."""
UNEVEN = 3
"""Bytes that a text may be shorter than one with fewer words, at most, as far as fitting looks for it."""

Code = Callable[[Description], bytes]
OnGrid = Callable[[int, int], Description]
_Item = TypeVar("_Item")


def fit_description(
    full: Description,
    size: tuple[int, int],
    code: Code,
    room: int | None,
    *,
    with_map: bool = False,
    on_grid: OnGrid | None = None,
) -> bytes:
    """Code what fits of a description: its words, what matters most first, then the finest grid.

    Medium, summary, objects and lettering are whole where they take no more than their part, else without
    what matters least; see ``shorten.by_salience``.

    Args:
        full: the description.
        size: width and height of the picture.
        code: codes a description.
        room: bytes; None for no limit. The result may be longer: it is then the shortest there is.
        with_map: a colour map stands beside the words, so the cells have no colours.
        on_grid: gives the description on a grid of rows and columns; by default it is merged.
    """
    if room is None:
        return code(full)
    # The same words on the same grid are asked for again and again.
    code = functools.cache(code)
    if with_map:
        # Surfaces say little: they come where words leave room, not in place of the colour map.
        whole = code(full)
        if len(whole) <= SURFACES * room:
            return whole
    grids = list(dict.fromkeys(grid(cells, size) for cells in CELLS))
    if on_grid is None:
        merge = coarsen_nouns if with_map else coarsen
        own = full.rows, full.cols
        # None is finer than its own, in either way: a noun in between would be lost for nothing.
        coarser = (each for each in grids if each != own and each[0] <= own[0] and each[1] <= own[1])
        grids = [own, *coarser]
        on_grid = partial(merge, full)
    on_grid = functools.cache(on_grid)
    part = room if room < SMALL else round((TEXT if with_map else TEXT_ALONE) * room)
    forms: list[Callable[[], Description]]
    if with_map:
        if room >= LEAST_ROOM:
            part = min(part, room - _cost_of_cells(_with_cells(on_grid, grids), code))
        base = _silent(full)
        forms = [
            *(partial(_on, on_grid, shape, shorten.without_textures) for shape in grids),
            lambda: base,
            lambda: _silent(on_grid(*grids[-1])),
        ]
    else:
        base = on_grid(*grids[-1])
        ways = (_whole, shorten.without_orientations)
        forms = [partial(_on, on_grid, shape, way) for shape in grids for way in ways]
    texts = _fit_text(base, code, part)
    chosen = _first_fitting(forms, lambda form: len(code(_with_text(form(), texts[-1]))), room)
    if chosen is not None:
        # The cells may have left room: words that were left out for them come back.
        cells = chosen()
        texts = _up_to_fitting(texts, lambda text: code(_with_text(cells, text)), room)
        return code(_with_text(cells, texts[-1]))
    coded = [code(shorter) for shorter in shorten.least(_with_text(forms[-1](), texts[-1]))]
    return next((data for data in coded if len(data) <= room), coded[-1])


def _on(on_grid: OnGrid, shape: tuple[int, int], less: Callable[[Description], Description]) -> Description:
    return less(on_grid(*shape))


def _whole(description: Description) -> Description:
    return description


def _with_cells(on_grid: OnGrid, grids: Sequence[tuple[int, int]]) -> Description:
    """Give the description on the coarsest grid of LEAST_CELLS, or on the finest there is."""
    enough = [shape for shape in grids if shape[0] * shape[1] >= LEAST_CELLS]
    return on_grid(*min(enough or grids[:1], key=math.prod))


def _cost_of_cells(description: Description, code: Code) -> int:
    return len(code(shorten.without_textures(description))) - len(code(_silent(description)))


def _first_fitting(
    forms: Sequence[Callable[[], Description]], length: Callable[[Callable[[], Description]], int], room: int
) -> Callable[[], Description] | None:
    """Find the first of ever shorter forms that fits, by bisection; the very first where one takes little."""
    low, high = 0, len(forms) - 1
    best = None
    middle = high // 2
    while low <= high:
        taken = length(forms[middle])
        if taken <= room:
            best, high = forms[middle], middle - 1
        else:
            low = middle + 1
        middle = low if taken <= LITTLE * room else (low + high) // 2
    return best


def _silent(description: Description) -> Description:
    """Give a description whose cells say nothing."""
    return replace(description, cells=(Cell(),) * len(description.cells))


def _fit_text(description: Description, code: Code, part: int) -> Sequence[Description]:
    """Give a description in ever fewer words, down to those that fit into ``part`` bytes, and its cells."""
    if len(code(description)) <= part:
        return [description]
    return _up_to_fitting([*shorten.by_salience(description)], code, part)


def _up_to_fitting(texts: Sequence[Description], code: Code, most: int) -> Sequence[Description]:
    """Give ever shorter texts up to the first that fits into ``most`` bytes; all where none does.

    Their letters say where to look, then bisection; then step by step, as a text may take a little more than
    the one before it.
    """
    letters = [shorten.characters(text) for text in texts]
    low, high, at = 0, len(texts) - 1, 0
    for attempt in itertools.count():
        if low >= high:
            break
        over = len(code(texts[at])) - most
        if over <= 0:
            high = at
        else:
            low = at + 1
        wanted = letters[at] - over * LETTERS_PER_BYTE
        guess = next((at for at in range(low, high) if letters[at] <= wanted), high - 1)
        at = guess if attempt < GUESSES else (low + high) // 2
    for at in range(high - 1, -1, -1):
        length = len(code(texts[at]))
        if length <= most:
            high = at
        elif length > most + UNEVEN:
            break
    return texts[: high + 1]


def _with_text(description: Description, text: Description) -> Description:
    """Give a description the words of another of the same picture, but for the cells' and the medium."""
    things = _pairs(description.objects, text.objects, lambda thing: thing.name)
    pieces = _pairs(description.lettering, text.lettering, lambda item: item.text)
    return replace(
        description,
        summary=text.summary,
        light=text.light,
        mood=text.mood,
        objects=tuple(replace(own, attributes=kept.attributes) for own, kept in things),
        lettering=tuple(replace(own, manner=kept.manner) for own, kept in pieces),
    )


def _pairs(
    own: Sequence[_Item], kept: Sequence[_Item], key: Callable[[_Item], str]
) -> Iterator[tuple[_Item, _Item]]:
    """Give each that is kept with the first of one's own of the same key that has no partner yet."""
    left = list(own)
    for item in kept:
        same = next((each for each in left if key(each) == key(item)), None)
        if same is not None:
            left.remove(same)
            yield same, item
