"""A scene: what the words of a prompt come to, laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptcodec.description import Box, Cell, Description, SceneObject
from promptcodec.description.model import clean


@dataclass(frozen=True, slots=True)
class Band:
    """What lies across the picture.

    Attributes:
        name: in words.
        top, bottom: in parts of the height.
        colours: of the palette, from top to bottom.
        edge: of its upper side: ``flat``, ``peaks``, ``hills``, ``trees``, ``towers``.
    """

    name: str
    top: float
    bottom: float
    colours: tuple[str, ...]
    edge: str = "flat"


@dataclass(frozen=True, slots=True)
class Thing:
    """What stands or hangs somewhere.

    Attributes:
        name: in words.
        shape: of ``shapes.toml``.
        colour: of the palette.
        x: of its middle, in parts of the width.
        bottom: in parts of the height.
        size: its longer side, in parts of the picture's shorter one.
        own: the prompt says its colour.
    """

    name: str
    shape: str
    colour: str
    x: float
    bottom: float
    size: float
    own: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What the words of a prompt come to.

    Attributes:
        prompt: the words.
        medium: photo, oil painting, ...
        sky: of the lexicon's skies; how everything else is lit.
        bands: from the back to the front; the first is the sky or the wall.
        things: likewise.
        grey: it is in black and white.
    """

    prompt: str
    medium: str
    sky: str
    bands: tuple[Band, ...]
    things: tuple[Thing, ...]
    grey: bool = False


def description_of(
    scene: Scene, boxes: Sequence[tuple[float, float, float, float]], rows: int, cols: int
) -> Description:
    """Describe a scene beside a colour map.

    Args:
        scene: what is shown.
        boxes: left, top, right, bottom of each thing, in parts of the picture.
        rows: rows of the grid.
        cols: columns of the grid.

    Returns:
        A description whose cells name no colours: the map shows them.
    """
    cells = []
    for row in range(rows):
        middle = (row + 0.5) / rows
        band = next((band for band in reversed(scene.bands) if band.top <= middle), scene.bands[0])
        cells += [Cell(text=clean(band.name))] * cols
    objects = tuple(
        SceneObject(clean(thing.name), _cells(box, rows, cols), (thing.colour,) if thing.own else ())
        for thing, box in zip(scene.things, boxes, strict=True)
    )
    return Description(scene.medium, rows, cols, tuple(cells), clean(scene.prompt), objects=objects)


def _cells(box: tuple[float, float, float, float], rows: int, cols: int) -> Box:
    def span(low: float, high: float, count: int) -> tuple[int, int]:
        first = min(max(int(low * count), 0), count - 1)
        return first + 1, min(max(int(high * count - 1e-6), first), count - 1) + 1

    left, right = span(box[0], box[2], cols)
    top, bottom = span(box[1], box[3], rows)
    return Box(top, left, bottom, right)
