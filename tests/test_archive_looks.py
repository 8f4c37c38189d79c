"""How pictures look: what is measured, and what the chunks of an index keep of it."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from promptcodec import bitstream, encode
from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.looks import CELLS, CHUNK, NOTHING, UNKNOWN, Look
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Cell, Description
from promptcodec.description.palette import PALETTE
from promptcodec.errors import BitstreamError
from promptcodec.layers import derived, semantic, signature, texture
from promptcodec.layers.parts import part_of

NAMES = list(PALETTE)

LOOKS = st.builds(
    Look,
    st.none() | st.binary(min_size=signature.SIGNATURE_BYTES, max_size=signature.SIGNATURE_BYTES),
    st.binary(min_size=CELLS, max_size=CELLS),
)


def bare(*parts: Part) -> bytes:
    return bitstream.write(Stream(64, 64, parts), bare=True)


def grid(colours: bytes) -> list[list[str]]:
    return [[NAMES[number] for number in colours[row : row + 8]] for row in range(0, CELLS, 8)]


def made_look(number: int) -> Look:
    rng = np.random.default_rng(number)
    own = rng.bytes(signature.SIGNATURE_BYTES) if number % 3 else None
    return Look(own, rng.integers(0, len(PALETTE), CELLS, np.uint8).tobytes())


@pytest.fixture
def base():
    with closing(sqlite3.connect(":memory:")) as connection:
        looks.create(connection)
        yield connection


def every(connection: sqlite3.Connection) -> list[Look]:
    return [chunk.look(index) for chunk in looks.load(connection) for index in range(len(chunk))]


def test_a_texture_layer_shows_the_colours_of_the_grid(scene):
    payload = texture.encode(scene, 120)
    look = looks.measure(bare(part_of("texture", payload)))
    drawn = texture.samples(payload, 2, 2)
    expected = [derived.oklab(colour) for line in drawn for colour in line]
    palette = [derived.oklab(colour) for colour in PALETTE.values()]
    for number, (light, red, yellow) in zip(look.colours, expected, strict=True):
        apart = [4 * (light - x) ** 2 + 25 * ((red - y) ** 2 + (yellow - z) ** 2) for x, y, z in palette]
        assert apart[number] <= 1.0001 * min(apart)
    assert look.signature is None


def test_a_picture_itself_looks_as_its_stream_does(scene):
    coded = looks.measure(bare(part_of("texture", texture.encode(scene, 200)))).colours
    own = looks.colours_of_picture(scene)
    assert sum(a == b for a, b in zip(coded, own, strict=True)) > CELLS // 2


def test_words_show_colours_where_there_is_no_texture_layer():
    cells = (
        Cell(colours=("navy", "orange"), arrangement="over", text="sea"),
        Cell(colours=("red", "white"), arrangement="beside", text="flag"),
        Cell(colours=("green",), text="grass"),
        Cell(continues="left"),
    )
    description = Description("photo", 2, 2, cells)
    colours = grid(looks.measure(bare(Part(1, semantic.encode(description)))).colours)
    assert colours[0] == ["navy"] * 4 + ["red"] * 2 + ["white"] * 2
    assert colours[3] == ["orange"] * 4 + ["red"] * 2 + ["white"] * 2
    assert colours[4] == colours[7] == ["green"] * 8


def test_a_stream_without_colours_says_nothing():
    assert looks.measure(bare(Part(5, bytes(27)))) == Look(bytes(27), NOTHING.colours)
    assert set(NOTHING.colours) == {UNKNOWN}


def test_the_signature_that_was_measured_counts_before_the_one_in_the_stream():
    stream = bare(Part(5, b"\1" * 27))
    assert looks.measure(stream, b"\2" * 27).signature == b"\2" * 27
    assert looks.measure(stream).signature == b"\1" * 27


@given(st.binary(max_size=80))
def test_any_bytes_have_a_look(data):
    assert len(looks.measure(data).colours) == CELLS


@given(st.sampled_from([1, 2, 5]), st.binary(max_size=60))
def test_any_part_has_a_look(kind, payload):
    look = looks.measure(bare(Part(kind, payload)), b"\3" * 27)
    assert look.signature == b"\3" * 27
    assert len(look.colours) == CELLS


def test_a_picture_that_is_searched_with_is_measured_and_a_stream_is_read(scene, tmp_path):
    path = tmp_path / "scene.png"
    scene.save(path)
    look = looks.look_of(path)
    assert look == looks.look_of(path.read_bytes()) == looks.look_of(str(path))
    assert look.signature == signature.encode_framed(scene)
    stream = encode(scene, budget=150, layers=("texture", "signature"))
    own = looks.look_of(stream).signature
    assert own == signature.encode(scene)
    assert signature.distance(own, look.signature) < 0.15
    with pytest.raises(BitstreamError):
        looks.look_of(stream[:-1])


@given(st.lists(LOOKS, max_size=12), st.lists(LOOKS, max_size=12))
def test_what_is_added_is_loaded(first, second):
    with closing(sqlite3.connect(":memory:")) as base:
        looks.create(base)
        assert looks.load(base) == ()
        assert looks.append(base, first) == 0
        assert looks.append(base, second) == len(first)
        assert every(base) == first + second


def test_chunks_fill_up_and_a_document_is_replaced(base):
    some = [made_look(number) for number in range(CHUNK + 10)]
    assert looks.append(base, some[:7]) == 0
    assert looks.append(base, some[7:]) == 7
    assert [len(chunk) for chunk in looks.load(base)] == [CHUNK, 10]
    others = {3: NOTHING, CHUNK + 9: some[0], CHUNK - 1: some[1]}
    looks.replace(base, others)
    assert every(base) == [others.get(number, look) for number, look in enumerate(some)]


def test_no_more_than_the_last_chunk_is_written_again(base):
    looks.append(base, [NOTHING] * (2 * CHUNK + 1))
    base.execute(
        "CREATE TRIGGER kept BEFORE INSERT ON look WHEN new.number < 2 BEGIN SELECT RAISE(ABORT, ''); END"
    )
    looks.append(base, [made_look(1)] * 3)
    assert every(base)[-4:] == [NOTHING, *[made_look(1)] * 3]


def test_a_picture_of_one_pixel_has_a_look():
    assert set(looks.colours_of_picture(Image.new("RGB", (1, 1), PALETTE["teal"]))) == {NAMES.index("teal")}
