"""The operations: each takes a state and its arguments, and gives a state with other layers.

What belongs to the picture is changed in all layers that hold it; what an operation does not name
stays as it is, to the byte.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from promptcodec.description import PALETTE, Cell, clean
from promptcodec.edit import curves, paint, texture_layer, words
from promptcodec.edit.region import (
    Flags,
    Floats,
    Region,
    of_cells,
    parse_box,
    parse_cell,
    parse_mask,
    parse_place,
)
from promptcodec.edit.state import EditState, open_state
from promptcodec.errors import UsageError
from promptcodec.layers.registry import NAMES, part_name
from promptcodec.rate.grids import DEFAULT_CELLS, grid
from promptcodec.reading import read_layers
from promptcodec.vision.colour import palette_oklab

_FACTORS = (0.05, 20.0)
# Waves across the picture in which things have their outlines: these go or move with them.
_FINE = 26


def cell(state: EditState, where: str, said: str) -> EditState:
    """Say something else in a cell; where that names other colours, the colour map follows."""
    state = _in_layers(state)
    description = state.description
    row, col = parse_cell(where, (description.rows, description.cols))
    index = row * description.cols + col
    before = words.meanings(description)
    after = list(before)
    after[index] = words.say_cell(description, index, said)
    state = state.say(words.restate(description, after))
    if _colours(after[index]) == _colours(before[index]) or not after[index].colours:
        return state
    chosen = np.zeros((description.rows, description.cols), np.bool_)
    chosen[row, col] = True
    return _tinted(state, chosen, after)


def replace_words(state: EditState, old: str, new: str) -> EditState:
    """Replace words in the description, and colours where both name colours."""
    state = _in_layers(state)
    former = state.description
    said, colours = words.replace_words(former, old, new)
    before = words.meanings(said)
    after = [_renamed(each, colours) for each in before]
    state = state.say(words.restate(said, after))
    flags = [one.colours != other.colours for one, other in zip(before, after, strict=True)]
    chosen = np.array(flags, np.bool_).reshape(said.rows, said.cols)
    if "texture" not in state.payloads or not chosen.any():
        return state

    def painted(picture: Floats) -> Floats:
        by = paint.field(after, chosen, picture.shape) - paint.field(before, chosen, picture.shape)
        return paint.shift(picture, by)

    return _repainted(state, [of_cells(chosen)], painted)


def _renamed(said: Cell, colours: dict[str, str]) -> Cell:
    return replace(said, colours=tuple(colours.get(name, name) for name in said.colours))


def recolour(state: EditState, where: str, colour: str) -> EditState:
    """Give a box one colour."""
    state = _in_layers(state)
    box = parse_box(where, state.size, state.grid)
    name = words.colour_of(colour)
    if "semantic" in state.payloads:
        said = state.description
        chosen = box.cells(said.rows, said.cols)
        after = words.recolour(words.meanings(said), chosen, name)
        objects = tuple(
            replace(thing, attributes=tuple(_attribute(each, name) for each in thing.attributes))
            if words.inside(thing.box, chosen)
            else thing
            for thing in said.objects
        )
        state = state.say(replace(words.restate(said, after), objects=objects))
    elif "texture" not in state.payloads:
        state.part("texture")
    if "texture" not in state.payloads:
        return state
    target = palette_oklab()[list(PALETTE).index(name)]

    def painted(picture: Floats) -> Floats:
        return paint.tint(picture, box.cover(*picture.shape[:2]), target)

    return _repainted(state, [box], painted)


def _attribute(attribute: str, colour: str) -> str:
    return colour if attribute in PALETTE else attribute


def texture(state: EditState, where: str, kind: str) -> EditState:
    """Give the cells of a box another surface."""
    state = _in_layers(state)
    said = state.description
    chosen = parse_box(where, state.size, state.grid).cells(said.rows, said.cols)
    name, orientation = words.surface(kind)
    after = [
        replace(each, texture=name, orientation=orientation) if inside else each
        for each, inside in zip(words.meanings(said), chosen.ravel(), strict=True)
    ]
    return state.say(words.restate(said, after))


def delete_curves(state: EditState, where: str) -> EditState:
    """Delete the contours in a box."""
    box = _box_with_curves(state, where)
    return state.put("structure", curves.delete(state.part("structure"), state.size, box))


def move_curves(state: EditState, where: str, to: str) -> EditState:
    """Move the contours in a box."""
    box = _box_with_curves(state, where)
    place = parse_place(to, box, state.size, state.grid)
    return state.put("structure", curves.move(state.part("structure"), state.size, box, place))


def scale_curves(state: EditState, where: str, factor: str) -> EditState:
    """Scale the contours in a box about its middle."""
    try:
        value = float(factor)
    except ValueError:
        value = math.nan
    if not _FACTORS[0] <= value <= _FACTORS[1]:
        raise UsageError(f"{factor[:40]!r} is no factor from {_FACTORS[0]} to {_FACTORS[1]}, as in 1.5")
    box = _box_with_curves(state, where)
    return state.put("structure", curves.scale(state.part("structure"), state.size, box, value))


def _box_with_curves(state: EditState, where: str) -> Region:
    _refuse_pixels(state)
    payload = state.part("structure")
    box = parse_box(where, state.size, state.grid)
    if not curves.holds(payload, state.size, box):
        raise UsageError(f"no contour runs through the box {where}", hint="--preview shows where they run")
    return box


def erase(state: EditState, where: str) -> EditState:
    """Erase a box from all layers."""
    return _erased(state, parse_box(where, state.size, state.grid))


def mask(state: EditState, png: bytes) -> EditState:
    """Erase what a mask marks from all layers."""
    return _erased(state, parse_mask(png))


def _erased(state: EditState, region: Region) -> EditState:
    state = _in_layers(state)
    if region.cover(8, 8).min() == 1:
        raise UsageError("nothing would be left around it to fill it from; give a smaller box")
    if "semantic" in state.payloads:
        said = state.description
        chosen = region.cells(said.rows, said.cols)
        filled = words.restate(said, words.fill(words.meanings(said), chosen))
        after = words.without_things(filled, chosen)
        state = state.say(after)
        gone = [thing.name for thing in said.objects if thing not in after.objects]
        named = [name for name in gone if words.swap(said.summary, name, "") != said.summary]
        if named:
            text = f"the summary still speaks of {', '.join(named)}"
            state = state.warn(text, hint="say another with --style 'summary: ...'")
    if "texture" in state.payloads:

        def painted(picture: Floats) -> Floats:
            return paint.fill(picture, region.cover(*picture.shape[:2]) > 0.25)

        state = _repainted(state, [region], painted, _FINE)
    if "structure" in state.payloads:
        payload = state.part("structure")
        if curves.holds(payload, state.size, region):
            state = state.put("structure", curves.delete(payload, state.size, region))
    if "recipe" in state.payloads:
        text = "the recipe part still tells how the whole original was made"
        state = state.warn(text, hint="drop it with truncate --layers")
    return state


def move(state: EditState, where: str, to: str) -> EditState:
    """Move what is in a box, in all layers."""
    state = _in_layers(state)
    box = parse_box(where, state.size, state.grid)
    left, top = parse_place(to, box, state.size, state.grid)
    if "semantic" in state.payloads:
        said = state.description
        by = (round((top - box.top) * said.rows), round((left - box.left) * said.cols))
        state = state.say(words.move(said, box.cells(said.rows, said.cols), by))
    if "texture" in state.payloads:

        def painted(picture: Floats) -> Floats:
            return paint.carry(picture, box, (left, top))

        state = _repainted(state, [box, box.moved(left, top)], painted, _FINE)
    if "structure" in state.payloads:
        payload = curves.move(state.part("structure"), state.size, box, (left, top), covers=True)
        state = state.put("structure", payload)
    return state


def medium(state: EditState, said: str) -> EditState:
    """Say another medium."""
    return state.say(replace(state.description, medium=clean(said)))


def style(state: EditState, said: str) -> EditState:
    """Say another mood, light or summary."""
    return state.say(words.style(state.description, said))


def transplant(state: EditState, name: str, other: bytes) -> EditState:
    """Take a part from another stream, as it is."""
    if name not in NAMES:
        raise UsageError(f"no part {name[:40]!r} can be transplanted; one of {', '.join(NAMES)}")
    stream, source = open_state(other, state.dictionaries)
    if name not in source.payloads:
        have = ", ".join(part_name(part.type) for part in stream.parts)
        raise UsageError(f"the stream to take the {name} part from has none; it has {have}")
    read_layers(stream, (name,), state.size, state.dictionaries)  # it must be readable here
    if stream.width * state.size[1] != stream.height * state.size[0]:
        state = state.warn(f"the {name} part comes from a picture of another shape: it will be stretched")
    return replace(state.put(name, source.payloads[name]), named=state.named | {name})


RUN: dict[str, Callable[..., EditState]] = {
    "cell": cell,
    "replace": replace_words,
    "recolour": recolour,
    "texture": texture,
    "delete-curves": delete_curves,
    "move-curves": move_curves,
    "scale-curves": scale_curves,
    "erase": erase,
    "mask": mask,
    "move": move,
    "medium": medium,
    "style": style,
    "transplant": transplant,
}


def _in_layers(state: EditState) -> EditState:
    """Refuse a stream in which the operation could not be seen."""
    _refuse_pixels(state)
    if not {"semantic", "texture", "structure"} & set(state.payloads):
        state.part("semantic")
    return state


def _refuse_pixels(state: EditState) -> None:
    if "pixels" in state.payloads:
        rest = ",".join(name for name in state.payloads if name in NAMES and name != "pixels")
        others = (
            f": promptcodec truncate IN -o OUT --layers {rest}" if rest else "; there is nothing else in it"
        )
        text = "what shows of this stream is its pixels part, which cannot be edited"
        raise UsageError(text, hint=f"drop it{others}")


def _colours(said: Cell) -> Any:
    return said.colours, said.arrangement, said.tone


def _tinted(state: EditState, chosen: Flags, cells: list[Cell]) -> EditState:
    """Paint the colours of cells into the colour map, where there is one."""
    if "texture" not in state.payloads:
        return state
    region = of_cells(chosen)

    def painted(picture: Floats) -> Floats:
        colours = paint.field(cells, chosen, picture.shape)
        return paint.tint(picture, region.cover(*picture.shape[:2]), colours)

    return _repainted(state, [region], painted)


def _repainted(
    state: EditState, regions: list[Region], painted: texture_layer.Paint, finest: int = 16
) -> EditState:
    rows, cols = state.grid or grid(DEFAULT_CELLS, state.size)
    feather = (1 / cols, 1 / rows)
    payload = texture_layer.refit(state.part("texture"), regions, feather, painted, finest)
    return state.put("texture", payload)
