"""The operations: each takes a draft and its arguments, and gives a draft with other layers.

What belongs to the picture is changed in all layers that hold it; what an operation does not name
stays as it is, to the byte.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from promptcodec import reading
from promptcodec.bitstream import part_name
from promptcodec.description import PALETTE, Cell, clean
from promptcodec.edit import colour_map, curves, paint, words
from promptcodec.edit.draft import Draft, open_draft
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
from promptcodec.errors import UsageError
from promptcodec.rate import DEFAULT_CELLS, grid
from promptcodec.vision.colour import palette_oklab

_FACTORS = (0.05, 20.0)
# Waves across the picture in which things have their outlines: these go or move with them.
_FINE = 26


def cell(draft: Draft, where: str, said: str) -> Draft:
    """Say something else in a cell; where that names other colours, the colour map follows."""
    draft = _in_layers(draft)
    description = draft.description
    row, col = parse_cell(where, (description.rows, description.cols))
    index = row * description.cols + col
    before = words.meanings(description)
    after = list(before)
    after[index] = words.say_cell(description, index, said)
    draft = draft.say(words.restate(description, after))
    if _colours(after[index]) == _colours(before[index]) or not after[index].colours:
        return draft
    chosen = np.zeros((description.rows, description.cols), np.bool_)
    chosen[row, col] = True
    return _tinted(draft, chosen, after)


def replace_words(draft: Draft, old: str, new: str) -> Draft:
    """Replace words in the description, and colours where both name colours."""
    draft = _in_layers(draft)
    former = draft.description
    said, colours = words.replace_words(former, old, new)
    before = words.meanings(said)
    after = [_renamed(each, colours) for each in before]
    draft = draft.say(words.restate(said, after))
    flags = [one.colours != other.colours for one, other in zip(before, after, strict=True)]
    chosen = np.array(flags, np.bool_).reshape(said.rows, said.cols)
    if "texture" not in draft.payloads or not chosen.any():
        return draft

    def painted(picture: Floats) -> Floats:
        by = paint.field(after, chosen, picture.shape) - paint.field(before, chosen, picture.shape)
        return paint.shift(picture, by)

    return _repainted(draft, [of_cells(chosen)], painted)


def _renamed(said: Cell, colours: dict[str, str]) -> Cell:
    return replace(said, colours=tuple(colours.get(name, name) for name in said.colours))


def recolour(draft: Draft, where: str, colour: str) -> Draft:
    """Give a box one colour."""
    draft = _in_layers(draft)
    box = parse_box(where, draft.size, draft.grid)
    name = words.colour_of(colour)
    if "semantic" in draft.payloads:
        said = draft.description
        chosen = box.cells(said.rows, said.cols)
        after = words.recolour(words.meanings(said), chosen, name)
        objects = tuple(
            replace(thing, attributes=tuple(_attribute(each, name) for each in thing.attributes))
            if words.inside(thing.box, chosen)
            else thing
            for thing in said.objects
        )
        draft = draft.say(replace(words.restate(said, after), objects=objects))
    elif "texture" not in draft.payloads:
        draft.part("texture")
    if "texture" not in draft.payloads:
        return draft
    target = palette_oklab()[list(PALETTE).index(name)]

    def painted(picture: Floats) -> Floats:
        return paint.tint(picture, box.cover(*picture.shape[:2]), target)

    return _repainted(draft, [box], painted)


def _attribute(attribute: str, colour: str) -> str:
    return colour if attribute in PALETTE else attribute


def texture(draft: Draft, where: str, kind: str) -> Draft:
    """Give the cells of a box another surface."""
    draft = _in_layers(draft)
    said = draft.description
    chosen = parse_box(where, draft.size, draft.grid).cells(said.rows, said.cols)
    name, orientation = words.surface(kind)
    after = [
        replace(each, texture=name, orientation=orientation) if inside else each
        for each, inside in zip(words.meanings(said), chosen.ravel(), strict=True)
    ]
    return draft.say(words.restate(said, after))


def delete_curves(draft: Draft, where: str) -> Draft:
    """Delete the contours in a box."""
    box = _box_with_curves(draft, where)
    return draft.put("structure", curves.delete(draft.part("structure"), draft.size, box))


def move_curves(draft: Draft, where: str, to: str) -> Draft:
    """Move the contours in a box."""
    box = _box_with_curves(draft, where)
    place = parse_place(to, box, draft.size, draft.grid)
    return draft.put("structure", curves.move(draft.part("structure"), draft.size, box, place))


def scale_curves(draft: Draft, where: str, factor: str) -> Draft:
    """Scale the contours in a box about its middle."""
    try:
        value = float(factor)
    except ValueError:
        value = math.nan
    if not _FACTORS[0] <= value <= _FACTORS[1]:
        raise UsageError(f"{factor[:40]!r} is no factor from {_FACTORS[0]} to {_FACTORS[1]}, as in 1.5")
    box = _box_with_curves(draft, where)
    return draft.put("structure", curves.scale(draft.part("structure"), draft.size, box, value))


def _box_with_curves(draft: Draft, where: str) -> Region:
    _refuse_pixels(draft)
    payload = draft.part("structure")
    box = parse_box(where, draft.size, draft.grid)
    if not curves.holds(payload, draft.size, box):
        raise UsageError(f"no contour runs through the box {where}; --preview shows where they run")
    return box


def erase(draft: Draft, where: str) -> Draft:
    """Erase a box from all layers."""
    return _erased(draft, parse_box(where, draft.size, draft.grid))


def mask(draft: Draft, png: bytes) -> Draft:
    """Erase what a mask marks from all layers."""
    return _erased(draft, parse_mask(png))


def _erased(draft: Draft, region: Region) -> Draft:
    draft = _in_layers(draft)
    if region.cover(8, 8).min() == 1:
        raise UsageError("nothing would be left around it to fill it from; give a smaller box")
    if "semantic" in draft.payloads:
        said = draft.description
        chosen = region.cells(said.rows, said.cols)
        filled = words.restate(said, words.fill(words.meanings(said), chosen))
        after = words.without_things(filled, chosen)
        draft = draft.say(after)
        gone = [thing.name for thing in said.objects if thing not in after.objects]
        named = [name for name in gone if words.swap(said.summary, name, "") != said.summary]
        if named:
            draft = draft.warn(f"the summary still speaks of {', '.join(named)}: --style 'summary: ...'")
    if "texture" in draft.payloads:

        def painted(picture: Floats) -> Floats:
            return paint.fill(picture, region.cover(*picture.shape[:2]) > 0.25)

        draft = _repainted(draft, [region], painted, _FINE)
    if "structure" in draft.payloads:
        payload = draft.part("structure")
        if curves.holds(payload, draft.size, region):
            draft = draft.put("structure", curves.delete(payload, draft.size, region))
    if "recipe" in draft.payloads:
        draft = draft.warn("the recipe part still tells how the whole original was made: truncate --layers")
    return draft


def move(draft: Draft, where: str, to: str) -> Draft:
    """Move what is in a box, in all layers."""
    draft = _in_layers(draft)
    box = parse_box(where, draft.size, draft.grid)
    left, top = parse_place(to, box, draft.size, draft.grid)
    if "semantic" in draft.payloads:
        said = draft.description
        by = (round((top - box.top) * said.rows), round((left - box.left) * said.cols))
        draft = draft.say(words.move(said, box.cells(said.rows, said.cols), by))
    if "texture" in draft.payloads:

        def painted(picture: Floats) -> Floats:
            return paint.carry(picture, box, (left, top))

        draft = _repainted(draft, [box, box.moved(left, top)], painted, _FINE)
    if "structure" in draft.payloads:
        payload = curves.move(draft.part("structure"), draft.size, box, (left, top), covers=True)
        draft = draft.put("structure", payload)
    return draft


def medium(draft: Draft, said: str) -> Draft:
    """Say another medium."""
    return draft.say(replace(draft.description, medium=clean(said)))


def style(draft: Draft, said: str) -> Draft:
    """Say another mood, light or summary."""
    return draft.say(words.style(draft.description, said))


def transplant(draft: Draft, name: str, other: bytes) -> Draft:
    """Take a part from another stream, as it is."""
    if name not in reading.LAYERS:
        raise UsageError(f"no part {name[:40]!r} can be transplanted; one of {', '.join(reading.LAYERS)}")
    stream, source = open_draft(other, draft.dictionaries)
    if name not in source.payloads:
        have = ", ".join(part_name(part.type) for part in stream.parts)
        raise UsageError(f"the stream to take the {name} part from has none; it has {have}")
    reading.read_conditions(stream, (name,), draft.size, draft.dictionaries)  # it must be readable here
    if stream.width * draft.size[1] != stream.height * draft.size[0]:
        draft = draft.warn(f"the {name} part comes from a picture of another shape: it will be stretched")
    return replace(draft.put(name, source.payloads[name]), named=draft.named | {name})


RUN: dict[str, Callable[..., Draft]] = {
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


def _in_layers(draft: Draft) -> Draft:
    """Refuse a stream in which the operation could not be seen."""
    _refuse_pixels(draft)
    if not {"semantic", "texture", "structure"} & set(draft.payloads):
        draft.part("semantic")
    return draft


def _refuse_pixels(draft: Draft) -> None:
    if "pixels" in draft.payloads:
        rest = ",".join(name for name in draft.payloads if name in reading.LAYERS and name != "pixels")
        way = f": promptcodec truncate IN -o OUT --layers {rest}" if rest else "; there is nothing else in it"
        raise UsageError(
            f"what shows of this stream is its pixels part, which cannot be edited; drop it{way}"
        )


def _colours(said: Cell) -> Any:
    return said.colours, said.arrangement, said.tone


def _tinted(draft: Draft, chosen: Flags, cells: list[Cell]) -> Draft:
    """Paint the colours of cells into the colour map, where there is one."""
    if "texture" not in draft.payloads:
        return draft
    region = of_cells(chosen)

    def painted(picture: Floats) -> Floats:
        colours = paint.field(cells, chosen, picture.shape)
        return paint.tint(picture, region.cover(*picture.shape[:2]), colours)

    return _repainted(draft, [region], painted)


def _repainted(draft: Draft, regions: list[Region], painted: colour_map.Paint, finest: int = 16) -> Draft:
    rows, cols = draft.grid or grid(DEFAULT_CELLS, draft.size)
    feather = (1 / cols, 1 / rows)
    payload = colour_map.refit(draft.part("texture"), regions, feather, painted, finest)
    return draft.put("texture", payload)
