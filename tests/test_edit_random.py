"""Random edits, subsets and cuts: a valid stream comes out, or one clear error."""

from __future__ import annotations

import io
import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from promptcodec import bitstream, decode, decoding, encode, reading
from promptcodec.bitstream import Stream
from promptcodec.description import parse_text
from promptcodec.edit import Edit, apply, truncate
from promptcodec.entropy import dictionary, encode_text
from promptcodec.errors import BitstreamError, BudgetError, PromptcodecError
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers import semantic, structure, texture
from promptcodec.layers.parts import part_of
from promptcodec.layers.registry import BY_NAME, NAMES, PART_IDS, part_name
from promptcodec.recipe import Chunk, from_chunks
from tests.effort import examples

SIZE = (96, 64)
DESCRIPTION = parse_text(
    "photo 3x4\nsummary: A red kite over a green field.\nlight: bright\n"
    "r1c1 sky blue, smooth\nr1c2 as left, lighter\nr1c3 as left, lighter\nr1c4 as left: a red kite\n"
    "r2c1 as above, darker\nr2c2 green over olive, rough rising\nr2c3 as left, darker\nr2c4 red with white\n"
    "r3c1 grass green, grainy: field\nr3c2 as left\nr3c3 as above, busy\nr3c4 as left: field\n"
    "object r1c4:r2c4 red kite, red\nobject r3c1:r3c4 field, grass green\nlettering r2c2:r2c3 painted: GREEN"
)
TEXTS = [f"a {a} {b} {n}" for a in ("red", "old") for b in ("kite", "field", "sky") for n in range(500)]
OWN = dictionary.train(TEXTS, 2048)
PEOPLE = [[40, 20, 2, *[0] * 12, 35, 28, 2, 45, 28, 2, *[0] * 12, 36, 44, 2, 44, 44, 2, *[0] * 12],
          {"keypoints": [10, 10, 1] * 17}["keypoints"]]  # fmt: skip


def picture():
    image = Image.new("RGB", SIZE, (120, 170, 220))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 40, 96, 64), fill=(60, 130, 50))
    pen.ellipse((60, 8, 84, 30), fill=(200, 40, 40))
    pen.rectangle((10, 24, 34, 50), fill=(230, 220, 200))
    return image


def png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def bitmap_part():
    """Make a structure part of pixels, not lines."""
    shape = (21, 32)
    head = structure.encode(picture(), 60)[0]
    return structure.encode_value(head, shape, np.random.default_rng(1).random(shape) < 0.06)


def make(**payloads):
    parts = tuple(part_of(name, payloads[name]) for name in BY_NAME if name in payloads)
    return bitstream.write(Stream(*SIZE, parts))


def streams():
    words = {"semantic": semantic.encode(DESCRIPTION)}
    colours = {"texture": texture.encode(picture(), 40)}
    lines = {"structure": structure.encode(picture(), 60)}
    kept = from_chunks((Chunk("tEXt", "parameters", b"a kite\nSteps: 20, Sampler: Euler, Seed: 7"),))
    recipe = {"recipe": recipe_layer.encode(kept)}
    return {
        "words": make(**words),
        "all": make(**words, **colours, **lines, **recipe, signature=bytes(27), about=encode_text("seed: 7")),
        "map": make(**colours),
        "map and lines": make(**colours, **lines),
        "lines": make(**words, **lines),
        "bitmap": make(**words, structure=bitmap_part()),
        "poses": make(**words, structure=structure.encode_pose(PEOPLE, SIZE)),
        "one pose": make(structure=structure.encode_pose(PEOPLE[0], SIZE)),
        "own": make(semantic=semantic.encode(DESCRIPTION, coder="zstd", dictionary=OWN), **lines),
        "raw": make(semantic=semantic.encode(DESCRIPTION, coder="raw"), **lines),
        "pixels": encode(picture(), layers=("semantic", "pixels"), description=DESCRIPTION),
    }


STREAMS = streams()
cells = st.builds("r{}c{}".format, st.integers(1, 3), st.integers(1, 4))
places = st.one_of(
    cells, st.builds("{},{}".format, st.integers(-5, 96), st.integers(-5, 64)), st.sampled_from(["r9c9", ""])
)
boxes = st.one_of(
    st.builds(
        lambda a, b, c, d: f"r{min(a, b)}c{min(c, d)}:r{max(a, b)}c{max(c, d)}", *[st.integers(1, 3)] * 4
    ),
    cells,
    st.builds(
        lambda a, b, c, d: f"{min(a, b)},{min(c, d)},{max(a, b)},{max(c, d)}",
        *[st.integers(0, 96)] * 2,
        *[st.integers(0, 64)] * 2,
    ),
    st.sampled_from(["", "r0c1", "r9c9", "r2c2:r1c1", "0,0,0,0", "-1,0,5,5", "0,0,97,64", "everything"]),
)
phrases = st.one_of(
    st.sampled_from(["red", "green", "red kite", "sky blue over white, smooth", "as left", "as above, darker",
                     "field", "a", "", "autumn orange", "rough rising", ": ", "grey: fog: thick", "busy"]),
    st.text(max_size=12),
)  # fmt: skip
masks = st.integers(0, 2**12 - 1).map(
    lambda bits: png(
        Image.fromarray(np.array([bits >> n & 1 for n in range(12)], np.uint8).reshape(3, 4) * 255)
    )
)
edits = st.one_of(
    st.builds(lambda *a: Edit("cell", a), cells, phrases),
    st.builds(lambda *a: Edit("replace", a), phrases, phrases),
    st.builds(lambda *a: Edit("recolour", a), boxes, phrases),
    st.builds(
        lambda *a: Edit("surface", a), boxes, st.sampled_from(["smooth", "busy falling", "rough up", "x"])
    ),
    st.builds(lambda *a: Edit("delete-curves", a), boxes),
    st.builds(lambda *a: Edit("move-curves", a), boxes, places),
    st.builds(
        lambda *a: Edit("scale-curves", a), boxes, st.sampled_from(["0.3", "1.7", "20", "0", "nan", "x"])
    ),
    st.builds(lambda *a: Edit("erase", a), boxes),
    st.builds(lambda *a: Edit("mask", a), masks | st.binary(max_size=9)),
    st.builds(lambda *a: Edit("move", a), boxes, places),
    st.builds(lambda *a: Edit("medium", a), phrases),
    st.builds(lambda *a: Edit("style", a), phrases | st.sampled_from(["light: dim", "summary: A field."])),
    st.builds(
        lambda *a: Edit("transplant", a),
        st.sampled_from([*NAMES, "about", "x"]),
        st.sampled_from(list(STREAMS.values())) | st.binary(max_size=9),
    ),
)
sequences = st.tuples(st.sampled_from(list(STREAMS.values())), st.lists(edits, min_size=1, max_size=4))
NAMED = {
    "cell": {"semantic", "texture"},
    "replace": {"semantic", "texture"},
    "recolour": {"semantic", "texture"},
    "surface": {"semantic"},
    "delete-curves": {"structure"},
    "move-curves": {"structure"},
    "scale-curves": {"structure"},
    "erase": {"semantic", "texture", "structure"},
    "mask": {"semantic", "texture", "structure"},
    "move": {"semantic", "texture", "structure"},
    "medium": {"semantic"},
    "style": {"semantic"},
}


def parts_of(data):
    return {part_name(part.type): part.payload for part in bitstream.read(data).parts}


def check_valid(data):
    """Read every layer, as drawing would."""
    stream = reading.open_stream(data)
    assert bitstream.write(stream) == data
    # Drawing a structure layer takes longer than all the rest: it is only read.
    others = tuple(part for part in stream.parts if part_name(part.type) != "structure")
    reading.check_parts(replace(stream, parts=others), (OWN,))
    lines = parts_of(data).get("structure")
    if lines is not None:
        structure.decode_value(lines, SIZE)


def run(sequence):
    """Apply edits one by one, those that cannot be left out; the result is valid after each."""
    data, wanted = sequence
    done = 0
    for edit in wanted:
        try:
            edited = apply(data, [edit], dictionaries=(OWN,))
        except PromptcodecError as error:
            assert str(error)
            assert error.exit_code == 2
            continue
        check_valid(edited.data)
        before, after = parts_of(data), parts_of(edited.data)
        named = NAMED.get(edit.operation, {edit.arguments[0]}) | {"about", "signature"}
        assert {name: part for name, part in before.items() if name not in named} == {
            name: part for name, part in after.items() if name not in named
        }
        assert set(edited.changed) == {n for n in {*before, *after} if before.get(n) != after.get(n)}
        assert seed_of(data) == seed_of(edited.data)
        data = edited.data
        done += 1
    return done


def seed_of(data):
    return decoding.conditions(data, size=(1, 1), dictionaries=(OWN,)).seed


@examples(2)
@given(sequences)
def test_no_sequence_of_edits_gives_an_invalid_stream(sequence):
    run(sequence)


@pytest.mark.slow
@settings(deadline=None, max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(sequences)
def test_ten_thousand_sequences(sequence):
    run(sequence)


@examples(2)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 21), st.integers(0, 13)), min_size=1, max_size=12), max_size=6
    ),
    st.sampled_from([(64, 42), (42, 64)]),
)
def test_any_moved_nodes_become_paths_that_can_be_coded(pieces, shape):
    from promptcodec.edit import paths
    from promptcodec.layers.structure import lattice

    drawn = paths._paths([paths._joined(piece) for piece in pieces], lattice.shape(shape, 3))
    nodes = [node for path in drawn for node in lattice.nodes(path)]
    assert len(nodes) == len(set(nodes))
    head = 20 | (32 if shape[0] > shape[1] else 0)  # 21 of 32 parts of the longer side
    payload = structure.encode_value(head, shape, (3, drawn))
    canvas, (grid, coded) = structure.decode_value(payload, (300, 200))[1]
    assert (canvas, grid, sorted(coded)) == (shape, 3, sorted(drawn))


def check_kept(shorter, data):
    """Parts that are kept are the same bytes, but for words whose texture layer went."""
    kept, whole = parts_of(shorter), parts_of(data)
    if "texture" in whole.keys() - kept.keys():
        kept.pop("semantic", None)  # the colours, read off that layer, are written into them now
    assert kept.items() <= whole.items()


def cuts_and_subsets(data):
    """Decode every subset of layers, and every beginning of a stream."""
    stream = bitstream.read(data)
    names = [part_name(part.type) for part in stream.parts if part.type != PART_IDS["about"]]
    for count in range(1, len(names) + 1):
        for chosen in itertools.combinations(names, count):
            shorter = truncate(data, layers=chosen)
            kept = parts_of(shorter)
            assert set(kept) - {"about"} == set(chosen)
            check_kept(shorter, data)
            if "semantic" in chosen:
                assert reading.inspect(shorter)["text"] == reading.inspect(data)["text"]
            if {"semantic", "texture", "structure", "pixels"} & set(chosen):
                assert decode(shorter, size=(48, 32)).report.layers == chosen
    ends = {part.offset + len(part.payload) for part in stream.parts[:-1]}
    for end in range(len(data)):
        with pytest.raises(BitstreamError):
            bitstream.read(data[:end])
        if end in ends:
            partial = decode(data[:end], partial=True, size=(48, 32))
            assert partial.report.warnings
        else:
            with pytest.raises(BitstreamError):
                bitstream.read(data[:end], partial=True)
    for most in range(len(data) + 2):
        try:
            shorter = truncate(data, most=most)
        except BudgetError as error:
            assert str(most) in str(error)
        else:
            assert len(shorter) <= most
            check_kept(shorter, data)


def test_every_subset_and_every_cut():
    cuts_and_subsets(STREAMS["map and lines"])


@pytest.mark.slow
def test_every_subset_and_every_cut_of_fifty_real_streams(data_folder):
    paths = sorted((data_folder / "eval" / "kodak").iterdir())[:24]
    paths += sorted(p for p in (data_folder / "eval" / "aigi").iterdir() if p.suffix == ".png")[:26]
    chance = random.Random(5)
    for path in paths:
        layers = ("semantic", "texture", "structure", "signature")
        with Image.open(path) as image:
            image.thumbnail((512, 512))
            cuts_and_subsets(encode(image, layers=layers, budget=chance.choice((120, 200, 400))))
