"""The token PPM: exact, bounded, the same bytes everywhere, quick to load."""

import contextlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import models
from promptcodec.entropy import decode_text, encode_text
from promptcodec.entropy.ppm import coder as ppm
from promptcodec.entropy.ppm import counts as ppm_counts
from promptcodec.entropy.ppm import model as ppm_model
from promptcodec.entropy.ppm import tables as ppm_tables
from promptcodec.entropy.ppm import user as ppm_user
from promptcodec.entropy.ppm.bpe import fold, unfold, words
from promptcodec.entropy.text import PPM_MAX, coder_name
from promptcodec.errors import EntropyError, MissingDictionary, PromptcodecError, UsageError
from tests.effort import examples
from tests.work import lines_run

CAPTION = (
    "A red barn stands in a snowy field under a pale blue sky. In the background, a line of dark green "
    "trees separates the field from low hills. The barn has a grey metal roof and two white doors."
)
SCAN = "photo 2x2\nsummary: A red barn.\nr1c1 sky blue\nr1c2 as left, lighter\nr2c1 dark red\nr2c2 as left"
ODD = [
    *(
        "a",
        "A",
        "ABc",
        "aBC",
        "A B",
        "NASA's X-Ray",
        "iPhone 12",
        " lead",
        "trail ",
        "a  b\n\n\tc",
        "\r\n",
        "\0",
    ),
    *(
        "ÉCOLE É",
        "e\u0301",
        "שלום עולם",
        "مرحبا",
        "日本語の説明",
        "👩‍👩‍👧 🎉",
        "\U0010ffff",
        "\ufeffBOM",
        "'",
        "\x7f\x80",
    ),
    *("1234567890", "x 2x2\nr1c1 a\nr1c1 b\nr2c2 c\nr1c2", "x 1x1\nr1c1 a\nr1c2", "2x2\nr1c1", "r1c1\nr1c1"),
]
USER = [
    f"a {kind} widget, catalogue number {n}" for kind in ("Blorptastic", "zq-frobnicated") for n in range(40)
]


@pytest.mark.parametrize("text", [CAPTION, SCAN, *ODD])
def test_round_trip(text):
    data = encode_text(text, "ppm")
    assert decode_text(data) == text
    assert len(data) <= len(text.encode()) + 1


@examples(4)
@given(st.text())
def test_any_text_comes_back(text):
    model = ppm_model.shipped()
    data = text.encode()
    assert unfold(fold(data)) == data
    assert b"".join(words(fold(data))) == fold(data)
    assert ppm.decode(ppm.encode(data, model), model, len(data)) == data
    assert len(encode_text(text, "ppm")) <= len(data) + 2


@examples(2)
@given(st.text(alphabet="aAbBzZ éÉ'\n-1", max_size=40))
def test_capitals_come_back(text):
    assert unfold(fold(text.encode())) == text.encode()


def test_labels_of_cells_in_raster_order_are_one_marker_each():
    assert fold(SCAN.encode()).count(b"\xfc") == 4
    assert b"r1c1" not in fold(SCAN.encode())
    for bad in (b" no grid\xfc", b" a 1x1\xfc\xfc", b"no space"):
        with pytest.raises(EntropyError):
            unfold(bad)


@examples(2)
@given(
    st.lists(st.sampled_from(["\nr1c1", "\nr1c2", "\nr2c1", " 2x1", " 1x2", "A", "\n", " b"]), max_size=12)
)
def test_labels_in_any_order_come_back(parts):
    data = "".join(["x 1x2", *parts]).encode()
    assert unfold(fold(data)) == data


def test_the_empty_text():
    assert encode_text("", "ppm") == b""
    model = ppm_model.shipped()
    assert ppm.decode(ppm.encode(b"", model), model, 0) == b""


@pytest.mark.parametrize("piece", ["a red barn, ", "é", "🎉", "Ab", "\n", "\nr1c1 as left"])
def test_64_kilobytes(piece):
    text = piece * (65536 // len(piece.encode()))
    data = encode_text(text, "ppm")
    assert decode_text(data) == text
    assert len(data) < 4000


def test_longer_texts_give_way_to_brotli():
    text = "a red barn " * (PPM_MAX // 11 + 1)
    data = encode_text(text, "ppm")
    assert coder_name(data) == "brotli"
    assert decode_text(data) == text


def test_auto_takes_it_for_captions():
    data = encode_text(CAPTION)
    assert coder_name(data) == "ppm"
    assert len(data) < 0.75 * len(encode_text(CAPTION, "zstd"))


@examples(4)
@given(st.binary(max_size=200), st.sampled_from([0, 64, 128, 192]), st.sampled_from([4, 5]))
def test_hostile_bytes_are_an_error_or_a_text(data, high, coder):
    try:
        text = decode_text(bytes([high | coder]) + data, limit=300)
    except PromptcodecError:
        return
    assert 0 < len(text.encode()) <= 300


@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"\x7f", b"\xaa"])
def test_work_is_bounded_by_the_limit(fill):
    def decode(count):
        with contextlib.suppress(EntropyError):
            assert len(decode_text(b"\x04" + fill * count, limit=1000).encode()) <= 1000

    decode(1000)  # what is loaded once
    # The limit bounds the work, a hundred times the bytes are no more of it.
    less, more = lines_run(lambda: decode(1000)), lines_run(lambda: decode(100_000))
    # Collecting garbage may run a few lines of its own.
    assert abs(more - less) < 100
    assert more < 500_000


def test_every_cut_and_flip_is_an_error_or_another_text():
    data = encode_text(CAPTION, "ppm")
    for at in range(1, len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 0x10
        # The last byte may hold bits that decide nothing.
        for bad in (data[:at], bytes(flipped))[: 1 if at == len(data) - 1 else 2]:
            try:
                assert decode_text(bad, limit=1000) != CAPTION
            except EntropyError:
                pass


def test_longer_than_the_limit_is_an_error():
    data = encode_text(CAPTION, "ppm")
    assert decode_text(data, limit=len(CAPTION)) == CAPTION
    with pytest.raises(EntropyError):
        decode_text(data, limit=len(CAPTION) - 1)


def test_other_tokens_for_the_same_text_are_accepted():
    from promptcodec.entropy.rangecoder import Encoder

    model = ppm_model.shipped()
    letters = [model.vocabulary.pieces.index(bytes([byte])) for byte in fold(b"a red barn")]
    encoder = Encoder()
    ppm.walk(model, [*letters, model.vocabulary.end], put=encoder.encode_bit)
    assert decode_text(b"\x04" + encoder.finish()) == "a red barn"


def _bytes_elsewhere(**changes):
    code = (
        "import sys; from promptcodec.entropy import encode_text;"
        "print(encode_text(sys.argv[1], 'ppm').hex(), encode_text(sys.argv[2], 'ppm').hex())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, CAPTION, SCAN],
        env=os.environ | changes,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def test_the_same_bytes_in_other_processes():
    here = f"{encode_text(CAPTION, 'ppm').hex()} {encode_text(SCAN, 'ppm').hex()}\n"
    assert _bytes_elsewhere(PYTHONHASHSEED="1", LC_ALL="C", OMP_NUM_THREADS="1") == here
    assert _bytes_elsewhere(PYTHONHASHSEED="77", LC_ALL="C.UTF-8", OMP_NUM_THREADS="3") == here


def test_the_table_loads_quickly():
    # Under 40 ms on an idle core: there are millions of entries, and none has a line of Python to itself.
    data = models.load.__wrapped__(ppm_model.NAME)
    tables = ppm_tables.unpack(ppm_model.decompressed(data))
    assert sum(len(level.count) for level in tables.levels) > 1_000_000
    assert lines_run(lambda: ppm_model.Model(ppm_tables.unpack(ppm_model.decompressed(data)))) < 100_000


def test_packing_gives_the_table_back():
    data = models.load(ppm_model.NAME)
    tables = ppm_tables.unpack(ppm_model.decompressed(data))
    again = ppm_tables.unpack(ppm_model.decompressed(ppm_tables.pack(tables, level=1)))
    for one, other in zip(tables.levels, again.levels, strict=True):
        assert np.array_equal(one.last, other.last)
        assert np.array_equal(one.children, other.children)
        assert np.array_equal(one.count, other.count)
    assert np.array_equal(tables.logits, again.logits)
    assert len(data) < 4_000_000


def test_counting_and_adding():
    end = 9
    texts = [np.array(tokens, np.uint16) for tokens in ([1, 2, 3, end], [1, 2, end], [2, 2, 2, 2, end])]
    counted = ppm_counts.count(texts, end)
    shift = ppm_counts.SHIFT
    pairs = dict(zip(counted[2][0].tolist(), counted[2][1].tolist(), strict=True))
    assert pairs[1 << shift | 2] == 2
    assert pairs[end << shift | 1] == 2
    assert all(
        end not in (key >> shift & 0x7FFF, key >> 2 * shift & 0x7FFF) for key in counted[4][0].tolist()
    )
    trie = ppm_counts.levels(counted, 10)
    # Counts up to 32 are kept as they are: adding is as counting all at once.
    for more in (texts, [np.array([2, 3, end, 1, 2, 5, 3, end], np.uint16)], [np.array([end], np.uint16)]):
        grown = ppm_counts.grown(trie, ppm_counts.count(more, end), 10)
        whole = ppm_counts.levels(ppm_counts.count([*texts, *more], end), 10)
        for one, other in zip(grown, whole, strict=True):
            assert np.array_equal(one.last, other.last)
            assert np.array_equal(one.children, other.children)
            assert np.array_equal(one.count, other.count)


def test_chances_are_possible_and_fall_and_rise():
    table = ppm_model.squash_table()
    chances = [table[x] for x in range(-3071, 3072)]
    assert chances[0] >= 1
    assert chances[-1] <= 65535
    assert chances == sorted(chances)
    assert table[0] == 32768


def test_a_users_table_is_named_by_its_hash():
    table, used = ppm_user.make(USER)
    assert (table.kind, used) == ("ppm", len(USER))
    text = "a Blorptastic widget, catalogue number 77"
    plain, own = encode_text(text, "ppm"), encode_text(text, "ppm", dictionary=table)
    assert own[0] == 5
    assert coder_name(own) == "ppm"
    assert len(own) < len(plain) - 4
    assert encode_text(text, dictionary=table) == own
    assert decode_text(own, dictionaries=[b"some other dictionary", table]) == text
    with pytest.raises(MissingDictionary):
        decode_text(own)
    with pytest.raises(MissingDictionary):
        decode_text(own, dictionaries=[ppm_user.make(USER[:9])[0]])


def test_a_users_table_serves_any_text():
    table, _ = ppm_user.make(USER)
    for text in [CAPTION, SCAN, *ODD]:
        data = encode_text(text, "ppm", dictionary=table)
        assert decode_text(data, dictionaries=[table]) == text
        assert len(data) <= len(text.encode()) + 1
    # A table is for its own coder: another that is forced works as if it were not there.
    assert encode_text(CAPTION, "zstd", dictionary=table) == encode_text(CAPTION, "zstd")


def test_a_damaged_users_table_is_an_error():
    table = ppm_user.make(USER)[0].data
    other = bytearray(table)
    other[5] ^= 1
    for bad in (table[:6], table[:-3], bytes(other), b"PXU\x02" + table[4:], ppm_user.MAGIC + table[4:12]):
        with pytest.raises(UsageError):
            encode_text(CAPTION, dictionary=bad)
    with pytest.raises(UsageError):
        ppm_user.make([])
    with pytest.raises(UsageError):
        ppm_user.make(["\ud800"])
