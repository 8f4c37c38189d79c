"""Operations on what cells say, which the texture layer follows, and on the style."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from promptcodec.description import ResolvedCell, clean, resolve
from promptcodec.edit import paint, words
from promptcodec.edit.operations.layers import in_layers, repainted
from promptcodec.edit.region import Flags, Floats, of_cells, parse_box, parse_cell
from promptcodec.edit.restate import restate
from promptcodec.edit.state import EditState


def cell(state: EditState, where: str, phrase: str) -> EditState:
    """Say something else in a cell; where that names other colours, the texture layer follows."""
    state = in_layers(state)
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
    """Replace words in the description, and colours where both name colours."""
    state = in_layers(state)
    former = state.description
    reworded, colours = words.replace_words(former, old, new)
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


def _renamed(cell: ResolvedCell, colours: dict[str, str]) -> ResolvedCell:
    return replace(cell, colours=tuple(colours.get(name, name) for name in cell.colours))


def surface(state: EditState, where: str, classes: str) -> EditState:
    """Give the cells of a box another surface."""
    state = in_layers(state)
    description = state.description
    chosen = parse_box(where, state.size, state.grid).cells(description.rows, description.cols)
    name, orientation = words.surface(classes)
    after = [
        replace(each, texture=name, orientation=orientation) if inside else each
        for each, inside in zip(resolve(description), chosen.ravel(), strict=True)
    ]
    return state.say(restate(description, after))


def medium(state: EditState, name: str) -> EditState:
    """Say another medium."""
    return state.say(replace(state.description, medium=clean(name)))


def style(state: EditState, phrase: str) -> EditState:
    """Say another mood, light or summary."""
    return state.say(words.style(state.description, phrase))
