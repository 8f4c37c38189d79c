"""Hostile streams: a picture or one PromptcodecError, in bounded time and memory, and nothing raw shown."""

from __future__ import annotations

import binascii
import io
import json
import os
import random
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from promptcodec import bitstream, codec, reading
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Description, parse_text
from promptcodec.description.model import Box, Cell, SceneObject
from promptcodec.entropy import encode_text
from promptcodec.entropy.varint import write_varint
from promptcodec.errors import BitstreamError, PromptcodecError, UsageError
from promptcodec.layers import about, semantic
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers.recipe import tree
from promptcodec.layers.recipe.guide import ComfyGuide
from promptcodec.layers.registry import NAMES, PART_IDS
from promptcodec.recipe import Chunk, from_chunks

BROTLI = b"\1"
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
# The peak of this very process, in megabytes: ru_maxrss would count the parent's too.
PEAK = "int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024"


def sealed(body):
    """Give a stream the checksum it should have: what somebody who means harm would do."""
    return body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


def with_part(kind, payload, size=(16, 12)):
    return bitstream.write(Stream(*size, (Part(PART_IDS[kind], payload),)))


def survives(data):
    """Inspect and decode; count what came back."""
    done = 0
    for work in (reading.inspect, codec.decode):
        try:
            result = work(data)
        except PromptcodecError as error:
            assert str(error)
        else:
            done += 1
            assert work is reading.inspect or result.image.mode == "RGB"
    return done


def make():
    """Make a stream with all layers, in words that no captioner changes."""
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", "a cat\nSteps: 20, Sampler: Euler a")
    file = io.BytesIO()
    Image.linear_gradient("L").resize((16, 12)).convert("RGB").save(file, "PNG", pnginfo=info)
    said = parse_text(
        "photo 1x2\nsummary: A cat.\nr1c1 red with blue, rough rising\nr1c2 as left, lighter: cat\n"
        "object r1c2:r1c2 cat, old\nlettering r1c1:r1c2 neon: OPEN"
    )
    return codec.encode(file.getvalue(), layers=NAMES, description=said, seed=5, budget=900)


STREAM = make()


def test_the_stream_has_every_part():
    assert [part["type"] for part in reading.outline(STREAM)["parts"]] == list(PART_IDS)
    assert survives(STREAM) == 2


def test_every_flipped_bit_is_noticed():
    for at in range(len(STREAM)):
        for bit in range(8) if at < 16 else (at % 8,):
            damaged = bytearray(STREAM)
            damaged[at] ^= 1 << bit
            for partial in (False, True):
                with pytest.raises(BitstreamError):
                    reading.inspect(bytes(damaged), partial=partial)


def test_every_cut_is_noticed():
    ends = {part["offset"] + part["bytes"] for part in reading.outline(STREAM)["parts"][:-1]}
    for end in range(len(STREAM)):
        with pytest.raises(BitstreamError):
            codec.decode(STREAM[:end])
        if end in ends:
            assert reading.inspect(STREAM[:end], partial=True)["bytes"] == end
        else:
            with pytest.raises(BitstreamError):
                reading.inspect(STREAM[:end], partial=True)


def test_every_byte_changed_under_a_valid_checksum():
    chance = random.Random(1)
    done = 0
    for at in range(3, len(STREAM) - 2):
        value = STREAM[at] ^ chance.choice((1, 2, 64, 128, 255, chance.randrange(1, 256)))
        done += survives(sealed(STREAM[:at] + bytes([value]) + STREAM[at + 1 : -2]))
    assert done > len(STREAM) / 2  # most bytes of most layers have no wrong value


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_many_changes_under_a_valid_checksum(data):
    body = bytearray(STREAM[:-2])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(3, len(body) - 1))
        length = data.draw(st.sampled_from([0, 1, 1, 2, 5]))
        body[at : at + length] = data.draw(st.binary(max_size=4))
    survives(sealed(bytes(body)))


@settings(deadline=None, max_examples=150)
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


@settings(deadline=None, max_examples=200)
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
        (with_part("recipe", b"\2abc"), "a form this version does not know"),
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
    for work in (reading.inspect, codec.decode):
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
        codec.decode(bitstream.write(Stream(16, 12, parts)))


def test_an_about_part_is_short():
    bomb = BROTLI + brotli.compress(b"note: x\n" * 200000)
    with pytest.raises(BitstreamError, match="longer than the limit"):
        about.decode(bomb)


def test_unknown_critical_parts_are_shown_but_not_decoded():
    data = bitstream.write(Stream(16, 12, (*bitstream.read(STREAM).parts, Part(33, b"?", critical=True))))
    assert reading.inspect(data)["parts"][-1]["type"] == "unknown-33"
    with pytest.raises(BitstreamError, match="unknown-33"):
        codec.decode(data)


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


def test_a_long_list_of_objects_takes_no_minutes():
    lines = "photo 1x1\nr1c1 red" + "\nobject r1c1:r1c1 a" * 45000
    start = time.perf_counter()
    assert survives(with_part("semantic", BROTLI + brotli.compress(lines.encode(), quality=5))) == 2
    assert time.perf_counter() - start < 10


def avif(side):
    file = io.BytesIO()
    Image.new("RGB", (side, side), (90, 50, 20)).save(file, "AVIF", quality=5, speed=10)
    return bytearray(file.getvalue())


def lying_avif(real, claimed):
    data = avif(real)
    at = data.index(b"ispe") + 8
    data[at : at + 8] = claimed.to_bytes(4, "big") * 2
    return bytes(data)


def lying_webp():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "WEBP")
    data = bytearray(file.getvalue())
    data[26:30] = (8191).to_bytes(2, "little") * 2
    return bytes(data)


CODED = encode_text("photo 1x1\nr1c1 red with blue, busy vertical")


def recipe_bomb():
    """A recipe of as many values as the coder allows, in as few bytes: the same one again and again."""
    rows = [["tEXt", "parameters", {"utf-8": {"json": ["9" * 20] * (1 << 14)}}]]
    symbols, texts = tree.encode(rows, recipe_layer.primed(), ComfyGuide())
    return b"\1" + write_varint(len(symbols)) + symbols + (encode_text("\n".join(texts)) if texts else b"")


HEAVY = {
    "words": with_part("semantic", CODED, (8192, 8192)),
    "map": with_part("texture", bytes(6), (8192, 8192)),
    "contours": with_part("structure", b"\0\0\x80", (8192, 8192)),
    "wide": with_part("semantic", CODED, (65535, 1024)),
    "AVIF, real 3000": with_part("pixels", b"\1" + lying_avif(3000, 8)),
    "AVIF, claimed 8000": with_part("pixels", b"\1" + lying_avif(8, 8000)),
    "AVIF, claimed 65000": with_part("pixels", b"\1" + lying_avif(8, 65000)),
    "WebP, claimed 8191": with_part("pixels", b"\0" + lying_webp()),
    "recipe": with_part("recipe", recipe_bomb()),
    "recipe text": with_part("recipe", b"\1\0" + BROTLI + brotli.compress(b"[]," * 5592404, quality=5)),
    "newlines": with_part("semantic", BROTLI + brotli.compress(b"\n" * (1 << 24), quality=5)),
}


@LINUX
@pytest.mark.parametrize("name", HEAVY)
def test_small_files_take_little_time_and_memory(name, tmp_path):
    """Measured on two cores: 0.3 to 3 s and 40 to 830 MB; inspect 2 ms, 0.5 s for the recipe."""
    (tmp_path / "x.pxt").write_bytes(HEAVY[name])
    assert len(HEAVY[name]) < 2000
    code = (
        "import re, sys, time\nfrom promptcodec import codec, errors, reading\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "for work in (reading.inspect, codec.decode):\n"
        "    start = time.perf_counter()\n"
        "    try: work(data)\n"
        "    except errors.PromptcodecError: pass\n"
        "    print(time.perf_counter() - start)\n"
        f"print({PEAK})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "x.pxt"], capture_output=True, check=True, timeout=60
    )
    inspected, decoded, peak = map(float, done.stdout.split())
    assert inspected < (3 if name.startswith("recipe") else 1)
    assert decoded < 20
    assert peak < 1200


# Through the command line: exit codes, nothing written, nothing raw shown.


@pytest.mark.parametrize(
    "data",
    [
        STREAM[:-1], STREAM[:100], b"", b"\xabP", HEAVY["newlines"], sealed(STREAM[:-2] + b"junk"),
        with_part("pixels", b"\1" + lying_avif(8, 65000)), with_part("recipe", encode_text("[" * 9999)),
    ],
    ids=range(8),
)  # fmt: skip
def test_exit_code_2_and_no_file(data, cli):
    Path("x.pxt").write_bytes(data)
    code, out, err = cli("decode", "x.pxt", "-o", "new/y.png", "--json")
    error = json.loads(out)
    assert (code, error["ok"], error["file"]) == (2, False, "x.pxt")
    assert error["error"]["kind"] in ("bitstream", "entropy", "description", "generator")
    assert (err.count("\n"), len(err) < 800) == (1, True)
    assert os.listdir() == ["x.pxt"]


NASTY = "\x1b[31mred\x07\x08\r\x9b1m\u202egnp.exe\u2066\u2029[red]bold[/red]\x00"
NAME = NASTY.replace("\x00", "").replace("/", "")


def clean(*shown):
    """Say whether nothing is shown that steers a terminal."""
    bad = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return not [char for char in "".join(shown) if char != "\n" and unicodedata.category(char) in bad]


@pytest.mark.skipif(os.name != "posix", reason="names no other system allows")
def test_names_of_files(cli):
    names = [NAME + ".png", "a\nfake.png", os.fsdecode(b"\xff.png"), "[bold]x[blink].png"]
    for name in names:
        Image.new("RGB", (8, 8), "red").save(name)
        code, *shown = cli("encode", name, "-o", "out/")
        assert (code, clean(*shown)) == (0, True)
        assert shown[0].count("\n") == 1
        assert cli("encode", name, "-o", "out/", "--json")[0] == 2
        assert clean(*cli("encode", name, "-o", "out/")[1:])
        for args in (
            ("inspect", name),
            ("decode", name, "-o", "y.png"),
            ("describe", f"no{name}"),
            ("check", name, name),
            ("encode", "gone.png", "-o", "y.pxt", "--description", name),
        ):
            code, *shown = cli(*args)
            assert code == 2
            assert clean(*shown)
    assert "[bold]x[blink].png" in cli("inspect", names[-1])[2]
    assert clean(*cli("frob" + NAME)[1:], *cli("inspect", "x", NAME)[1:], *cli("inspect", "--x" + NAME)[1:])


def test_recipes(cli):
    prompt = NASTY.replace("\n", " ")
    chunk = Chunk("tEXt", "parameters", f"{prompt}\nSteps: 20, Model: {prompt.replace(',', '')}".encode())
    Path("x.pxt").write_bytes(with_part("recipe", recipe_layer.encode(from_chunks((chunk,)))))
    for args in (("inspect", "x.pxt"), ("recipe", "show", "x.pxt")):
        code, *shown = cli(*args)
        assert code == 0
        assert clean(*shown)
        assert "[red]bold[/red]" in shown[0]
        code, out, _ = cli(*args, "--json")
        assert out.isascii()
        assert json.loads(out)["recipe"]["chunks"][0]["text"] == chunk.data.decode()


def test_descriptions(cli):
    Image.new("RGB", (8, 8), "red").save("x.png")
    for text in ("photo 1x1\nr1c1 red: a\x1b[31mb", "photo\x07 1x1\nr1c1 red", "photo 1x1\nr1c1 red: a\tb"):
        Path("d.txt").write_text(text)
        code, *shown = cli("encode", "x.png", "-o", "y.pxt", "--description", "d.txt")
        assert (code, clean(*shown), Path("y.pxt").exists()) == (2, True, False)
    data = with_part("semantic", encode_text("photo 1x1\nr1c1 red: a [red]b[/red] \ue000c"))
    Path("x.pxt").write_bytes(data)
    code, *shown = cli("inspect", "x.pxt")
    assert (code, clean(*shown), "[red]b[/red]" in shown[0]) == (0, True, True)
    cli("decode", "x.pxt", "-o", "y.png")
    assert clean(*cli("check", "x.pxt", "y.png")[1:])


def test_errors_that_quote_a_stream(cli):
    for text in (f"photo 1x1\nr1c1 {NASTY}", f"photo 1x1\nr1c1 {'long ' * 50000}", f"photo 1x1\n{NASTY}"):
        Path("x.pxt").write_bytes(with_part("semantic", encode_text(text)))
        for args in (("inspect", "x.pxt"), ("decode", "x.pxt", "-o", "y.png", "--json")):
            code, *shown = cli(*args)
            assert (code, clean(*shown)) == (2, True)
            assert len("".join(shown)) < 2000


def test_words_that_need_joiners_come_through(cli):
    text = "photo 1x1\nr1c1 red: \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f680"
    Path("x.pxt").write_bytes(with_part("semantic", encode_text(text)))
    assert text in cli("inspect", "x.pxt")[1]


def test_windows_text_files_are_descriptions_too(cli):
    Image.new("RGB", (8, 8), "red").save("x.png")
    Path("d.txt").write_bytes("\ufeffphoto 1x1\r\nr1c1 red: the wall\r\n".encode())
    assert cli("encode", "x.png", "-o", "y.pxt", "--description", "d.txt")[0] == 0
    assert "\nphoto 1x1\nr1c1 red: the wall\n" in cli("inspect", "y.pxt")[1]
    for text in ('{"a": ' + "[" * 100000, '{"a": ' + "9" * 5000 + "}", "{nothing"):
        Path("d.json").write_text(text)
        code, _, err = cli("encode", "x.png", "-o", "z.pxt", "--description", "d.json")
        assert (code, "d.json" in err) == (2, True)
