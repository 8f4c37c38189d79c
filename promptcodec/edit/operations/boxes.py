"""Operations on what is in a box, in all layers: other colours, gone, elsewhere."""

from __future__ import annotations

from dataclasses import replace

from promptcodec.description import PALETTE, resolve
from promptcodec.edit import cells, curves, paint, words
from promptcodec.edit.operations.layers import chosen_cells, in_layers, repainted, warn_coarse
from promptcodec.edit.region import Floats, Region, coarse, parse_box, parse_mask, parse_place
from promptcodec.edit.restate import restate
from promptcodec.edit.state import EditState
from promptcodec.errors import UsageError
from promptcodec.vision.colour import palette_oklab

# Waves across the picture in which things have their outlines: these go or move with them.
_FINE = 26


def recolour(state: EditState, where: str, colour: str) -> EditState:
    """Give a box one colour."""
    state = in_layers(state)
    box = parse_box(where, state.size, state.grid)
    name = words.colour_of(colour)
    if not words.is_colour(colour):
        state = state.warn(f"{colour[:40]!r} is no colour of the palette: {name} was taken")
    if "semantic" in state.payloads:
        description = state.description
        state, chosen = chosen_cells(state, box)
        after = words.recolour(resolve(description), chosen, name)
        objects = tuple(
            replace(thing, attributes=tuple(words.say_colour(each, name) for each in thing.attributes))
            if cells.inside(thing.box, chosen)
            else thing
            for thing in description.objects
        )
        state = state.say(replace(restate(description, after), objects=objects))
    elif "texture" not in state.payloads:
        state.part("texture")
    if "texture" not in state.payloads:
        return state
    target = palette_oklab()[list(PALETTE).index(name)]

    def painted(picture: Floats) -> Floats:
        return paint.tint(picture, box.cover(*picture.shape[:2]), target)

    return repainted(state, [box], painted)


def erase(state: EditState, where: str) -> EditState:
    """Erase a box from all layers."""
    return _erased(state, parse_box(where, state.size, state.grid))


def mask(state: EditState, png: bytes) -> EditState:
    """Erase what a mask marks from all layers."""
    return _erased(state, parse_mask(png))


def _erased(state: EditState, region: Region) -> EditState:
    state = in_layers(state)
    if region.cover(8, 8).min() == 1:
        text = "nothing would be left around it to fill it from; give a smaller box"
        if state.grid == (1, 1):
            raise coarse(f"the grid is 1x1, so this is the whole picture: {text}")
        raise UsageError(text)
    if "semantic" in state.payloads:
        state = _without_words(state, region)
    if "texture" in state.payloads:

        def painted(picture: Floats) -> Floats:
            return paint.fill(picture, region.cover(*picture.shape[:2]) > 0.25)

        state = repainted(state, [region], painted, _FINE)
    if "structure" in state.payloads:
        payload = state.part("structure")
        if curves.holds(payload, state.size, region):
            state = state.put("structure", curves.delete(payload, state.size, region))
    if "recipe" in state.payloads:
        text = "the recipe part still tells how the whole original was made"
        state = state.warn(text, hint="drop it with truncate --layers")
    return state


def _without_words(state: EditState, region: Region) -> EditState:
    """Erase a region from the words; those of a single cell are of the whole picture and stay."""
    if state.grid == (1, 1):
        text = "the grid is 1x1: the words are of the whole picture, and "
        if {"texture", "structure"} & state.payloads.keys():
            return warn_coarse(state, f"{text}stay as they were")
        raise coarse(f"{text}nothing of them can be erased")
    former = state.description
    chosen = region.cells(former.rows, former.cols)
    filled = restate(former, cells.fill(resolve(former), chosen))
    after = cells.without_things(filled, chosen)
    state = state.say(after)
    gone = [thing.name for thing in former.objects if thing not in after.objects]
    named = [name for name in gone if words.swap(former.summary, name, "") != former.summary]
    if named:
        text = f"the summary still speaks of {', '.join(named)}"
        state = state.warn(text, hint="say another with --style 'summary: ...'")
    return state


def move(state: EditState, where: str, to: str) -> EditState:
    """Move what is in a box, in all layers."""
    state = in_layers(state)
    box = parse_box(where, state.size, state.grid)
    left, top = parse_place(to, box, state.size, state.grid)
    if "semantic" in state.payloads:
        description = state.description
        by = (round((top - box.top) * description.rows), round((left - box.left) * description.cols))
        if state.grid == (1, 1):
            state = warn_coarse(state, "the grid is 1x1: the words say no places, and stay as they were")
        else:
            state = state.say(cells.move(description, box.cells(description.rows, description.cols), by))
    if "texture" in state.payloads:

        def painted(picture: Floats) -> Floats:
            return paint.carry(picture, box, (left, top))

        state = repainted(state, [box, box.moved(left, top)], painted, _FINE)
    if "structure" in state.payloads:
        payload = curves.move(state.part("structure"), state.size, box, (left, top), covers=True)
        state = state.put("structure", payload)
    return state
