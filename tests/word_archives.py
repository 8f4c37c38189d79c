"""Small archives for tests of searching: streams of words alone, made without looking at a picture."""

from __future__ import annotations

import os

from promptcodec import bitstream
from promptcodec.archive.record import Place, Record, id_of
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Cell, Description
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers import semantic
from promptcodec.layers.registry import BY_NAME

DAY = 86_400_000


GREY = (Cell(colours=("grey",)),)


def description(summary="", *, medium="photo", cells=GREY, **more):
    """Give a description of one row of cells."""
    return Description(medium, 1, len(cells), tuple(cells), summary, **more)


def stream(words=None, recipe=None, size=(640, 480)):
    """Give a bare stream of words, a recipe or neither."""
    parts = []
    if words is not None:
        parts.append(Part(BY_NAME["semantic"].id, semantic.encode(words, coder="raw")))
    if recipe is not None:
        parts.append(Part(BY_NAME["recipe"].id, recipe_layer.encode(recipe, form="fields", coder="raw")))
    return bitstream.write(Stream(*size, tuple(parts or [Part(50, b"of a later version")])), bare=True)


def record(name, words=None, recipe=None, *, size=(640, 480), time=0, tags=(), root=""):
    """Give a record of the picture with this name; the words may be a summary alone."""
    own = description(words) if isinstance(words, str) else words
    return Record(
        id_of(os.fsencode(name)), stream(own, recipe, size), (Place(root, name, time),), tuple(tags)
    )
