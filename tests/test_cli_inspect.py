"""``inspect`` of many streams and of cut ones; errors name the file that is at fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from promptcodec import encode, inspect


@pytest.fixture(scope="module")
def data(scene, once):
    return once(encode, scene, layers=("semantic", "texture"), budget=120)


@pytest.fixture
def folder(cli, data):
    """Three streams, one of them damaged and one in a folder below, and a file that is none."""
    Path("s/below").mkdir(parents=True)
    Path("s/a.pxt").write_bytes(data)
    Path("s/b.pxt").write_bytes(data[:40])
    Path("s/below/c.pxt").write_bytes(data)
    Path("s/notes.txt").write_text("no stream")


def test_a_folder_is_a_json_line_each_and_errors_are_items(cli, folder, data):
    code, out, err = cli("inspect", "s", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [(line["file"], line["ok"]) for line in lines] == [
        ("s/a.pxt", True), ("s/b.pxt", False), ("s/below/c.pxt", True),
    ]  # fmt: skip
    assert {key: lines[0][key] for key in inspect(data)} == json.loads(json.dumps(inspect(data)))
    assert lines[1]["error"]["kind"] == "bitstream"
    assert "4 found: 2 done, 1 failed, 1 skipped: 1 not streams" in err


def test_files_patterns_and_text(cli, folder):
    code, out, _ = cli("inspect", "s/a.pxt", "s/below/*.pxt")
    assert code == 0
    heads = [line for line in out.splitlines() if line.endswith(".pxt")]
    assert heads == ["s/a.pxt", "s/below/c.pxt"]
    assert out.count("stream version 1: 192x128") == 2
    code, out, _ = cli("inspect", "s/a.pxt")
    assert out.startswith("stream version 1: 192x128")
    code, out, _ = cli("inspect", "s/none.pxt", "--json")
    assert (code, json.loads(out)["file"]) == (2, "s/none.pxt")
    assert cli("inspect", "s/*.none")[0] == 2


def test_a_cut_inside_a_part_shows_what_is_whole(cli, data):
    rows = inspect(data)["parts"]
    first, second = rows[0], rows[1]
    Path("a.pxt").write_bytes(data[: second["offset"] + 20])
    code, out, err = cli("inspect", "a.pxt", "--json")
    assert code == 2
    assert "--partial" in json.loads(out)["error"]["message"]
    code, out, _ = cli("inspect", "a.pxt", "--partial", "--json")
    shown = json.loads(out)
    assert (code, shown["parts"], shown["cut_in"]) == (0, [first], second["type"])
    assert shown["description"]["summary"] == inspect(data)["description"]["summary"]
    assert f"its {second['type']} part is cut" in cli("inspect", "a.pxt", "--partial")[1]
    code, _, err = cli("decode", "a.pxt", "-o", "a.png", "--partial")
    assert (code, f"its {second['type']} part is cut" in err) == (0, True)
    with Image.open("a.png") as image:
        assert image.size == (192, 128)
    Path("b.pxt").write_bytes(data[: first["offset"] + 3])
    code, _, err = cli("decode", "b.pxt", "-o", "b.png", "--partial")
    assert (code, "inside its first part, semantic" in err) == (2, True)
    Path("c.pxt").write_bytes(data[: second["offset"]])  # nothing of the second part but its type
    shown = json.loads(cli("inspect", "c.pxt", "--partial", "--json")[1])
    assert (shown["parts"], shown["cut_in"]) == ([first], second["type"])


@pytest.mark.parametrize(
    ("option", "content", "says"),
    [
        ("--description", "photo 2x2\nr1c1 octarine\n", "line 2, column 6"),
        ("--description", '{"medium": ', "line 1, column 12"),
        ("--description", '{"medium": 3}', "medium"),
        ("--pose", "{", "key points"),
    ],
)
def test_a_file_that_an_option_names_is_blamed_itself(cli, scene, option, content, says):
    for name in ("a.png", "b.png"):
        scene.save(name)
    Path("given").write_text(content)
    code, out, err = cli("encode", "a.png", "b.png", "-o", "out", option, "given", "--json")
    (line,) = [json.loads(each) for each in out.splitlines()]
    assert (code, line["file"]) == (2, "given")
    assert says in line["error"]["message"]
    assert err.startswith("promptcodec: given: ")
    assert ".png" not in err
    assert not Path("out").exists()


def test_a_profile_without_a_model_says_where_to_name_one(cli, scene, monkeypatch):
    monkeypatch.setenv("PROMPTCODEC_CONFIG", "/dev/null")
    scene.save("a.png")
    url = "http://127.0.0.1:9/v1"
    code, _, err = cli("encode", "a.png", "-o", "a.pxt", "--captioner", f"chat:{url}")
    assert code == 2
    assert f'"chat:{url}?model=NAME"' in err
    assert f"{url}/models lists" in err
    assert "[captioners.chat]" in err
