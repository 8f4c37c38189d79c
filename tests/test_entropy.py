"""Text coders: exact round trips, the bound, and nothing but clear errors on hostile bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import subprocess
import sys

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import models
from promptcodec.entropy import (
    LIMIT,
    Dictionary,
    coder_name,
    decode_text,
    dictionary,
    dictionary_id,
    encode_text,
    zstd,
)
from promptcodec.entropy import brotli as our_brotli
from promptcodec.errors import EntropyError, MissingDictionary, NewerError, UsageError
from tests.effort import examples

CODERS = ("auto", "raw", "brotli", "zstd")
CAPTION = "A photo of a red barn under a pale sky, with tall grass in front of it and a dog."
RAW_CONTENT = b"the quick brown fox jumps over the lazy dog, as it always does in the evening. " * 3
WORDS = [
    "barn",
    "sky",
    "grass",
    "light",
    "calm",
    "river",
    "stone",
    "door",
    "window",
    "hill",
    "violet",
    "moss",
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@pytest.fixture(scope="module")
def trained():
    rng = random.Random(1)
    return dictionary.train([" ".join(rng.choices(WORDS, k=30)) for _ in range(400)], 4096)


def check(text, coder="auto", own=None):
    data = encode_text(text, coder, dictionary=own)
    assert decode_text(data, dictionaries=[own] if own else []) == text
    assert len(data) <= len(text.encode()) + 1
    return data


@examples(4)
@given(texts, st.sampled_from(CODERS), st.sampled_from([None, RAW_CONTENT]))
def test_round_trip_within_raw_and_one(text, coder, own):
    check(text, coder, own)


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "\0",
        CAPTION,
        CAPTION * 900,
        "a" * 5000,
        "a" * 200_000,
        "שלום עולם, مرحبا بالعالم",
        "👩‍👩‍👧‍👦🏴‍☠️🇫🇮" * 20,
        "e\u0301 is not \u00e9, \ufb01 is not fi, \u212b",
        "\ufeff\r\n\u2028\x1b[31m",
        "".join(chr(random.Random(2).randrange(0x20, 0xD800)) for _ in range(20_000)),
    ],
    ids=lambda text: f"{len(text)}",
)
def test_particular_texts(text, coder):
    check(text, coder)


def test_auto_is_the_shortest_and_coders_are_named():
    coded = {coder: check(CAPTION, coder) for coder in CODERS}
    assert len(coded["auto"]) == min(map(len, coded.values()))
    assert [coder_name(coded[coder]) for coder in CODERS] == ["ppm", "raw", "brotli", "zstd"]
    assert [coder_name(data) for data in (b"", b"\x04x", b"\x3f")] == ["raw", "ppm", "unknown"]
    assert encode_text("") == b""


def test_zstd_gives_way_above_one_block_and_for_runs():
    words = random.Random(3).choices(WORDS, k=40_000)
    assert coder_name(check(" ".join(words), "zstd")) == "brotli"
    assert coder_name(check((CAPTION * 1700)[: zstd.BLOCK_MAX], "zstd")) == "zstd"
    assert (
        zstd.strip(zstd.rebuild(2, b"")[:6] + (1 | zstd.RLE << 1 | 9 << 3).to_bytes(3, "little") + b"a")
        is None
    )
    check("a" * zstd.BLOCK_MAX, "zstd")


@pytest.mark.parametrize("coder", ["gzip", ""])
def test_unknown_coder_is_a_usage_error(coder):
    with pytest.raises(UsageError):
        encode_text(CAPTION, coder)


def test_text_that_is_none_is_a_usage_error():
    with pytest.raises(UsageError, match=r"character 3 .*U\+D800"):
        encode_text("ab\ud800")
    with pytest.raises(UsageError, match="limit"):
        encode_text("é" * (LIMIT // 2 + 1), "raw")


# A user's dictionary


def test_user_dictionary_is_named_by_its_hash(trained):
    text = " ".join(random.Random(4).choices(WORDS, k=25))
    data = check(text, "zstd", trained)
    assert data[0] & 63 == 3
    assert data[1:5] == trained.id
    assert check(text, "auto", trained) == data
    assert decode_text(data, dictionaries=[RAW_CONTENT, trained]) == text
    with pytest.raises(MissingDictionary, match=trained.id.hex()) as caught:
        decode_text(data, dictionaries=[RAW_CONTENT])
    assert "--dictionary FILE" in caught.value.hint


def test_dictionary_need_not_be_a_trained_one():
    text = RAW_CONTENT.decode()[7:70]
    assert len(check(text, "zstd", RAW_CONTENT)) < 20
    check("no word in common: 1234567890", "zstd", RAW_CONTENT)


def test_dictionary_id_of_zstd_plays_no_part(trained):
    text = " ".join(random.Random(5).choices(WORDS, k=25))
    kind, content = zstd.compress(text.encode(), trained)
    other = Dictionary.from_bytes(trained.data[:4] + b"\x99\x88\x77\x66" + trained.data[8:])
    assert zstd.decompress(kind, content, other, LIMIT) == text.encode()


def test_colliding_ids_are_told_apart_or_refused(trained):
    text = " ".join(random.Random(6).choices(WORDS, k=25))
    one, other, upper = (
        Dictionary(content, b"same", "zstd") for content in (trained.data, RAW_CONTENT, RAW_CONTENT.upper())
    )
    data = encode_text(text, "zstd", dictionary=one)
    assert decode_text(data, dictionaries=[other, one, one]) == text
    with pytest.raises(EntropyError):
        decode_text(data, dictionaries=[other])
    data = encode_text(RAW_CONTENT.decode()[:60], "zstd", dictionary=other)
    with pytest.raises(EntropyError, match="several"):
        decode_text(data, dictionaries=[other, upper])


def test_a_dictionary_and_the_bytes_of_its_file_are_the_same(trained):
    text = " ".join(random.Random(7).choices(WORDS, k=25))
    data = encode_text(text, dictionary=trained)
    assert encode_text(text, dictionary=trained.data) == data
    assert decode_text(data, dictionaries=[trained.data]) == decode_text(data, dictionaries=[trained]) == text
    assert Dictionary.from_bytes(trained.data) == trained
    assert dictionary_id(data) == trained.id == hashlib.sha256(trained.data).digest()[:4]
    assert trained.kind == "zstd"
    assert dictionary_id(b"") == dictionary_id(encode_text(text, "zstd")) == b""


@pytest.mark.parametrize("own", [b"", b"short", b"\x37\xa4\x30\xec" + b"not what follows" * 9])
def test_broken_dictionary_is_a_usage_error(own):
    with pytest.raises(UsageError, match="dictionary"):
        encode_text(CAPTION, dictionary=own)


@pytest.mark.parametrize("samples", [[], [""], ["one"], [CAPTION] * 3])
def test_too_little_to_train_on_says_how_much_is_needed(samples):
    with pytest.raises(UsageError, match="at least 100 different texts and 1146880 bytes"):
        dictionary.train(samples)


def test_train_refuses_odd_sizes_and_text():
    with pytest.raises(UsageError, match="bytes, not 10"):
        dictionary.train([CAPTION] * 200, 10)
    with pytest.raises(UsageError, match="surrogate"):
        dictionary.train(["\udfff"])


# The stripped frame


@pytest.mark.parametrize("text", ["a", CAPTION, CAPTION * 700])
def test_rebuilt_frame_is_the_one_zstd_wrote(text):
    ready = zstd.prepare(Dictionary.from_bytes(models.load("text-1")))
    compressor = zstandard.ZstdCompressor(dict_data=ready, compression_params=zstd._parameters())
    frame = compressor.compress(text.encode())
    rebuilt = zstd.rebuild(*zstd.strip(frame))
    # The encoder may declare a smaller window for a small text; ours is a constant.
    assert (rebuilt[:5], rebuilt[6:]) == (frame[:5], frame[6:])
    assert rebuilt[5] == (zstd.WINDOW_LOG - 10) << 3 >= frame[5]
    assert zstd.rebuild(*zstd.strip(rebuilt)) == rebuilt


# Hostile bytes


@examples(16)
@given(st.integers(0, 255), st.binary(max_size=200), st.booleans())
def test_any_bytes_decode_or_give_our_errors(head, payload, named):
    data = bytes([head]) + (Dictionary.from_bytes(RAW_CONTENT).id if named else b"") + payload
    try:
        text = decode_text(data, dictionaries=[RAW_CONTENT], limit=10_000)
    except (EntropyError, NewerError, MissingDictionary):
        return
    assert 0 < len(text.encode()) <= 10_000


@pytest.mark.parametrize("coder", CODERS[1:])
def test_flipped_bits_never_escape(coder):
    data = encode_text(CAPTION, coder)
    for at in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        with contextlib.suppress(EntropyError, NewerError, MissingDictionary):
            decode_text(bytes(flipped))


def changed_ends(data):
    return [data[:cut] for cut in range(1, len(data))] + [data + more for more in (b"\0", b"\xff", data)]


def test_cut_or_followed_brotli_is_refused():
    for data in changed_ends(encode_text(CAPTION * 3, "brotli")):
        with pytest.raises(EntropyError):
            decode_text(data)


def test_cut_or_followed_zstd_does_not_escape():
    # A stripped block says neither its length nor that of the text, so that a cut one can by
    # chance be a block too; to tell is the part of the file's CRC.
    refused = 0
    changed = changed_ends(encode_text(CAPTION * 3, "zstd"))
    for data in changed:
        try:
            decode_text(data)
        except EntropyError:
            refused += 1
    assert refused > len(changed) // 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x00", "empty"),
        (b"\x01", "cut short"),
        (b"\x01" + brotli.compress(b""), "empty"),
        (b"\x01" + brotli.compress(b"ab\xff"), "not UTF-8 at its byte 2"),
        (b"\x00ab\xff", "not UTF-8"),
        (b"\x00\xed\xa0\x80", "not UTF-8"),
        (b"\x40abc", "head byte 0x40"),
        (b"\x81" + brotli.compress(b"abc"), "head byte"),
        (b"\x02", "empty"),
        (b"\x42a", "type 1"),
        (b"\xc2a", "type 3"),
        (b"\x02" + b"a" * (zstd.BLOCK_MAX + 1), "bytes"),
        (b"\x03abc", "cut short"),
        (b"\x05abc", "cut short"),
    ],
)
def test_what_no_encoder_writes_is_refused(data, says):
    with pytest.raises(EntropyError, match=says):
        decode_text(data)


@pytest.mark.parametrize("head", [7, 61, 63, 0x47, 0xFE])
def test_an_unknown_coder_needs_a_newer_reader(head):
    with pytest.raises(NewerError, match=f"coder {head & 63}, which needs a newer reader"):
        decode_text(bytes([head]) + b"abc")


BOMB = brotli.compress(b"a" * (1 << 26), quality=5)


@pytest.mark.parametrize("stops", [our_brotli._STOPS, False])
@pytest.mark.parametrize("limit", [0, 1, 1000, LIMIT])
def test_brotli_bomb_stops_at_the_limit(limit, stops, monkeypatch):
    monkeypatch.setattr(our_brotli, "_STOPS", stops)
    given, real = 0, brotli.Decompressor

    class Watched:
        def __init__(self):
            self.real = real()
            self.is_finished = self.real.is_finished

        def process(self, *args, **kwargs):
            nonlocal given
            out = self.real.process(*args, **kwargs)
            given += len(out)
            return out

    monkeypatch.setattr(brotli, "Decompressor", Watched)
    for bomb in (BOMB, BOMB[:-2]):
        given = 0
        with pytest.raises(EntropyError, match="limit"):
            decode_text(b"\x01" + bomb, limit=limit)
        assert given <= limit + (1 << 24) + 1
    text = CAPTION * 50
    assert decode_text(encode_text(text, "brotli")) == text


@pytest.mark.parametrize("coder", CODERS)
def test_limit_holds_for_every_coder(coder):
    data = encode_text(CAPTION, coder)
    assert decode_text(data, limit=len(CAPTION)) == CAPTION
    for limit in (len(CAPTION) - 1, 1, 0):
        with pytest.raises(EntropyError):
            decode_text(data, limit=limit)


def test_another_process_decodes_the_same():
    coded = [encode_text(CAPTION, coder).hex() for coder in CODERS]
    script = (
        "import sys; from promptcodec.entropy import decode_text, encode_text\n"
        "for line in sys.argv[1:]: print(decode_text(bytes.fromhex(line)))\n"
        "print(encode_text(decode_text(bytes.fromhex(sys.argv[1]))).hex())"
    )
    out = subprocess.run(
        [sys.executable, "-c", script, *coded],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert out == [CAPTION] * len(CODERS) + [coded[0]]
