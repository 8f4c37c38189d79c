"""Exporting a file for each picture: streams that stand alone, XMP sidecars."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.record import Place
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers.registry import PART_IDS
from tests import tables
from tests.tables import archive_of, record


@pytest.fixture
def export(cli, monkeypatch, tmp_path_factory):
    """Run ``archive export`` on ``a.pxa`` with --json; give exit code, JSON lines and errors."""
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path_factory.mktemp("cache")))

    def run(*args):
        code, out, err = cli("archive", "export", "a.pxa", *args, "--json")
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


def files(folder):
    return sorted(str(each.relative_to(folder)) for each in Path(folder).rglob("*") if each.is_file())


def recipe_text(path):
    (part,) = [
        each for each in bitstream.read(Path(path).read_bytes()).parts if each.type == PART_IDS["recipe"]
    ]
    recipe = recipe_layer.decode(part.payload)
    return str(recipe) + "".join(chunk.data.decode("latin-1") for chunk in recipe.chunks)


def test_streams_go_into_a_folder_and_nothing_is_replaced(export):
    archive_of("a.pxa", [record(number) for number in range(3)])
    code, lines, err = export("--format", "pxt", "-o", "streams")
    assert (code, len(lines), "3 files written" in err) == (0, 3, True)
    with store.open("a.pxa") as archive:
        for each in archive.records():
            data = Path("streams", f"{each.places[0].path}.pxt").read_bytes()
            assert bitstream.write(bitstream.read(data), bare=True) == each.stream
    before = {name: Path("streams", name).read_bytes() for name in files("streams")}
    code, lines, err = export("--format", "pxt", "-o", "streams")
    assert (code, {line["error"]["kind"] for line in lines}) == (1, {"exists"})
    assert before == {name: Path("streams", name).read_bytes() for name in files("streams")}
    assert export("--format", "pxt", "-o", "streams", "--overwrite")[0] == 0


def test_what_is_private_stays_out_of_streams_unless_asked_for(export):
    archive_of("a.pxa", [record(1, tables.PRIVATE)])
    export("--format", "pxt", "-o", "public")
    export("--format", "pxt", "-o", "private", "--with-private")
    (public,), (private,) = files("public"), files("private")
    secret = tables.SECRETS[0]
    assert secret in recipe_text(f"private/{private}")
    assert secret not in recipe_text(f"public/{public}")


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_sidecars_are_read_by_exiftool_and_hold_no_prompt(export):
    archive_of("a.pxa", [record(number, tables.PRIVATE, tags=["holiday"]) for number in range(2)])
    code, lines, _ = export("--format", "xmp", "-o", "sidecars")
    assert (code, len(lines)) == (0, 2)
    read = json.loads(
        subprocess.run(
            ["exiftool", "-json", *(line["out"] for line in lines)], capture_output=True, check=True
        ).stdout
    )
    assert all("holiday" in each["Subject"] and each["Description"] for each in read)
    text = "".join(Path(line["out"]).read_text("utf-8") for line in lines)
    assert not [secret for secret in tables.SECRETS if secret in text]
    assert export("--format", "xmp", "-o", "stems", "--stem", lines[0]["id"])[0] == 0
    assert [Path(name).suffixes for name in files("stems")] == [[".xmp"]]


def test_folders_of_whole_paths_are_made_only_where_asked_for(export):
    places = (Place("", "home/jane.doe/pictures/kite.jpg", 1), Place("", "2024/kite.jpg", 1))
    archive_of("a.pxa", [replace(record(1), places=places)])
    for form in ("xmp", "pxt"):
        assert export("--format", form, "-o", f"public-{form}")[0] == 0
        assert export("--format", form, "-o", f"private-{form}", "--with-private")[0] == 0
    assert files("public-xmp") == ["2024/kite.jpg.xmp", "kite.jpg.xmp"]
    assert files("private-xmp") == ["2024/kite.jpg.xmp", "home/jane.doe/pictures/kite.jpg.xmp"]
    assert files("public-pxt") == ["kite.jpg.pxt"]
    assert files("private-pxt") == ["home/jane.doe/pictures/kite.jpg.pxt"]


def test_sidecars_beside_originals_in_place(export, cli):
    Path("in").mkdir()
    for number in range(2):
        Image.new("RGB", (32, 32), (200 * number, 40, 90)).save(f"in/{number}.png")
    cli("archive", "create", "a.pxa")
    cli("archive", "add", "a.pxa", "in", "--in-place")
    Path("in/1.png.xmp").write_text("<somebody else's/>")
    code, lines, err = export("--format", "xmp", "--beside")
    assert (code, files("in")) == (1, ["0.png", "0.png.xmp", "1.png", "1.png.xmp"])
    assert [line["ok"] for line in lines].count(True) == 1
    assert "another program" in err
    assert Path("in/1.png.xmp").read_text() == "<somebody else's/>"


@pytest.mark.parametrize(
    "args",
    [
        ["--format", "xmp"],
        ["--format", "pxt", "--beside"],
        ["--format", "xmp", "-o", "x", "--beside"],
        ["--format", "pxt", "-o", "-"],
        ["--stem", "-o", "t.csv"],
        [],
    ],
)
def test_options_that_contradict_each_other_are_refused(export, args):
    archive_of("a.pxa", [record(1)])
    assert export(*args)[0] == 2


def test_a_file_is_no_folder(export):
    Path("taken").write_text("x")
    code, _, err = export("--format", "xmp", "-o", "taken")
    assert code == 2
    assert "names a folder, and taken is none" in err
