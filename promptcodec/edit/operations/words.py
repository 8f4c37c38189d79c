"""Operations on what cells say, which the texture layer follows, and on the style."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from promptcodec.description import Box, ResolvedCell, clean, resolve
from promptcodec.description.model import MAX_TEXT
from promptcodec.edit import paint, words
from promptcodec.edit.operations import recipe
from promptcodec.edit.operations.layers import chosen_cells, in_layers, repainted, whole_picture
from promptcodec.edit.region import Flags, Floats, of_cells, parse_box, parse_cell, parse_grid
from promptcodec.edit.restate import restate
from promptcodec.edit.state import EditState
from promptcodec.errors import PromptcodecError, UsageError


def _warned(state: EditState, phrase: str) -> EditState:
    """Warn where words are longer than a description may hold."""
    if len(" ".join(phrase.split())) <= MAX_TEXT:
        return state
    return state.warn(f"of the words the first {MAX_TEXT} characters were kept")


def cell(state: EditState, where: str, phrase: str) -> EditState:
    """Say something else in a cell; where that names other colours, the texture layer follows."""
    state = _warned(whole_picture(in_layers(state)), phrase)
    description = state.description
    row, col = parse_cell(where, (description.rows, description.cols))
    index = row * description.cols + col
    before = resolve(description)
    after = list(before)
    after[index] = words.say_cell(description, index, phrase)
    state = state.say(restate(description, after))
    if _colours(after[index]) == _colours(before[index]) or not after[index].colours:
        return state
    chosen = np.zeros((description.rows, description.cols), np.bool_)
    chosen[row, col] = True
    return _tinted(state, chosen, after)


def _colours(cell: ResolvedCell) -> tuple[tuple[str, ...], str, int]:
    return cell.colours, cell.arrangement, cell.tone


def _tinted(state: EditState, chosen: Flags, cells: list[ResolvedCell]) -> EditState:
    """Paint the colours of cells into the texture layer, where there is one."""
    if "texture" not in state.payloads:
        return state
    region = of_cells(chosen)

    def painted(picture: Floats) -> Floats:
        colours = paint.field(cells, chosen, picture.shape)
        return paint.tint(picture, region.cover(*picture.shape[:2]), colours)

    return repainted(state, [region], painted)


def replace_words(state: EditState, old: str, new: str) -> EditState:
    """Replace words in the description, and colours where both name colours.

    The prompt of a recipe stands in for words that are not there, or do not say ``old``.
    """
    if "semantic" not in state.payloads and "recipe" in state.payloads:
        return recipe.replace_words(state, old, new)
    state = _warned(in_layers(state), new)
    former = state.description
    try:
        reworded, colours = words.replace_words(former, old, new)
    except UsageError:
        if _prompts(state, old):
            return recipe.replace_words(state, old, new)
        raise
    if _prompts(state, old):
        text = f"the recipe's prompt still says {old[:40]!r}"
        state = state.warn(text, hint="it tells of the original; --prompt changes it")
    if reworded == former and not words.is_colour(new):
        kept = ", ".join(dict.fromkeys(colours.values()))
        text = f"no words say {old[:40]!r} here, so of {new[:40]!r} the colour alone is kept: {kept}"
        state = state.warn(text)
    if reworded.summary != former.summary and not new.strip():
        text = f"the summary now says {reworded.summary[:200]!r}"
        state = state.warn(text, hint="--style 'summary: ...' says it otherwise")
    before = resolve(reworded)
    after = [_renamed(each, colours) for each in before]
    state = state.say(restate(reworded, after))
    flags = [one.colours != other.colours for one, other in zip(before, after, strict=True)]
    chosen = np.array(flags, np.bool_).reshape(reworded.rows, reworded.cols)
    if "texture" not in state.payloads or not chosen.any():
        return state

    def painted(picture: Floats) -> Floats:
        by = paint.field(after, chosen, picture.shape) - paint.field(before, chosen, picture.shape)
        return paint.shift(picture, by)

    return repainted(state, [of_cells(chosen)], painted)


def _prompts(state: EditState, old: str) -> bool:
    """Say whether the recipe's prompt holds words; false where none can be read."""
    if "recipe" not in state.payloads or not old.strip():
        return False
    try:
        prompt = recipe.recipe_of(state).settings.prompt or ""
    except PromptcodecError:
        return False
    return words.swap(prompt, old.strip(), "") != prompt


def _renamed(cell: ResolvedCell, colours: dict[str, str]) -> ResolvedCell:
    return replace(cell, colours=tuple(colours.get(name, name) for name in cell.colours))


def surface(state: EditState, where: str, classes: str) -> EditState:
    """Give the cells of a box another surface."""
    state = in_layers(state)
    description = state.description
    state, chosen = chosen_cells(state, parse_box(where, state.size, state.grid))
    name, orientation = words.surface(classes)
    after = [
        replace(each, texture=name, orientation=orientation) if inside else each
        for each, inside in zip(resolve(description), chosen.ravel(), strict=True)
    ]
    return state.say(restate(description, after))


def grid(state: EditState, sides: str) -> EditState:
    """Say the same on a finer grid: each cell as the one it lies in."""
    rows, cols = parse_grid(sides)
    former = state.description
    if rows < former.rows or cols < former.cols:
        raise UsageError(f"the grid is {former.rows}x{former.cols} now, and {sides} is no finer one")
    resolved = resolve(former)
    wanted = [
        resolved[row * former.rows // rows * former.cols + col * former.cols // cols]
        for row in range(rows)
        for col in range(cols)
    ]

    def finer(box: Box) -> Box:
        return Box(
            (box.top - 1) * rows // former.rows + 1,
            (box.left - 1) * cols // former.cols + 1,
            -(-box.bottom * rows // former.rows),
            -(-box.right * cols // former.cols),
        )

    after = replace(
        former,
        rows=rows,
        cols=cols,
        cells=tuple(cell.alone() for cell in wanted),
        objects=tuple(replace(thing, box=finer(thing.box)) for thing in former.objects),
        lettering=tuple(replace(item, box=finer(item.box)) for item in former.lettering),
    )
    return state.say(restate(after, wanted))


def medium(state: EditState, name: str) -> EditState:
    """Say another medium."""
    return _warned(state, name).say(replace(state.description, medium=clean(name)))


def style(state: EditState, phrase: str) -> EditState:
    """Say another mood, light or summary."""
    return _warned(state, phrase).say(words.style(state.description, phrase))
