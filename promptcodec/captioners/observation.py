"""What is seen in a picture as a whole, whatever the grid: what it shows, its medium, light and mood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from promptcodec.description import Box, SceneObject
from promptcodec.description.basic import basic_colour
from promptcodec.vision import network
from promptcodec.vision.colour import nearest_names
from promptcodec.vision.concepts import concepts
from promptcodec.vision.layout import blur, symmetry
from promptcodec.vision.medium import medium
from promptcodec.vision.object_colour import object_colour
from promptcodec.vision.phrase import phrase
from promptcodec.vision.style import light
from promptcodec.vision.tags import Tag, find

NAMED_HUMANS = ("woman", "man", "child")
"""What a tag that only knows a person is called where the whole picture tells more."""

HUMAN_WORDS = {"person", "people", "group", *NAMED_HUMANS}

GENERIC = ("an animal", "food", "a single object on a plain ground")
"""Phrases that a tag makes superfluous: a parrot is an animal."""

MOST_THINGS = 3
"""Objects said at most: the surest; a fourth tag is rarely of something else."""

WRITTEN = ("text page", "screenshot")
"""Media that are there to be read."""

WHOLE = 0.8
"""A box above this share of the picture is the picture: its colour is no attribute."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one look gives.

    Attributes:
        medium, light, mood: in words; mood holds what the lens and the layout do.
        subject: a noun phrase, ``""`` where nothing is sure.
        tags: objects with a place, surest first.
        colours: basic colour words per tag, ``""`` where it is a human, fills the picture, or no colour
            is surely its own.
        holds_text: it shows much lettering, as far as that is seen without reading it.
    """

    medium: str
    light: str
    mood: str
    subject: str
    tags: tuple[Tag, ...]
    colours: tuple[str, ...]
    holds_text: bool


def observe(image: Image.Image) -> Observation:
    """Look at a picture.

    Args:
        image: RGB, any size from 1x1.

    Raises:
        MissingError: onnxruntime or a shipped table is not there.
    """
    ranked = concepts(network.look([image])[1][0])
    who = [name for name, _ in ranked if name in NAMED_HUMANS]
    tags = tuple(
        replace(tag, name=who[0]) if tag.name == "person" and len(who) == 1 else tag
        for tag in find(image)[:MOST_THINGS]
    )
    medium_name = medium(image)
    # What looks like a blurred ground in a drawing is a plain one.
    lens = blur(image) if medium_name == "photo" else ""
    return Observation(
        medium_name,
        light(image),
        ", ".join(word for word in (lens, symmetry(image)) if word),
        _subject(phrase(ranked), tags),
        tags,
        tuple(_colour(image, tag) for tag in tags),
        medium_name.removeprefix("black and white ") in WRITTEN
        or any(name == "lettering" for name, _ in ranked),
    )


def _subject(about: str, tags: Sequence[Tag]) -> str:
    """Put concepts and tags together, each thing named once."""
    words = set(about.replace(",", " ").split())
    if words & HUMAN_WORDS:
        words |= HUMAN_WORDS
    news = [tag.name for tag in tags if not words & set(tag.name.split())]
    if about in GENERIC and news:
        return _article(news[0])
    if not about:
        return " and ".join(_article(name) for name in news[:2])
    return f"{about} with {_article(news[0])}" if news and " with " not in about else about


def _article(name: str) -> str:
    plural = name.endswith("s") and not name.endswith("ss")
    return name if plural else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _colour(image: Image.Image, tag: Tag) -> str:
    """Give the basic words for a tag's colour; ``""`` where that is not sure.

    Of a human it is not said: the same word may be of clothes, hair or skin.
    """
    x0, y0, x1, y1 = tag.box
    if tag.name in HUMAN_WORDS or (x1 - x0) * (y1 - y0) > WHOLE:
        return ""
    colour = object_colour(image, tag.box)
    return "" if colour is None else basic_colour(nearest_names(colour[None])[0])


def objects(observation: Observation, rows: int, cols: int) -> tuple[SceneObject, ...]:
    """Give the tags as objects on a grid."""
    return tuple(
        SceneObject(tag.name, covered(tag.box, rows, cols), (colour,) if colour else ())
        for tag, colour in zip(observation.tags, observation.colours, strict=True)
    )


def covered(box: tuple[float, float, float, float], rows: int, cols: int) -> Box:
    """Give the cells a box of fractions covers; half a cell is covered, less is not.

    What covers no cell lies where its middle is.
    """
    x0, y0, x1, y1 = box
    left, right = _span(x0, x1, cols)
    top, bottom = _span(y0, y1, rows)
    return Box(top + 1, left + 1, bottom, right)


def _span(low: float, high: float, count: int) -> tuple[int, int]:
    """Give the first of ``count`` cells that is covered, and the one after the last."""
    first, end = math.floor(low * count + 0.5), math.floor(high * count + 0.5)
    if end > first:
        return first, end
    first = min(math.floor((low + high) / 2 * count), count - 1)
    return first, first + 1
