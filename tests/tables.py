"""Records and archives for tests of tables: streams that can be read, with recipes that hold secrets."""

from __future__ import annotations

import io
import os
import random

from hypothesis import strategies as st

from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.record import LATEST, Place, Record, id_of
from promptcodec.archive.transfer import formats
from promptcodec.archive.transfer.entries import entry_of
from promptcodec.archive.transfer.exporting import exported
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Box, Cell, Description, Lettering, SceneObject
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers import semantic
from promptcodec.layers.registry import PART_IDS
from promptcodec.recipe.model import Chunk
from promptcodec.recipe.read import from_chunks

SECRETS = ("jane.doe", "Eve's laptop", "sk-proj-Zq8xW2rT9bLm4KfVnYc7", "jane@doe.example")
SETTINGS = (
    "a kite over a beach\nNegative prompt: rain\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 12345, "
    "Size: 640x480, Model: dream"
)
PRIVATE = (
    SETTINGS
    + ", Path: C:\\Users\\jane.doe\\Eve's laptop\\dream.safetensors, API key: sk-proj-Zq8xW2rT9bLm4KfVnYc7, "
    "Contact: jane@doe.example"
)
SIGNATURE = bytes(range(27))
FORMS = ("parquet", "jsonl", "csv")


def recipe(text=SETTINGS):
    return from_chunks((Chunk("tEXt", "parameters", text.encode()),))


def stream(summary="A red kite.", recipe_text=None, *more):
    """Give a bare stream of words, of a recipe where there is a text of one, and of more parts."""
    words = Description(
        "photo",
        1,
        2,
        (Cell(colours=("blue",), text="sky"), Cell(colours=("beige",), text="sand")),
        summary,
        "evening light",
        objects=(SceneObject("kite", Box(1, 1, 1, 1), ("red",)),),
        lettering=(Lettering("OPEN", Box(1, 2, 1, 2), "sign"),),
    )
    parts = [Part(PART_IDS["semantic"], semantic.encode(words, coder="raw"))]
    if recipe_text:
        parts.append(Part(PART_IDS["recipe"], recipe_layer.encode(recipe(recipe_text))))
    return bitstream.write(Stream(640, 480, (*parts, *more)), bare=True)


def record(number, recipe_text=None, *more, root="", tags=()):
    data = stream(f"A red kite, number {number}.", recipe_text, *more)
    place = Place(root, f"folder/{number}.jpg", 1_700_000_000_000 + number)
    return Record(id_of(b"%d" % number), data, (place,), tuple(tags))


def archive_of(path, records):
    with store.create(path) as archive:
        archive.put(records)
        return {each.id: each for each in archive.records()}


def contents(path):
    with store.open(path) as archive:
        return {each.id: each for each in archive.records()}


def table_of(records, form, *, with_private=True, signature=None, dictionaries=(), compressed=False):
    """Write records as a table; give its bytes."""
    file = io.BytesIO()
    rows = (exported((each, signature), dictionaries, with_private=with_private) for each in records)
    formats.write((each.row for each in rows if each.row), file, form, compressed=compressed)
    return file.getvalue()


def entries_of(table, form, **more):
    return [entry_of(row) for _, row in formats.read(io.BytesIO(table), form, **more)]


STREAMS = [
    stream(),
    stream("It says:\n=1+2"[:8], PRIVATE),
    stream("-", SETTINGS),
    stream("A", None, Part(50, b"x")),
]
_RAW = st.binary(min_size=1, max_size=12).map(lambda data: data.replace(b"\0", b"0"))
_NAMES = st.one_of(
    _RAW.map(os.fsdecode),
    st.sampled_from(
        ["=1+2.jpg", "'quoted'.png", "bytes:x", 'a"b,c.jpg', "a\nb\r.jpg", "caf\udce9.jpg", "\U0001f9ff"]
    ),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12),
)
PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
PATHS = PATHS.filter(lambda path: ".." not in path.split("/") and not path.startswith("/"))
TAGS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    st.sampled_from(["=HYPERLINK(1)", '"', "'", "\t", "a\r\nb", "+1", "@x", "-", "\U0001f9ff", "\0", ""]),
)
PLACES = st.builds(
    Place,
    st.one_of(st.just(""), PATHS.map(lambda path: "/" + path), st.just("C:\\Users\\x")),
    PATHS,
    st.one_of(st.integers(-LATEST, LATEST), st.sampled_from([0, -1, -62_135_596_800_001, LATEST, -LATEST])),
)
RECORDS = st.builds(
    Record,
    st.binary(min_size=16, max_size=16),
    st.sampled_from(STREAMS),
    st.lists(PLACES, min_size=1, max_size=4, unique=True).map(tuple),
    st.lists(TAGS, max_size=4, unique=True).map(tuple),
)


def shuffled(items, seed):
    items = list(items)
    random.Random(seed).shuffle(items)
    return items
