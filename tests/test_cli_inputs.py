"""What is read is never written over; an error names the file and the option that it is about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from promptcodec import decode, encode, inspect, verify
from promptcodec.bitstream import Part, read, write
from promptcodec.errors import BitstreamError
from promptcodec.layers import texture
from promptcodec.layers.parts import part_of, payload_of
from promptcodec.layers.texture.coders import PACKAGES, coder

A1111 = "a barn\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 5, Size: 192x128, Model: ink"


@pytest.fixture(scope="module")
def data(scene, once):
    return once(encode, scene, layers=("semantic", "texture", "structure"), budget=300)


@pytest.fixture
def files(cli, scene, data):
    """A stream, a picture, a picture with a recipe, a text, a dictionary and a file that is none of these."""
    from PIL.PngImagePlugin import PngInfo

    scene.save("a.png")
    about = PngInfo()
    about.add_text("parameters", A1111)
    scene.save("r.png", pnginfo=about)
    Path("a.pxt").write_bytes(data)
    Path("t.txt").write_text("a barn by a lake\n" * 40)
    Path("d.txt").write_text("photo 1x1\nr1c1 red\n")
    Path("h.py").write_text("print()\n")
    assert cli("train-dictionary", "t.txt", "-o", "my.dict", "--ppm")[0] == 0
    os.link("a.pxt", "link.pxt")
    return {path.name: path.read_bytes() for path in Path().iterdir()}


@pytest.mark.parametrize(
    "line",
    [
        "train-dictionary t.txt -o t.txt --ppm",
        "edit a.pxt -o my.dict --style calm --dictionary my.dict",
        "edit a.pxt -o a.png --mask a.png",
        "edit a.pxt -o b.pxt --style calm --preview a.png --mask a.png",
        "edit a.pxt -o link.pxt --style calm",
        "truncate a.pxt -o link.pxt --layers semantic",
        "recipe export r.png --to a1111 -o r.png",
        "encode a.png -o d.txt --description d.txt",
        "encode a.png -o my.dict --dictionary my.dict",
        "decode a.pxt -o my.dict --dictionary my.dict",
        "migrate a.pxt -o link.pxt",
    ],
)
def test_no_output_is_an_input(cli, files, line):
    code, _, err = cli(*line.split(), "--overwrite")
    assert (code, "is the input itself" in err) == (2, True)
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == files


@pytest.mark.parametrize(
    "line",
    [
        "edit a.pxt -o b.png --style calm --preview ./b.png",
        "edit a.pxt -o - --style calm --preview -",
        "decode a.pxt -o s/a.2-texture.png --progressive s",
    ],
)
def test_two_outputs_are_two_files(cli, files, line):
    assert cli(*line.split(), "--overwrite")[0] == 2
    assert {path.name for path in Path().iterdir()} == set(files)


def test_pictures_of_steps_are_refused_before_any_is_written(cli, files):
    Path("s").mkdir()
    Path("s/a.2-texture.png").write_bytes(b"mine")
    code, _, err = cli("decode", "a.pxt", "-o", "b.png", "--progressive", "s")
    assert (code, "s/a.2-texture.png exists" in err) == (2, True)
    assert os.listdir("s") == ["a.2-texture.png"]


def test_texts_count_once(cli, files):
    os.link("t.txt", "again.txt")
    for others, says in (("t.txt", "named twice"), ("again.txt", "the same file as t.txt")):
        code, _, err = cli("train-dictionary", "t.txt", others, "-o", "new.dict", "--ppm")
        assert (code, says in err, Path("new.dict").exists()) == (2, True, False)


@pytest.mark.parametrize("option", [("--mask", "h.py"), ("--transplant", "texture", "h.py")])
def test_an_edit_blames_the_file_of_its_option(cli, files, option):
    code, out, err = cli("edit", "a.pxt", "-o", "b.pxt", *option, "--json")
    assert (code, json.loads(out)["file"]) == (2, "h.py")
    assert err.startswith("promptcodec: h.py: ")
    assert "a.pxt" not in err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("encode r.png -o b.pxt --recipe off --layers recipe", "contradict each other"),
        ("edit a.pxt -o b.pxt --surface r1c1 shiny", "'shiny' is no surface; one of smooth, soft, grainy"),
        ("describe a.png --grid 0x1", "'0x1' is no grid: rows and columns, 1 to 8 each"),
        ("describe a.png --grid 9x1", "'9x1' is no grid: rows and columns, 1 to 8 each"),
        ("recipe export r.png", "Missing option '--to'. Choose from: a1111, comfyui"),
        ("recipe", "Missing command."),
        ("recipe show h.py", "h.py: it is neither a picture nor a stream"),
        ("recipe show /dev/null", "the file is empty"),
        ("recipe export h.py --to a1111", "h.py: it is neither a picture nor a stream"),
        ("encode a.pxt -o b.pxt", "this is a stream already: decode draws it"),
        ("check a.png a.pxt", "a.pxt is the stream: it comes first"),
        ("edit a.pxt -o b.pxt --replace green=red", "arguments, each for itself: --replace OLD NEW"),
        ("edit a.pxt --replace green=red -o b.pxt", "arguments, each for itself: --replace OLD NEW"),
        ("edit a.pxt -o b.pxt --style foo:bar", "one of summary, light, mood"),
    ],
)  # fmt: skip
def test_messages_say_what_is_wrong(cli, files, line, says):
    code, out, err = cli(*line.split())
    assert (code, out, says in err) == (2, "", True)
    assert "\\n" not in err
    assert {path.name for path in Path().iterdir()} == set(files)


def test_a_budget_for_a_recipe_says_the_least(cli, files):
    code, _, err = cli("encode", "r.png", "-o", "b.pxt", "--recipe", "only", "--budget", "20B")
    least = int(err.rsplit(maxsplit=1)[1])
    assert code == 2
    line = ("encode", "r.png", "-o", "b.pxt", "--recipe", "only", "--budget")
    assert cli(*line, least - 1)[0] == 2
    assert cli(*line, least)[0] == 0
    assert Path("b.pxt").stat().st_size == least


def test_a_preview_of_a_recipe_is_refused_before_anything_is_written(cli, files):
    assert cli("encode", "r.png", "-o", "r.pxt", "--recipe", "only")[0] == 0
    code, _, err = cli("edit", "r.pxt", "-o", "b.pxt", "--prompt", "an owl", "--preview", "b.png")
    assert (code, "leave out --preview; decode --generator images" in err) == (2, True)
    assert not Path("b.pxt").exists()


def test_a_picture_without_a_recipe_is_no_error(cli, files):
    assert cli("recipe", "show", "a.png")[:2] == (0, "no recipe\n")
    Path("cut.png").write_bytes(files["r.png"][:400])
    code, out, _ = cli("recipe", "show", "cut.png")
    assert (code, "prompt: a barn" in out) == (0, True)


def test_json_of_describe_and_check_names_the_file(cli, files):
    (described,) = map(json.loads, cli("describe", "a.png", "--grid", "1x2", "--json")[1].splitlines())
    assert (described["file"], described["ok"], described["cols"]) == ("a.png", True, 2)
    Path("d.json").write_text(json.dumps(described))
    assert cli("encode", "a.png", "-o", "d.pxt", "--description", "d.json")[0] == 0
    (checked,) = map(json.loads, cli("check", "a.pxt", "a.png", "--json")[1].splitlines())
    assert (checked["file"], checked["image"], checked["ok"]) == ("a.pxt", "a.png", True)


def test_a_dictionary_that_was_not_used_is_told_once(cli, files):
    notice = "--dictionary was not used"
    for line in (
        "verify a.pxt link2.pxt", "inspect a.pxt", "decode a.pxt -o b.png --size 48x32",
        "truncate a.pxt -o c.pxt --layers semantic", "recipe show a.pxt", "edit a.pxt -o f.pxt --style calm",
        "encode a.png -o e.pxt --layers texture --budget 60B",
    ):  # fmt: skip
        Path("link2.pxt").write_bytes(files["a.pxt"])
        assert cli(*line.split(), "--dictionary", "my.dict")[2].count(notice) == 1
    text = ("--layers", "semantic", "--text-coder", "ppm", "--dictionary", "my.dict")
    code, out, err = cli("encode", "a.png", "-o", "used.pxt", *text, "--json")
    assert (code, json.loads(out)["dictionary_used"], notice in err) == (0, True, False)
    assert notice not in cli("verify", "a.pxt", "used.pxt", "--dictionary", "my.dict")[2]


def damaged(data):
    """Break the texture part of a stream: its checksum is wrong, and an outer part counts as cut."""
    part = read(data).parts[1]
    # The last bytes are the coder's own, whatever the part begins with.
    for at in reversed(range(len(part.payload))):
        broken = part.payload[:at] + bytes([part.payload[at] ^ 0x55]) + part.payload[at + 1 :]
        try:
            texture.check(payload_of(Part(part.type, broken)))
        except BitstreamError:
            return data[: part.offset] + broken + data[part.offset + len(broken) :]
    raise AssertionError


def test_a_part_that_cannot_be_read_is_told_and_left_out(cli, data):
    Path("a.pxt").write_bytes(damaged(data))
    code, out, _ = cli("inspect", "a.pxt", "--partial", "--json")
    shown = json.loads(out)
    assert (code, shown["cut_in"]) == (0, "structure")
    assert ["error" in part for part in shown["parts"]] == [False, True]
    assert shown["description"]["summary"] == inspect(data)["description"]["summary"]
    assert shown["overhead_bytes"] + shown["cut_bytes"] + sum(p["bytes"] for p in shown["parts"]) == len(data)
    assert shown["overhead_bytes"] <= 14
    out = cli("inspect", "a.pxt", "--partial")[1]
    assert "the texture part at byte" in out
    assert "nothing proves that what stands before it is whole" in out
    code, out, err = cli("decode", "a.pxt", "-o", "a.png", "--partial")
    assert (code, "from semantic" in out, "left out: the texture part" in err) == (0, True, True)
    code, _, err = cli("decode", "a.pxt", "-o", "b.png", "--partial", "--layers", "texture")
    assert (code, "the texture part" in err, Path("b.png").exists()) == (2, True, False)


def test_a_whole_stream_is_the_same_with_partial(data):
    assert inspect(data, partial=True) == inspect(data)
    whole, partial = decode(data, size=(48, 32)), decode(data, size=(48, 32), partial=True)
    assert whole.image.tobytes() == partial.image.tobytes()
    assert whole.report.warnings == partial.report.warnings


@pytest.mark.parametrize("number", PACKAGES)
def test_a_texture_part_is_read_once(number, data, scene, once):
    own = coder(number)
    stream, part = read(data), once(own.encode, scene, 60)
    stream = replace(
        stream, parts=(stream.parts[0], part_of("texture", bytes([number]) + part), *stream.parts[2:])
    )
    own.read.cache_clear()
    verify(write(stream))
    assert own.read.cache_info().misses == 1
    levels = own.read(part).levels
    assert all(each.readonly for each in (levels if isinstance(levels, tuple) else (levels,)))


@pytest.mark.parametrize("module", ["promptcodec", "promptcodec.cli"])
def test_the_package_runs_as_a_module(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("promptcodec ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_standard_error_that_is_full_is_no_traceback():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "promptcodec", "inspect", "none"], stderr=full, check=False
        )
    assert done.returncode == 2


def test_a_folder_is_named_once(cli):
    Path("none").mkdir()
    assert cli("verify", "none")[2] == "promptcodec: none: the folder holds no file to work on\n"
    assert cli("verify", "*.pxt")[2] == "promptcodec: *.pxt: the pattern matches no file\n"
    Image.new("RGB", (8, 8)).save("none/a.png")
    assert "none: the folder holds no file to work on: 1 not streams" in cli("verify", "none")[2]
