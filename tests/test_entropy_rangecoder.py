"""The range coder: exact round trips with any models, minimal ends, bounded work on any bytes."""

from __future__ import annotations

import itertools
import math
import random
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.entropy.bitio import AdaptiveBit, BitCounter, BitReader, BitWriter
from promptcodec.entropy.rangecoder import BIT_ONE, MAX_TOTAL, ZEROS, Decoder, Encoder
from promptcodec.errors import EntropyError
from tests.effort import examples


def code(symbols):
    """Code (start, size, total) triples; check that they come back; give the bytes."""
    encoder = Encoder()
    for symbol in symbols:
        encoder.encode(*symbol)
    data = encoder.finish()
    decoder = Decoder(data)
    for start, size, total in symbols:
        assert start <= decoder.target(total) < start + size
        decoder.take(start, size, total)
    decoder.close()
    return data


@st.composite
def triples(draw):
    total = draw(st.one_of(st.integers(1, 8), st.integers(1, MAX_TOTAL), st.just(MAX_TOTAL)))
    start = draw(st.one_of(st.just(0), st.just(total - 1), st.integers(0, total - 1)))
    size = draw(st.one_of(st.just(1), st.just(total - start), st.integers(1, total - start)))
    return start, size, total


@examples(4)
@given(st.lists(triples(), max_size=200))
def test_round_trip_with_adversarial_shares(symbols):
    data = code(symbols)
    ideal = sum(math.log2(total / size) for _, size, total in symbols)
    assert len(data) <= ideal / 8 + 1.1 + len(symbols) * 1e-3


@examples(4)
@given(st.lists(st.tuples(st.integers(0, 1), st.one_of(st.integers(1, 20), st.integers(1, BIT_ONE - 1),
                                                       st.integers(BIT_ONE - 20, BIT_ONE - 1)))))  # fmt: skip
def test_bits_round_trip(bits):
    encoder = Encoder()
    for bit, one in bits:
        encoder.encode_bit(bit, one)
    decoder = Decoder(encoder.finish())
    assert [decoder.decode_bit(one) for _, one in bits] == [bit for bit, _ in bits]


def test_a_million_symbols():
    source = random.Random(1)
    totals = [3, 257, 70_000, 2**20 + 7, MAX_TOTAL]
    encoder = Encoder()
    symbols = []
    ideal = 0.0
    for index in range(10**6):
        total = totals[index % 5]
        start = source.randrange(total)
        size = 1 + source.randrange(total - start)
        symbols.append((start, size, total))
        encoder.encode(start, size, total)
        ideal += math.log2(total / size)
    data = encoder.finish()
    assert len(data) <= ideal / 8 * 1.0001 + 2
    decoder = Decoder(data)
    for start, size, total in symbols:
        assert start <= decoder.target(total) < start + size
        decoder.take(start, size, total)


def test_carries_run_through_many_bytes():
    for length in (1, 10, 300):
        data = code([(2**31 - 1, 1, 2**32 - 1)] * 2 + [(255, 1, 256)] * length + [(2, 1, 3)])
        assert data


def test_what_is_certain_costs_nothing():
    assert code([(0, 1, 1)] * 1000) == b""
    assert code([(0, 2**31, 2**31 + 1)] * 1000) == b""


@examples(4)
@given(st.binary(max_size=40), st.lists(st.integers(1, MAX_TOTAL), max_size=100))
def test_any_bytes_decode_to_something(data, totals):
    # Each symbol of 32 bits moves the state on by up to four bytes; ZEROS behind the data are the end.
    try:
        decoder = Decoder(data)
        for total in totals:
            target = decoder.target(total)
            assert 0 <= target < total
            decoder.take(target, 1, total)
    except EntropyError:
        assert not data or data[0] == 0xFF or math.prod(totals) >= 1 << 8 * (ZEROS - 8)


@examples(4)
@given(st.binary(max_size=30), st.lists(st.integers(1, 1 << 20), max_size=12))
def test_only_the_encoders_bytes_are_closed(data, totals):
    encoder = Encoder()
    try:
        decoder = Decoder(data)
        for total in totals:
            target = decoder.target(total)
            decoder.take(target, 1, total)
            encoder.encode(target, 1, total)
    except EntropyError:
        return
    written = encoder.finish()
    if written != data:
        with pytest.raises(EntropyError, match="do not end"):
            decoder.close()
    again = Decoder(written)
    for total in totals:
        again.take(again.target(total), 1, total)
    again.close()


def test_zeros_go_on_only_so_far():
    encoder = Encoder()
    for _ in range(100):
        encoder.encode(0, 1, 256)
    data = encoder.finish()
    assert 100 - ZEROS <= len(data) <= 100
    assert not any(data)
    decoder = Decoder(data)
    for _ in range(100):
        assert decoder.target(256) == 0
        decoder.take(0, 1, 256)
    with pytest.raises(EntropyError, match="behind the end"):
        deque(decoder.take(0, 1, 256) for _ in range(100))


@examples(4)
@given(st.lists(st.integers(0, 63), max_size=200))
def test_adaptive_trees_mirror_each_other(values):
    models = [AdaptiveBit() for _ in range(64)]
    writer = BitWriter()
    for value in values:
        writer.tree(models, 6, value)
    reader, again = BitReader(writer.finish()), [AdaptiveBit() for _ in range(64)]
    assert [reader.tree(again, 6) for _ in values] == values
    assert [(m.one, m.seen) for m in models] == [(m.one, m.seen) for m in again]


@pytest.mark.parametrize("bit", [0, 1])
def test_a_model_learns_and_stays_inside(bit):
    model = AdaptiveBit()
    for _ in range(1000):
        model.learn(bit)
        assert 0 < model.one < BIT_ONE
    assert (model.one > BIT_ONE * 0.99) == bool(bit)


shares = st.lists(st.integers(1, 1 << 12), min_size=1, max_size=9)
# Symbols of every kind: method, what it is asked with, value.
a_call = st.one_of(
    st.tuples(st.just("bit"), st.integers(1, BIT_ONE - 1), st.integers(0, 1)),
    st.tuples(st.just("bypass"), st.integers(0, 12), st.integers(0, (1 << 12) - 1)),
    st.tuples(st.just("uniform"), st.integers(1, MAX_TOTAL), st.integers(0, MAX_TOTAL)),
    st.tuples(st.just("symbol"), shares, st.integers(0, 8)),
    st.tuples(st.just("span"), shares, st.integers(0, 8)),
)


def inside(name, argument, value):
    """Give what a method takes for a drawn argument and value."""
    if name == "bypass":
        return argument, value & (1 << argument) - 1
    if name == "uniform":
        return argument, value % argument
    if name == "span":
        return [0, *itertools.accumulate(argument)], value % len(argument)
    return argument, value if name == "bit" else value % len(argument)


@given(st.lists(a_call, max_size=100))
def test_a_reader_mirrors_a_writer_and_a_counter_knows_the_length(calls):
    calls = [(name, *inside(name, argument, value)) for name, argument, value in calls]
    writer, counter = BitWriter(), BitCounter()
    for name, argument, value in calls:
        getattr(writer, name)(argument, value)
        getattr(counter, name)(argument, value)
    data = writer.finish()
    reader = BitReader(data)
    assert [getattr(reader, name)(argument) for name, argument, _ in calls] == [value for *_, value in calls]
    reader.close()
    assert len(data) <= counter.bits / 8 + 1.1 + len(calls) * 1e-3
