"""The learned codec of the laboratory: files, batches, words. Its networks are in test_learned_networks."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from eval import metrics
from eval.codecs.catc import swapped
from eval.learned import data
from eval.learned.stream import ID_BYTES, MAGIC, RATES, TEXT_BYTES, Stream, unpack
from eval.missing import Unavailable
from promptcodec.entropy import encode_text
from promptcodec.errors import BitstreamError, UsageError

STREAM = Stream(b"abcd", 2, (300, 7), "a red boat", 0xDEADBEEF, b"levels")


def picture(path, side=80, **chunks):
    info = PngImagePlugin.PngInfo()
    for name, text in chunks.items():
        info.add_text(name, text)
    pixels = np.random.default_rng(len(path.name)).integers(0, 255, (side, side + 20, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, pnginfo=info)


@given(st.text(max_size=40), st.integers(1, 1 << 12), st.integers(1, 1 << 12), st.integers(0, RATES - 1))
def test_a_file_says_what_it_was_given(text, width, height, rate):
    stream = Stream(b"\0\1\2\3", rate, (width, height), text, 7, b"\0\xff")
    assert unpack(stream.pack()) == stream


@given(st.binary(max_size=40))
def test_what_is_no_file_is_refused_or_read(data):
    try:
        stream = unpack(MAGIC + data)
    except BitstreamError:
        return
    assert stream.rate < RATES
    assert stream.size[0] * stream.size[1] <= 1 << 26


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        (b"\x89PNG" + bytes(30), "no file of the learned codec"),
        (STREAM.pack()[: len(MAGIC) + ID_BYTES], "ends inside its head"),
        (STREAM.head(), "ends inside its head"),
        (MAGIC + b"abcd\x09\1\1\0", "no rate 9"),
        (MAGIC + b"abcd\x00\xff\xff\xff\x7f\x01\x00", "268435455x1"),
    ],
)
def test_errors_say_what_is_wrong(bad, cause):
    with pytest.raises(BitstreamError, match=cause):
        unpack(bad)


def test_the_words_are_counted():
    count = metrics.load(metrics.find(TEXT_BYTES.name))
    assert count(STREAM.pack()) == {"text_bytes": len(encode_text(STREAM.text))}
    assert count(b"\xff\xd8 a JPEG") == {}


def test_a_prompt_is_swapped_for_one_as_long():
    others = ["a dog", "a red boat at sea", "style of somebody"]
    assert swapped("a cat", others) == "a dog"
    assert swapped("a dog", others) != "a dog"
    assert swapped("", others) == "a dog"
    with pytest.raises(Unavailable, match="keeps no prompts"):
        swapped("a dog", ["a dog"])


def test_pictures_of_pku_aigi_500k(tmp_path):
    picture(tmp_path / "MJ" / "train" / "2_1.png")
    picture(tmp_path / "MJ" / "val" / "1_1.png")
    (tmp_path / "MJ" / "train.txt").write_text("one\ntwo\n")
    assert data.examples(tmp_path) == [(tmp_path / "MJ" / "train" / "2_1.png", "two", "")]


def test_pictures_of_a_manifest(tmp_path):
    picture(tmp_path / "train" / "a.png")
    picture(tmp_path / "train" / "not-listed.png")
    line = {"file": "a.png", "prompt": "a cat", "kind": "ai"}
    (tmp_path / "train" / "manifest.jsonl").write_text(json.dumps(line) + "\n")
    assert data.examples(tmp_path) == data.examples(tmp_path / "train")
    assert data.examples(tmp_path) == [(tmp_path / "train" / "a.png", "a cat", "ai")]


def test_pictures_are_chosen_by_prompt_or_kind(tmp_path):
    drawn, mute, photo = (
        data.Example(tmp_path / name, prompt, kind)
        for name, prompt, kind in (("a", "a cat", "ai"), ("b", "", "ai"), ("c", "", "photo"))
    )
    listed = [drawn, mute, photo]
    assert data.choose(listed, None, wordless=False) == [drawn]
    assert data.choose(listed, None, wordless=True) == listed
    assert data.choose(listed, "ai", wordless=False) == [drawn, mute]
    with pytest.raises(UsageError, match="no picture is of kind 'film'; there are ai, photo"):
        data.choose(listed, "film", wordless=False)
    with pytest.raises(UsageError, match="no picture has a prompt"):
        data.choose([mute, photo], None, wordless=False)


def test_pictures_whose_licence_is_not_accepted_are_left_out(tmp_path):
    picture(tmp_path / "train" / "a.png")
    lines = [
        {"file": f"{name}.png", "prompt": name, "source": "Debian endless-sky-data", "licence": licence}
        for name, licence in (
            ("a", "CC0-1.0"),
            ("b", "MIT (repo); depicts Hatsune Miku (third-party character)"),
        )
    ]
    (tmp_path / "train" / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [example.prompt for example in data.examples(tmp_path)] == ["a"]


def test_pictures_of_any_folder(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("from a file\n")
    picture(tmp_path / "in" / "b.png", parameters="from (metadata:1.2)\nSteps: 20, Sampler: Euler, Seed: 1")
    picture(tmp_path / "in" / "c.png")
    assert [example.prompt for example in data.examples(tmp_path)] == ["from a file", "from metadata", ""]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no pictures in"):
        data.examples(tmp_path / "empty")


def test_batches_are_the_same_again(tmp_path):
    for number in range(5):
        picture(tmp_path / f"{number}.png", side=40 + 30 * number)
    listed = [data.Example(tmp_path / f"{number}.png", f"picture {number}") for number in range(5)]
    batches = data.Batches(listed, 4, 64, seed=1)
    first, again, other = batches[3], data.Batches(listed, 4, 64, seed=1)[3], batches[4]
    assert first.pixels.shape == (4, 64, 64, 3)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.texts == again.texts
    assert not np.array_equal(first.pixels, other.pixels)
    seen = [text for number in range(5) for text in batches[number].texts]
    assert {seen.count(f"picture {number}") for number in range(5)} <= {2, 3, 4}
    assert set(np.concatenate([batches[number].rates for number in range(10)])) == set(range(RATES))
