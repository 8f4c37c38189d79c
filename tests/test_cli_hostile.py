"""Hostile streams and names through the command line: exit codes, nothing written, nothing raw shown."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from promptcodec.entropy import encode_text
from promptcodec.layers import recipe as recipe_layer
from promptcodec.recipe import Chunk, from_chunks
from tests.hostile_streams import STREAM, heavy, lying_avif, sealed, with_part


@pytest.mark.parametrize(
    "data",
    [
        STREAM[:-1], STREAM[:100], b"", b"\xabP", heavy("newlines"), sealed(STREAM[:-2] + b"junk"),
        with_part("pixels", b"\1" + lying_avif(8, 65000)),
        with_part("recipe", b"\1\0" + encode_text("[" * 9999)),
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
    only = ("--layers", "semantic")
    assert cli("encode", "x.png", "-o", "y.pxt", "--description", "d.txt", *only)[0] == 0
    assert "\nphoto 1x1\nr1c1 red: the wall\n" in cli("inspect", "y.pxt")[1]
    for text in ('{"a": ' + "[" * 100000, '{"a": ' + "9" * 5000 + "}", "{nothing"):
        Path("d.json").write_text(text)
        code, _, err = cli("encode", "x.png", "-o", "z.pxt", "--description", "d.json")
        assert (code, "d.json" in err) == (2, True)
