"""Texture layers by other coders than the DCT: part type 8, here with a coder that nobody knows."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import bitstream, decode, edit, encode, inspect, rate, verify
from promptcodec.archive.indexing import looks
from promptcodec.bitstream import Part, Stream
from promptcodec.description import parse_text
from promptcodec.errors import BitstreamError, NewerError
from promptcodec.layers import semantic, structure, texture
from promptcodec.layers.parts import part_of, payload_of, payloads_of, rank
from promptcodec.layers.registry import part_name
from promptcodec.layers.texture import choice, dct, learned
from promptcodec.layers.texture.coders import DCT, LEARNED, PACKAGES, coder
from promptcodec.reading import derive_seed
from tests.drawings import drawing
from tests.effort import examples

LATER = Part(8, b"\xc8 of a coder to come")
WORDS = parse_text(
    "photo 2x2\nsummary: A red kite.\nr1c1 red: kite\nr1c2 sky blue: sky\nr2c1 green\nr2c2 green"
)


@pytest.fixture(scope="module")
def lines():
    return Part(3, structure.encode(drawing(), 60))


@pytest.fixture(scope="module", params=PACKAGES)
def colours(once, request):
    """A texture part by each coder that there is."""
    return part_of("texture", bytes([request.param]) + once(coder(request.param).encode, drawing(), 60))


@pytest.fixture
def chosen(monkeypatch, request):
    """Have one coder taken wherever both were tried."""
    monkeypatch.setattr(
        choice, "nearest", lambda _, payloads: {each[0]: each for each in payloads}[request.param]
    )
    return request.param


def words(*, with_map=False):
    return Part(1, semantic.encode(WORDS, with_map=with_map))


def stream_of(*parts, bare=False):
    return bitstream.write(Stream(60, 40, parts), bare=bare)


def types(data):
    return [part.type for part in bitstream.read(data).parts]


@given(st.sampled_from([1, 2, 3, 8, 40]), st.binary(max_size=9))
@examples(2)
def test_a_part_and_its_payload(number, data):
    part = Part(number, data)
    payload = payload_of(part)
    if number == 40 or (number == 8 and data[:1] in (b"", b"\0")):
        assert payload == (data if number == 40 else b"")
    else:
        assert part_of(part_name(number), payload) == part
        assert payload == (b"\0" + data if number == 2 else data)


@pytest.mark.parametrize("chosen", PACKAGES, indirect=True)
def test_a_part_takes_all_its_bytes_and_that_of_the_dct_none_for_the_coder(chosen, once):
    image, alone = drawing(), (once(dct.encode, drawing(), 60), once(learned.encode, drawing(), 59))
    parts = [Part(2, alone[DCT]), Part(8, b"\1" + alone[LEARNED])]
    assert len(parts[chosen].payload) <= 60
    assert texture.encode(image, 60, stored=True) == payload_of(parts[chosen])
    if chosen == DCT:
        assert texture.encode(image, 61) == b"\0" + alone[DCT]
    else:
        assert texture.encode(image, 60) == b"\1" + alone[LEARNED]
    data = encode(image, layers=("texture",), budget=60 + bitstream.overhead([60], image.size))
    assert [(part.type, part.payload) for part in bitstream.read(data).parts] == [
        (parts[chosen].type, parts[chosen].payload)
    ]
    sizes = [rate.file_bytes({"texture": coder + alone[DCT]}, image.size) for coder in (b"\0", b"\1")]
    assert sizes[1] == sizes[0] + 1


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_both_in_one_stream_are_refused(order, colours):
    parts = [(colours, words(), LATER)[at] for at in order]
    with pytest.raises(ValueError, match="each of another layer"):
        stream_of(*parts)
    pieces = [stream_of(part, bare=True) for part in parts]
    cut = b"\xabP1" + pieces[0][:2]
    cut += b"".join(bytes([part.type, len(part.payload)]) + part.payload for part in parts)
    for read in (lambda data: bitstream.read(data, partial=True), bitstream.whole_parts):
        with pytest.raises(BitstreamError, match="a second texture part") as caught:
            read(cut)
        assert not isinstance(caught.value, NewerError)


@pytest.mark.parametrize("critical", [False, True])
def test_an_unknown_coder_is_of_a_newer_reader_and_spoils_nothing_else(critical, lines):
    data = stream_of(words(), Part(8, LATER.payload, critical), lines)
    report = decode(data, size=(30, 20)).report
    assert report.layers == ("semantic", "structure")
    assert ["texture part" in notice.text and "coder 200" in notice.text for notice in report.warnings] == [
        True
    ]
    shown = inspect(data)
    assert [(row["type"], row["coder"], row["critical"]) for row in shown["parts"]][1] == (
        "texture",
        "unknown",
        critical,
    )
    assert [row["bytes"] for row in shown["parts"]][1] == len(LATER.payload)
    assert shown["overhead_bytes"] + sum(row["bytes"] for row in shown["parts"]) == len(data)
    with pytest.raises(NewerError, match="coder 200 needs a newer reader"):
        verify(data)
    with pytest.raises(NewerError):
        decode(stream_of(LATER))


@pytest.mark.parametrize("payload", [b"", b"\0", b"\0\x55\x55"])
def test_coder_0_belongs_to_the_other_type(payload, lines):
    data = stream_of(Part(8, payload), lines)
    with pytest.raises(BitstreamError, match="names no coder") as caught:
        verify(data)
    assert not isinstance(caught.value, NewerError)
    assert inspect(data)["parts"][0]["coder"] == "unknown"
    assert decode(data, size=(30, 20), partial=True).report.layers == ("structure",)


def test_the_seed_is_that_of_the_bytes_in_the_file(colours):
    for part in (colours, LATER):
        stream = bitstream.read(stream_of(part))
        assert derive_seed(stream) == int.from_bytes(hashlib.sha256(part.payload).digest()[:4], "big")


def test_it_stands_where_the_other_one_would(lines):
    assert sorted([lines, LATER, words(), Part(40, b"")], key=rank) == [words(), LATER, lines, Part(40, b"")]
    taken = edit.transplant(stream_of(words(), LATER), "structure", stream_of(lines))
    assert types(taken)[:3] == [1, 8, 3]
    taken = edit.transplant(stream_of(LATER, lines), "semantic", stream_of(words()))
    assert types(taken)[:3] == [1, 8, 3]


def test_edits_keep_it_and_another_layer_takes_its_place(lines, colours):
    data = stream_of(words(), LATER, lines)
    edited = edit.apply(data, [edit.Edit("cell", ("r1c1", "red: red kite"))])
    assert "semantic" in edited.changed
    assert bitstream.read(edited.data).parts[1].payload == LATER.payload
    taken = edit.transplant(data, "texture", stream_of(colours))
    assert types(taken)[:3] == [1, colours.type, 3]
    assert bitstream.read(taken).parts[1].payload == colours.payload
    assert payloads_of(bitstream.read(taken))["texture"] == payload_of(colours)
    with pytest.raises(NewerError, match="coder 200"):
        edit.transplant(taken, "texture", stream_of(LATER))
    with pytest.raises(NewerError, match="coder 200"):
        edit.apply(data, [edit.Edit("recolour", ("r1c1", "blue"))])


def test_it_is_cut_off_by_its_place_and_its_name(lines):
    data = stream_of(words(), LATER, lines)
    assert types(edit.truncate(data, layers=("texture",))) == [8]
    assert types(edit.truncate(data, layers=("semantic", "texture"))) == [1, 8]
    assert types(edit.truncate(data, most=len(data) - 1)) == [1, 8]
    assert types(edit.truncate(data, most=len(stream_of(words(), LATER)) - 1)) == [1]


def test_an_archive_finds_the_colours_of_its_words(colours):
    bare = [stream_of(*parts, bare=True) for parts in ((words(), LATER), (words(),), (words(), colours))]
    shown = [looks.measure(stream).colours for stream in bare]
    assert shown[0] == shown[1] != shown[2]


def test_words_beside_it_have_no_colours(lines):
    data = stream_of(words(with_map=True), LATER)
    assert [cell["colours"] for cell in inspect(data)["description"]["cells"]] == [[]] * 4
    with_lines = stream_of(*bitstream.read(data).parts, lines)
    assert edit.truncate(with_lines, most=len(with_lines) - 1) == data
    # Nobody here knows the colours that the words would have to say themselves.
    for apart in (
        lambda: edit.truncate(data, layers=("semantic",)),
        lambda: edit.transplant(stream_of(lines), "semantic", data),
    ):
        with pytest.raises(NewerError, match="coder 200"):
            apart()
    assert types(edit.transplant(stream_of(LATER), "semantic", data))[:2] == [1, 8]
