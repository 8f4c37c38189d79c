"""What is said of an edit: how much of it ``builtin`` shows, and where a grid is too coarse for it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from promptcodec import decode, edit, encode, inspect
from promptcodec.description import parse_text
from promptcodec.edit import Edit
from promptcodec.errors import UsageError

WORDS = parse_text(
    "photo 2x2\nsummary: A kite over the sea.\nr1c1 sky blue, smooth: sky\nr1c2 as left\n"
    "r2c1 dark green, rough: sea\nr2c2 as left"
)
SINGLE = parse_text(
    "photo 1x1\nsummary: A kite over the sea.\nr1c1 sky blue over dark green, smooth: sea\n"
    "object r1c1:r1c1 kite, red"
)


@pytest.fixture(scope="module")
def stream(scene, once):
    return once(encode, scene, layers=("semantic",), description=WORDS)


@pytest.fixture(scope="module")
def single(scene, once):
    return once(encode, scene, layers=("semantic",), description=SINGLE)


@pytest.fixture(scope="module")
def single_with_map(scene, once):
    return once(encode, scene, layers=("semantic", "texture"), description=SINGLE, budget=90)


@pytest.mark.parametrize(
    ("operation", "arguments", "shows"),
    [
        ("replace", ("kite", "lantern"), "nothing"),
        ("medium", ("etching",), "nothing"),
        ("style", ("mood: lonely",), "nothing"),
        ("style", ("light: dim",), "nothing"),
        ("cell", ("r1c1", "sky blue, smooth: a lantern"), "nothing"),
        ("cell", ("r1c1", "a red lantern"), "part"),
        ("replace", ("green", "orange"), "all"),
        ("recolour", ("r1c1", "red"), "all"),
        ("surface", ("r1c1", "busy"), "all"),
        ("erase", ("r1c1:r1c2",), "part"),
        ("grid", ("4x4",), "all"),
        ("surface", ("r1c1", "smooth"), "nothing"),
    ],
)
def test_how_much_builtin_shows_is_what_its_pictures_show(stream, operation, arguments, shows):
    edited = edit.apply(stream, [Edit(operation, arguments)])
    pictures = [np.asarray(decode(data).image, int) for data in (stream, edited.data)]
    assert (np.abs(pictures[0] - pictures[1]).mean() > 0.05) == (shows != "nothing")
    assert edited.builtin_shows == shows
    texts = " ".join(warning.text for warning in edited.warnings)
    assert ("does not draw words" in texts or "nothing was changed" in texts) == (shows != "all")


def test_nothing_changed_is_said(cli, tmp_path, stream):
    (tmp_path / "a.pxt").write_bytes(stream)
    code, out, err = cli("edit", "a.pxt", "-o", "b.pxt", "--medium", "photo", "--json")
    assert (code, json.loads(out)["changed"], json.loads(out)["builtin_shows"]) == (0, [], "nothing")
    assert "nothing was changed" in err
    assert "draw words" not in err


@pytest.mark.parametrize(
    "edits",
    [
        [Edit("cell", ("r1c1", "a red lantern"))],
        [Edit("recolour", ("r1c1", "red"))],
        [Edit("recolour", ("0,0,40,40", "red"))],
        [Edit("surface", ("10,10,50,50", "rough"))],
    ],
)
def test_an_edit_of_a_single_cell_says_that_it_is_the_whole_picture(single, edits):
    warnings = edit.apply(single, edits).warnings
    (notice,) = [warning for warning in warnings if "grid is 1x1" in warning.text]
    assert "the whole picture" in notice.text
    assert "--grid" in notice.hint
    finer = edit.apply(single, [Edit("grid", ("4x6",)), *edits]).warnings
    assert not any("grid is 1x1" in warning.text for warning in finer)


@pytest.mark.parametrize(
    ("operation", "arguments", "says"),
    [
        ("erase", ("r1c1",), "the grid is 1x1, so this is the whole picture"),
        ("erase", ("0,0,40,40",), "the words are of the whole picture"),
        ("cell", ("r2c2", "a lantern"), "its only cell r1c1 is the whole picture"),
        ("recolour", ("r1c1:r2c2", "red"), "its only cell r1c1 is the whole picture"),
    ],
)
def test_what_a_single_cell_cannot_do_asks_for_a_grid(single, operation, arguments, says):
    with pytest.raises(UsageError, match=says) as caught:
        edit.apply(single, [Edit(operation, arguments)])
    assert "--grid" in caught.value.hint


def test_pictures_are_erased_and_moved_although_the_words_have_no_places(single_with_map):
    before = inspect(single_with_map)["description"]
    for one in (Edit("erase", ("0,0,90,60",)), Edit("move", ("120,20,160,60", "0,60"))):
        edited = edit.apply(single_with_map, [one])
        assert edited.changed == ("texture",)
        after = inspect(edited.data)["description"]
        assert (after["summary"], after["objects"]) == (before["summary"], before["objects"])
        assert any("stay as they were" in warning.text for warning in edited.warnings)


def test_a_finer_grid_says_the_same(stream):
    finer = inspect(edit.grid(stream, "4x6"))["description"]
    assert (finer["rows"], finer["cols"], finer["summary"]) == (4, 6, "A kite over the sea.")
    same = parse_text(inspect(edit.grid(stream, "4x6"))["text"])
    from promptcodec.description import resolve

    cells, former = resolve(same), resolve(WORDS)
    for row in range(4):
        for col in range(6):
            assert cells[row * 6 + col] == former[row // 2 * 2 + col // 3]


def test_things_keep_their_places_on_a_finer_grid(single):
    (thing,) = inspect(edit.grid(single, "3x4"))["description"]["objects"]
    assert parse_text(inspect(edit.grid(single, "3x4"))["text"]).objects[0].box.bottom == 3
    assert thing["name"] == "kite"
    placed = parse_text("photo 2x3\nr1c1 red\nr1c2 as left\nr1c3 as left\nr2c1 blue\nr2c2 as left\n"
                        "r2c3 as left\nobject r2c2:r2c2 boat")  # fmt: skip
    from promptcodec.bitstream import Part, Stream, write
    from promptcodec.layers import semantic

    data = write(Stream(60, 40, (Part(1, semantic.encode(placed)),)))
    box = parse_text(inspect(edit.grid(data, "4x6"))["text"]).objects[0].box
    assert (box.top, box.left, box.bottom, box.right) == (3, 3, 4, 4)


@pytest.mark.parametrize("sides", ["1x2", "9x9", "0x4", "many", "4"])
def test_grids_that_cannot_be(stream, sides):
    with pytest.raises(UsageError, match=r"is no grid|no finer"):
        edit.grid(stream, sides)
