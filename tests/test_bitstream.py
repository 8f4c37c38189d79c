"""The container: round trips, overhead, cuts, damage and lies about length."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.bitstream import MAX_PIXELS, Part, Stream, overhead, read, whole_parts, write
from promptcodec.entropy.varint import LIMIT, read_varint, write_varint
from promptcodec.errors import BitstreamError
from tests.effort import examples

sides = st.integers(1, 8192)
streams = st.builds(
    lambda width, height, parts: Stream(width, height, tuple(parts)),
    sides,
    sides,
    st.lists(
        st.builds(Part, st.integers(0, 63), st.binary(max_size=300), st.booleans()),
        min_size=1,
        max_size=5,
        unique_by=lambda part: part.type,
    ),
)


@examples(4)
@given(streams, st.booleans())
def test_round_trip_and_overhead(stream, bare):
    data = write(stream, bare=bare)
    again = read(data, bare=bare)
    assert again == stream
    assert all(data[p.offset : p.offset + len(p.payload)] == p.payload for p in again.parts)
    lengths = [len(part.payload) for part in stream.parts]
    assert len(data) == sum(lengths) + overhead(lengths, (stream.width, stream.height)) - (5 if bare else 0)


def test_overhead_is_what_the_format_promises():
    one = write(Stream(768, 512, (Part(1, b"x" * 90),)))
    two = write(Stream(768, 512, (Part(1, b"x" * 90), Part(2, b"y" * 100))))
    three = write(Stream(768, 512, (Part(1, b"x" * 90), Part(2, b"y" * 400), Part(3, b""))))
    assert len(one) - 90 == 10
    assert len(two) - 190 == 12
    assert len(three) - 490 == 15


def _is_its_own_checksum(cut):
    """Tell the one cut in 65,536 that ends with its checksum: that is what 16 bits buy."""
    return binascii.crc_hqx(cut[:-2], 0xFFFF).to_bytes(2, "big") == cut[-2:]


@examples(4)
@given(streams)
def test_a_cut_at_a_part_boundary_reads_with_partial_only(stream):
    data = write(stream)
    whole = read(data)
    for index, part in enumerate(whole.parts[:-1]):
        cut = data[: part.offset + len(part.payload)]
        if _is_its_own_checksum(cut):
            continue
        again = read(cut, partial=True)
        assert again.cut
        assert again.parts == whole.parts[: index + 1]
        with pytest.raises(BitstreamError, match="cut after its"):
            read(cut)


@examples(4)
@given(streams)
def test_every_other_cut_is_an_error_with_its_offset(stream):
    data = write(stream)
    boundaries = {part.offset + len(part.payload) for part in read(data).parts[:-1]}
    for end in set(range(len(data))) - boundaries:
        if _is_its_own_checksum(data[:end]):
            continue
        with pytest.raises(BitstreamError) as caught:
            read(data[:end], partial=True)
        assert caught.value.offset is not None
        assert caught.value.offset <= end


@examples(4)
@given(streams)
def test_every_cut_gives_the_parts_before_it_and_names_the_one_it_hit(stream):
    data = write(stream)
    whole = read(data)
    ends = [part.offset + len(part.payload) for part in whole.parts]
    for end in range(len(data)):
        count = sum(end > each for each in ends[:-1])
        if count == 0 and end not in ends[:-1]:
            with pytest.raises(BitstreamError):
                whole_parts(data[:end])
        elif end not in ends[:-1]:
            again = whole_parts(data[:end])
            assert (again.parts, again.cut) == (whole.parts[:count], True)
            assert again.cut_in == whole.parts[count].type


@examples(4)
@given(st.binary(max_size=200))
def test_whole_parts_of_any_bytes_parse_or_raise(data):
    for head in (b"", b"\xabP1"):
        try:
            assert whole_parts(head + data).parts
        except BitstreamError:
            continue


def test_every_flipped_bit_is_an_error():
    data = write(Stream(768, 512, (Part(1, bytes(range(40))), Part(2, b"abc", critical=True))))
    for position in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            with pytest.raises(BitstreamError):
                read(bytes(damaged))


@examples(4)
@given(st.binary(max_size=200), st.booleans(), st.booleans())
def test_any_bytes_parse_or_raise(data, bare, partial):
    try:
        read(data, bare=bare, partial=partial)
    except BitstreamError:
        pass


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (write_varint(4) + write_varint(4) + b"\x01" + write_varint(LIMIT - 1) + b"ab", "claims 4294967295"),
        (write_varint(4) + write_varint(4) + b"\x01\x01a\x41b", "a second semantic part"),
        (write_varint(4) + write_varint(4) + b"\x01\x01a", "before its last part"),
        (write_varint(0) + write_varint(4) + b"\x41a", "outside 1"),
        (write_varint(MAX_PIXELS) + write_varint(2) + b"\x41a", "outside 1"),
    ],
)
def test_lies_are_named(data, says):
    with pytest.raises(BitstreamError, match=says):
        read(data, bare=True)


def test_a_newer_version_says_so():
    data = bytearray(write(Stream(4, 4, (Part(1, b"a"),))))
    data[2] = ord("9")
    with pytest.raises(BitstreamError, match="newer promptcodec") as caught:
        read(bytes(data))
    assert caught.value.offset == 2


@examples(4)
@given(st.integers(0, LIMIT - 1))
def test_varint_round_trip(value):
    data = write_varint(value)
    assert read_varint(data + b"\xff", 0, "x") == (value, len(data))


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\x00", b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x80\x00"]
)
def test_bad_varints_are_refused(data):
    with pytest.raises(BitstreamError):
        read_varint(data, 0, "x")
