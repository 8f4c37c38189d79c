"""Hostile streams: a picture or one PromptcodecError, whatever the bytes."""

from __future__ import annotations

import json
import random

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import bitstream, decode, reading
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Description, parse_text
from promptcodec.description.model import Box, Cell, SceneObject
from promptcodec.entropy import encode_text
from promptcodec.entropy.varint import write_varint
from promptcodec.errors import BitstreamError, DescriptionError, PromptcodecError, UsageError
from promptcodec.layers import about, semantic
from promptcodec.layers.registry import PART_IDS
from tests.effort import examples
from tests.hostile_streams import BROTLI, STREAM, sealed, with_part


def survives(data):
    """Inspect and decode; count what came back."""
    done = 0
    for work in (reading.inspect, decode):
        try:
            result = work(data)
        except PromptcodecError as error:
            assert str(error)
        else:
            done += 1
            assert work is reading.inspect or result.image.mode == "RGB"
    return done


def test_the_stream_has_every_part():
    assert [part["type"] for part in reading.outline(STREAM)["parts"]] == list(PART_IDS)
    assert survives(STREAM) == 2


@pytest.mark.parametrize("apart", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_noticed(apart):
    for at in (*range(16), *range(16, len(STREAM), apart)):
        for bit in range(8) if at < 16 else (at % 8,):
            damaged = bytearray(STREAM)
            damaged[at] ^= 1 << bit
            with pytest.raises(BitstreamError):
                reading.inspect(bytes(damaged))
            try:
                shown = reading.inspect(bytes(damaged), partial=True)
            except (BitstreamError, DescriptionError):
                continue
            assert shown["cut_in"]  # never shown as if nothing were wrong
            assert len(shown["parts"]) < len(PART_IDS)


@pytest.mark.parametrize("apart", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_every_cut_is_noticed(apart):
    rows = reading.outline(STREAM)["parts"]
    ends = [part["offset"] + part["bytes"] for part in rows[:-1]]
    for end in sorted({*range(0, len(STREAM), apart), *ends}):
        with pytest.raises(BitstreamError):
            decode(STREAM[:end])
        if end < ends[0]:
            with pytest.raises(BitstreamError):
                reading.inspect(STREAM[:end], partial=True)
            continue
        whole = sum(end >= each for each in ends)
        shown = reading.inspect(STREAM[:end], partial=True)
        assert shown["bytes"] == end
        assert shown["parts"] == rows[:whole]
        assert shown["cut_in"] == ("" if end in ends else rows[whole]["type"])


@pytest.mark.parametrize("apart", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_every_byte_changed_under_a_valid_checksum(apart):
    chance = random.Random(1)
    done = 0
    places = range(3, len(STREAM) - 2, apart)
    for at in places:
        value = STREAM[at] ^ chance.choice((1, 2, 64, 128, 255, chance.randrange(1, 256)))
        done += survives(sealed(STREAM[:at] + bytes([value]) + STREAM[at + 1 : -2]))
    assert done > len(places) / 2  # most bytes of most layers have no wrong value


@examples(6)
@given(st.data())
def test_many_changes_under_a_valid_checksum(data):
    body = bytearray(STREAM[:-2])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(3, len(body) - 1))
        length = data.draw(st.sampled_from([0, 1, 1, 2, 5]))
        body[at : at + length] = data.draw(st.binary(max_size=4))
    survives(sealed(bytes(body)))


@examples(6)
@given(st.sampled_from(sorted(PART_IDS)), st.binary(max_size=120), st.binary(max_size=2))
def test_random_payloads(kind, payload, head):
    survives(with_part(kind, head + payload))


WORDS = [
    "photo 1x2", "photo 2x1", "\n", "r1c1", "r1c2", "r2c1", " red", " as left", " as above", ",", " lighter",
    " darker", " blue", " with", " over", " busy", " rising", ": ", "object r1c1:r1c1 a", "lettering", " ",
    "summary: x", "seed: 1", "captioner: local", "\u0663", "\u202e", "\ufeff", "9" * 30,
]  # fmt: skip
values = st.recursive(
    st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=9)),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=9,
)
texts = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(WORDS), max_size=14).map("".join),
    values.map(json.dumps),
)


@examples(6)
@given(st.sampled_from(["semantic", "recipe", "about"]), texts)
def test_texts_that_nobody_wrote(kind, text):
    survives(with_part(kind, encode_text(text)))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (sealed(b"\xabP1\x10\x0c\x01" + write_varint(2**32 - 1) + b"abc"), "claims 4294967295"),
        (sealed(b"\xabP1\x10\x0c\x01\xff\xff\xff\xff\xff\x7fabc"), "not a valid integer"),
        (sealed(b"\xabP1\x10\x0c\x02\x01a\x42b"), "a second texture part"),
        (sealed(b"\xabP1\x10\x0c"), "ends before its last part"),
        (sealed(b"\xabP1\x80\x80\x04\x01\x41"), "65536x1 is outside"),
        (sealed(b"\xabP1\x00\x01\x41"), "0x1 is outside"),
        (sealed(b"\xabP1" + write_varint(8193) * 2 + b"\x41"), "8193x8193 is outside"),
        (sealed(b"\xabP9\x10\x0c\x41"), "newer promptcodec"),
        (with_part("recipe", b"\1\xff\1abc"), "is cut"),
        (with_part("recipe", b"\1\0" + encode_text("a")), "more than the value"),
        (with_part("semantic", BROTLI + brotli.compress(b"a" * (1 << 22))), "longer than the limit"),
        (with_part("semantic", encode_text("photo 9x9\n" + "r1c1 red\n" * 81)), "1 to 8"),
        (with_part("semantic", encode_text("photo 1x1\nr1c1 " + "red, " * 100000)), "out of place"),
        (with_part("semantic", encode_text("x" * 5000 + " 1x1\nr1c1 red")), "4000"),
        (with_part("texture", b"\xff" * 5000), "texture"),
        (with_part("pixels", b"\0RIFF" + bytes(40)), "WebP"),
    ],
)
def test_lies_are_named(data, says):
    for work in (reading.inspect, decode):
        if work is reading.inspect and says in ("texture", "WebP"):
            continue  # it does not decode pictures
        with pytest.raises(PromptcodecError, match=says):
            work(data)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seed: 4294967296", "impossible seed"),
        ("seed: -1", "impossible seed"),
        ("seed: 1e3", "impossible seed"),
        ("seed: \u0663", "impossible seed"),
        ("seed: " + "9" * 5000, "impossible seed"),
        ("seed", "lines"),
        ("note: a\n\nnote: b", "lines"),
    ],
)
def test_about_parts_that_cannot_be(text, says):
    parts = (Part(1, semantic.encode(parse_text("photo 1x1\nr1c1 red"))), Part(7, encode_text(text)))
    with pytest.raises(BitstreamError, match=says):
        decode(bitstream.write(Stream(16, 12, parts)))


def test_an_about_part_is_short():
    bomb = BROTLI + brotli.compress(b"note: x\n" * 200000)
    with pytest.raises(BitstreamError, match="longer than the limit"):
        about.decode(bomb)


def test_unknown_critical_parts_are_shown_but_not_decoded():
    data = bitstream.write(Stream(16, 12, (*bitstream.read(STREAM).parts, Part(33, b"?", critical=True))))
    assert reading.inspect(data)["parts"][-1]["type"] == "unknown-33"
    with pytest.raises(BitstreamError, match="unknown-33"):
        decode(data)


def test_what_no_reader_takes_is_not_written():
    part = Part(1, b"")
    for stream in (
        Stream(0, 1, (part,)), Stream(65536, 1, (part,)), Stream(8193, 8193, (part,)), Stream(1, 1, ()),
        Stream(1, 1, (part, part)), Stream(1, 1, (Part(64, b""),)), Stream(1, 1, (Part(-1, b""),)),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            bitstream.write(stream)
    many = Description(
        "photo", 1, 1, (Cell(text="a"),), objects=(SceneObject("b" * 4000, Box(1, 1, 1, 1)),) * 263
    )
    with pytest.raises(UsageError, match="longer than"):
        semantic.encode(many, coder="raw")
