"""Adding to an archive: what becomes of files, known, moved or changed, and what is printed."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from promptcodec import bitstream, decode, encode
from promptcodec.archive import store
from promptcodec.archive.adding import originals
from promptcodec.archive.indexing import index
from promptcodec.archive.record import id_of
from tests.adding import adder, places, put, records, states, summary, touch


@pytest.fixture
def add(cli, monkeypatch, tmp_path_factory):
    return adder(cli, monkeypatch, tmp_path_factory.mktemp("cache"))


def test_a_folder_is_added_and_what_is_printed_is_so(add):
    put("in/a.png", "in/deep/b.jpg")
    Path("in/notes.txt").write_text("")
    code, lines, err = add("in")
    assert (code, states(lines)) == (0, {"a.png": "added", "b.jpg": "added"})
    assert places() == [("", "a.png"), ("", "deep/b.jpg")]
    for line in lines:
        record = records()[bytes.fromhex(line["id"])]
        assert set(line) == {"file", "ok", "state", "id", "bytes", "width", "height", "seconds"}
        assert (line["bytes"], line["width"], line["height"]) == (len(record.stream), 32, 24)
        assert record.id == id_of(Path(line["file"]).read_bytes())
        assert record.places[0].time == Path(line["file"]).stat().st_mtime_ns // 1_000_000
        assert len(record.stream) <= 60
        whole = bitstream.write(bitstream.read(record.stream, bare=True))
        assert decode(whole, generator="builtin:classical").image.size == (32, 24)
    assert "3 found: 2 added, 1 skipped: 1 not images or streams; " in err
    assert re.search(r"kB -> \d+ B in the archive, [\d.]+ s, [\d.]+ pictures/s", err)


def test_what_is_known_is_not_read_again(add, monkeypatch):
    put("in/a.png", "in/b.png")
    add("in")
    monkeypatch.setattr("promptcodec.archive.sources.source.read_file", lambda _: pytest.fail("it was read"))
    code, lines, err = add("in")
    assert (code, states(lines)) == (0, {"a.png": "known", "b.png": "known"})
    assert [line["width"] for line in lines] == [32, 32]
    assert "2 found: 2 known; " in err


def test_a_new_time_is_looked_into(add):
    put("in/a.png", "in/b.png")
    add("in")
    touch("in/a.png", 1)
    put("in/b.png", start=5)
    touch("in/b.png", 1)
    _, lines, _ = add("in")
    assert states(lines) == {"a.png": "known", "b.png": "added"}
    (record,) = [each for each in records().values() if each.name == "a.png"]
    assert record.places[0].time == Path("in/a.png").stat().st_mtime_ns // 1_000_000
    assert len(records()) == 3


@pytest.mark.parametrize("where", ["index", "records"])
def test_a_name_alone_does_not_tell_a_file(where, add, monkeypatch):
    """Data sets name pictures 1.png in every folder, and give all of them one time."""
    if where == "records":
        monkeypatch.setattr(index, "open", lambda *_: 1 / 0)
    put("first/1.png", "second/1.png", "third/1.png")
    for folder in ("first", "second", "third"):
        os.utime(f"{folder}/1.png", (1e9, 1e9))
    assert states(add("first")[1]) == {"1.png": "added"}
    assert states(add("second")[1]) == {"1.png": "added"}
    assert states(add("first")[1]) == {"1.png": "known"}
    assert states(add("third")[1]) == {"1.png": "added"}
    assert len(records()) == 3


def test_the_same_content_is_a_duplicate(add):
    put("in/a.png", "in/b.png")
    shutil.copy("in/a.png", "in/c.png")
    _, lines, err = add("in", "--tag", "kept")
    assert states(lines) == {"a.png": "added", "b.png": "added", "c.png": "duplicate"}
    assert [line["duplicate_of"] for line in lines if line["state"] == "duplicate"] == ["a.png"]
    assert summary(err)["duplicate"] == 1
    shutil.copytree("in", "other")
    _, lines, _ = add("other", "--tag", "more")
    assert set(states(lines).values()) == {"known"}  # of the same names
    _, lines, _ = add("other/a.png", "other/b.png", "in", "--tag", "more")
    assert states(lines)["b.png"] == "duplicate"
    assert len(records()) == 2
    assert {record.tags for record in records().values()} == {("kept", "more")}


def test_tags_reach_what_is_known(add):
    put("in/a.png")
    add("in")
    assert states(add("in", "--tag", "sea", "--tag", "sky", "--tag", "sea")[1]) == {"a.png": "known"}
    assert [record.tags for record in records().values()] == [("sea", "sky")]


def test_streams_are_kept_bare_beside_pictures(add, scene, once):
    Path("in").mkdir()
    data = once(encode, scene, budget=120, layers=("semantic", "texture", "signature"))
    Path("in/a.pxt").write_bytes(data)
    Path("in/draft.pxt").write_bytes(data[:2] + b"0" + data[3:])
    Path("in/cut.pxt").write_bytes(data[:-4])
    Path("in/no.pxt").write_bytes(b"a text")
    put("in/b.png")
    code, lines, err = add("in")
    assert (code, states(lines)) == (
        1,
        {"a.pxt": "added", "b.png": "added", "draft.pxt": "failed", "cut.pxt": "failed", "no.pxt": "failed"},
    )
    assert "promptcodec migrate" in err
    record = records()[id_of(data)]
    assert bitstream.write(bitstream.read(record.stream, bare=True)) == data
    assert {line["error"]["kind"] for line in lines if not line["ok"]} == {"bitstream"}


def test_a_stream_needs_its_dictionary_and_the_archive_keeps_it(add, cli):
    Path("texts").write_text("\n".join(f"a red wall number {n}" for n in range(400)))
    cli("train-dictionary", "texts", "-o", "my.dict", "--size", "2kB")
    put("a.png")
    Path("d.txt").write_text("photo 1x1\nr1c1 red: a red wall number 12, a red wall number 13")
    with_it = ("--description", "d.txt", "--dictionary", "my.dict", "--text-coder", "zstd")
    cli("encode", "a.png", "-o", "in/a.pxt", "--layers", "semantic", *with_it)
    code, lines, _ = add("in")
    assert (code, lines[0]["error"]["kind"]) == (4, "missing-dictionary")
    assert states(add("in", "--dictionary", "my.dict", "--retry-failed")[1]) == {"a.pxt": "added"}
    with store.open("a.pxa") as archive:
        assert [each.data for each in archive.dictionaries()] == [Path("my.dict").read_bytes()]
    shutil.copy("in/a.pxt", "in/b.pxt")
    Path("in/b.pxt").write_bytes(Path("in/b.pxt").read_bytes())
    assert states(add("in")[1]) == {"a.pxt": "known", "b.pxt": "duplicate"}


# In place.


def test_in_place_finds_what_was_moved_changed_and_lost(add):
    put("in/a.png", "in/b.png", "in/c.png", "in/d.png")
    root = str(Path("in").absolute())
    add("in", "--in-place")
    assert places() == [(root, f"{name}.png") for name in "abcd"]
    assert {originals.state(record) for record in records().values()} == {"there"}
    Path("in/sub").mkdir()
    Path("in/a.png").rename("in/sub/a.png")
    before = records()
    put("in/b.png", start=9)
    touch("in/b.png", 1)
    touch("in/c.png", 1)
    Path("in/d.png").unlink()
    shown = {record.name: originals.state(record) for record in before.values()}
    assert shown == {"a.png": "moved?", "b.png": "changed", "c.png": "there", "d.png": "moved?"}
    _, lines, err = add("in", "--in-place")
    assert states(lines) == {"a.png": "moved", "b.png": "changed", "c.png": "known"}
    assert {name: number for name, number in summary(err).items() if name != "found"} == {
        "known": 1, "moved": 1, "changed": 1,
    }  # fmt: skip
    assert places() == [("", "b.png"), (root, "b.png"), (root, "c.png"), (root, "d.png"), (root, "sub/a.png")]
    assert len(records()) == 5
    shutil.rmtree("in")
    assert {originals.state(record) for record in records().values()} == {"missing", ""}


def test_in_place_one_folder_is_known_through_another(add):
    put("in/sub/a.png", "in/b.png")
    add("in/sub", "--in-place")
    assert states(add("in", "--in-place")[1]) == {"a.png": "known", "b.png": "added"}
    assert states(add("in/sub/a.png", "--in-place")[1]) == {"a.png": "known"}
    assert states(add(".", "--in-place")[1]) == {"a.png": "known", "b.png": "known"}
    root = Path("in").absolute()
    assert places() == [(str(root), "b.png"), (str(root / "sub"), "a.png")]


def test_what_was_copied_can_be_kept_in_place(add):
    put("in/a.png")
    add("in")
    assert states(add("in", "--in-place")[1]) == {"a.png": "known"}
    assert places() == [(str(Path("in").absolute()), "a.png")]
    assert states(add("in")[1]) == {"a.png": "known"}
    assert places() == [(str(Path("in").absolute()), "a.png")]


def test_two_that_change_places_keep_both(add):
    put("in/a.png", "in/b.png")
    add("in", "--in-place")
    Path("in/a.png").rename("c")
    Path("in/b.png").rename("in/a.png")
    Path("c").rename("in/b.png")
    touch("in/a.png", 1)
    touch("in/b.png", 2)
    assert states(add("in", "--in-place")[1]) == {"a.png": "changed", "b.png": "changed"}
    root = str(Path("in").absolute())
    for name in ("a.png", "b.png"):
        record = records()[id_of(Path("in", name).read_bytes())]
        assert (root, name) in [(place.root, place.path) for place in record.places]
    assert {originals.state(record) for record in records().values()} == {"there"}
