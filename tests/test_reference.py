"""A decoder written from docs/format.md alone agrees with ours, on frozen streams and on new ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from promptcodec import bitstream, encode, entropy, inspect
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Box, Cell, Description, Lettering, SceneObject, format_text
from promptcodec.layers import semantic, texture
from promptcodec.layers.parts import part_of
from promptcodec.layers.texture import dct

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))
from tests.golden.__main__ import FOLDER, NAMES
from tests.golden.values import values
from tests.reference import texture as reference_texture
from tests.reference.__main__ import value
from tests.reference.coder import Tables
from tests.reference.container import read_stream

TABLES = Tables(str(ROOT / "promptcodec" / "models"))


def reference(data, *, bare=False, partial=False, dictionary=None):
    stream = read_stream(data, bare, partial)
    parts = [
        {"type": part.type, "critical": part.critical, "value": value(part, stream, TABLES, dictionary)}
        for part in stream.parts
    ]
    return json.loads(json.dumps({**stream._asdict(), "parts": parts}))


def comparable(decoded, chunks=None):
    """Bring verbatim metadata to one form: the format stores chunks, what recipe is in them tools define.

    The first streams hold the chunks as texts, the later ones their bytes.
    """
    for part in decoded["parts"]:
        held = part["value"]
        if isinstance(held, dict) and held.get("chunks"):
            as_texts = [
                [chunk["carrier"], chunk["key"], chunk["text"].encode().hex()] for chunk in held["chunks"]
            ]
            part["value"] = {"metadata": chunks or as_texts}
    return decoded


@pytest.mark.parametrize("name", NAMES)
def test_golden_streams(name):
    wanted = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    dictionary = wanted.pop("dictionary")
    given = str(FOLDER / dictionary) if dictionary else None
    chunks = wanted.pop("metadata", None)
    decoded = reference((FOLDER / f"{name}.pxt").read_bytes(), **wanted.pop("options"), dictionary=given)
    assert decoded == comparable(wanted, chunks)


def test_streams_of_this_code(astronaut, scene):
    for image, budget in ((astronaut, 250), (scene, 90)):
        data = encode(image, budget=budget, layers=("semantic", "texture", "structure"), recipe="off")
        assert reference(data) == json.loads(json.dumps(values(data)))
    assert entropy.coder_name(entropy.encode_text("A red barn stands by the road.")) == "ppm"


TEXTS = (
    "",
    "",
    "sky",
    "Sky",
    "trees",
    "a red barn",
    "summary: x",
    "Tower Bridge",
    "tower bridge",
    "r1c1: [",
    ": é",
)


def described(rows, cols):
    """Give a description of odd words: capitals, plurals, names that phrases repeat, lines like others."""
    cells = [Cell(text=TEXTS[(7 * n + n // 5) % len(TEXTS)]) for n in range(rows * cols)]
    if cols > 2:
        cells[1:3] = [Cell(text="barn", texture="rough"), Cell(texture="smooth", orientation="rising")]
    objects = (
        SceneObject("Tower Bridge", Box(1, 1, rows, 1), ("grey",)),
        SceneObject("red barns", Box(1, 1, 1, cols)),
        SceneObject("summary: x", Box(rows, cols, rows, cols)),
        SceneObject("red barns", Box(rows, 1, rows, cols)),
    )
    lettering = (Lettering("a: b", Box(1, 1, 1, 1), "painted"), Lettering(": HAY", Box(1, 1, rows, cols), ""))
    summary = "The Sky over a red barn, and a tower bridges."
    return Description("photo 2x2", rows, cols, tuple(cells), summary, "", "calm", objects, lettering)


@pytest.mark.parametrize("coder", ["auto", "raw", "zstd", "brotli"])
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 8), (3, 4), (8, 8)])
def test_words_beside_a_colour_map(rows, cols, coder, astronaut, once):
    part = semantic.encode(described(rows, cols), coder=coder, with_map=True)
    assert part[0] == (0x7F if coder == "auto" else 0x3F)
    colour_map = part_of("texture", once(texture.encode, astronaut, 60))
    data = bitstream.write(Stream(96, 64, (Part(1, part), colour_map)))
    shown = inspect(data)
    assert all(cell["derived"] for cell in shown["description"]["cells"])
    assert reference(data)["parts"][0]["value"] == shown["text"]


def test_words_whose_colour_map_is_missing():
    description = described(3, 4)
    part = semantic.encode(description, with_map=True)
    data = bitstream.write(Stream(96, 64, (Part(1, part),)))
    assert reference(data)["parts"][0]["value"] == inspect(data)["text"] == format_text(description)


def test_a_texture_layer_by_the_dct_is_drawn_alike(astronaut, once):
    part = once(dct.encode, astronaut, 100)
    ours = np.asarray(dct.draw(part, (48, 48)).picture, np.int16)
    content = reference_texture.decode(part, TABLES)
    theirs = np.asarray(reference_texture.picture(content, 48, 48, TABLES), np.int16)
    assert np.abs(ours - theirs).max() <= 2
