"""What is seen in a picture, whatever the grid: medium, subject, who and what is where, light."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptcodec.captioners.regions import Region, regions
from promptcodec.description import Box as CellBox
from promptcodec.vision import maps, things
from promptcodec.vision.boxes import Box, overlap
from promptcodec.vision.cell_nouns import standard
from promptcodec.vision.layout import blur, symmetry
from promptcodec.vision.maps import look
from promptcodec.vision.medium import LEAST, medium
from promptcodec.vision.people import PERSON, Person, people
from promptcodec.vision.saliency import regions as salient
from promptcodec.vision.shrunk import shrunk
from promptcodec.vision.style import light
from promptcodec.vision.subject import subjects
from promptcodec.vision.tag_table import ancestors
from promptcodec.vision.tags import PLACES, Tag, find
from promptcodec.vision.texture import luma

HUMAN_WORDS = {"person", "people"}

WRITTEN = ("text page", "screenshot")
"""Media that are there to be read."""

MUCH = 0.12
"""Share of the cells from which lettering is much of a picture: three of 24."""

MOST_THINGS = 6
"""Objects said at most: people first, then what the detector is surest of, then the largest."""

MOST_PEOPLE = 3
"""From more people on they are one object."""

ALIKE = 0.5
"""Intersection over union from which two boxes of one name, or of a name and its kind, are of one thing."""


@dataclass(frozen=True, slots=True)
class NamedThing:
    """A thing.

    Attributes:
        name: a noun.
        box: where, as fractions.
    """

    name: str
    box: Box


@dataclass(frozen=True, slots=True)
class Observation:
    """What one look gives.

    Attributes:
        seen: what the network saw.
        nouns: of the cells of the standard grid, by rows; none in an even surface.
        medium, light, mood: in words; mood holds what the lens and the layout do.
        subjects: what it mainly shows, surest first, with probabilities.
        people: largest first.
        objects: things worth naming, people among them.
        tags: names of what the whole picture shows, surest first.
        regions: cells of one noun that hang together, largest first; none in an even surface, of which
            only medium, light and symmetry are told.
    """

    seen: maps.Seen
    nouns: list[list[str]]
    medium: str
    light: str
    mood: str
    subjects: tuple[tuple[str, float], ...]
    people: tuple[Person, ...]
    objects: tuple[NamedThing, ...]
    tags: tuple[Tag, ...]
    regions: tuple[Region, ...]

    @property
    def holds_text(self) -> bool:
        """Say whether it shows much lettering, as far as that is seen without reading it."""
        share = sum(region.share for region in self.regions if region.noun == "text")
        is_poster = any(name == "poster" for name, _ in self.subjects)
        return share >= MUCH or is_poster or self.medium.removeprefix("black and white ") in WRITTEN


def observe(image: Image.Image) -> Observation:
    """Look at a picture.

    Args:
        image: RGB, any size from 1x1.

    Raises:
        MissingError: onnxruntime or a shipped table is not there.
    """
    seen, small = look(image), shrunk(image)
    medium_name, lit, mirrored = medium(image, seen), light(small), symmetry(small)
    places = salient(small, PLACES)
    if min(image.size) < LEAST or not places:
        # In an even surface networks see what is not there.
        return Observation(seen, [], medium_name, lit, mirrored, (), (), (), (), ())
    detected = things.things(small)
    nouns = standard(seen)
    persons = people(small, nouns, detected)
    tags = find(seen, places)
    areas = regions([noun for row in nouns for noun in row], len(nouns), len(nouns[0]))
    # What looks like a blurred ground in a drawing is a plain one.
    lens = blur(luma(image)) if medium_name == "photo" else ""
    return Observation(
        seen,
        nouns,
        medium_name,
        lit,
        ", ".join(word for word in (lens, mirrored) if word),
        subjects(seen),
        persons,
        tuple(_objects(persons, detected, tags, areas)),
        tags,
        areas,
    )


def _objects(
    persons: Sequence[Person],
    detected: Sequence[things.Thing],
    tags: Sequence[Tag],
    areas: Sequence[Region],
) -> Iterator[NamedThing]:
    """Give things worth naming, each once; at most MOST_THINGS."""
    candidates = [
        *_persons(persons),
        *(NamedThing(name, thing.box) for thing in detected if (name := _name(thing))),
        *(NamedThing(tag.name, tag.box) for tag in tags if tag.name not in HUMAN_WORDS),
        *(NamedThing(each.noun, each.box) for each in areas if each.is_thing),
    ]
    kept: list[NamedThing] = []
    for each in candidates:
        if len(kept) == MOST_THINGS or any(_same(each, other) for other in kept):
            continue
        kept.append(each)
        yield each


def _persons(persons: Sequence[Person]) -> list[NamedThing]:
    """Give people one by one, or together where there are many."""
    boxes = np.array([person.box for person in persons], np.float32).clip(0, 1)
    if len(persons) <= MOST_PEOPLE:
        return [NamedThing("person", _box(box)) for box in boxes]
    return [NamedThing("people", _box(np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])))]


def _box(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Box:
    left, top, right, bottom = values.tolist()
    return left, top, right, bottom


def _name(thing: things.Thing) -> str:
    """Give what a detection is called, ``""`` where it is not sure or a person: ``people`` finds these."""
    word, least = things.words()[thing.number]
    return word if thing.score >= least and thing.number != PERSON else ""


def _same(one: NamedThing, other: NamedThing) -> bool:
    """Say whether two are of one kind, and in one place; things other than people are named once anyway."""
    if one.name not in (other.name, *ancestors(other.name)) and other.name not in ancestors(one.name):
        return False
    boxes = np.array([one.box, other.box], np.float32)
    return one.name not in HUMAN_WORDS or float(overlap(*boxes)) >= ALIKE


def covered(box: Box, rows: int, cols: int) -> CellBox:
    """Give the cells a box of fractions covers; half a cell is covered, less is not.

    What covers no cell lies where its middle is.
    """
    x0, y0, x1, y1 = (min(1.0, max(0.0, side)) for side in box)
    left, right = _span(x0, x1, cols)
    top, bottom = _span(y0, y1, rows)
    return CellBox(top + 1, left + 1, bottom, right)


def _span(low: float, high: float, count: int) -> tuple[int, int]:
    """Give the first of ``count`` cells that is covered, and the one after the last."""
    first, end = math.floor(low * count + 0.5), math.floor(high * count + 0.5)
    if end > first:
        return first, end
    first = min(math.floor((low + high) / 2 * count), count - 1)
    return first, first + 1
