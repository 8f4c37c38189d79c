"""Adding to an archive: what fails, what is tried again, and what reaches the index all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from promptcodec.archive import store
from promptcodec.archive.indexing import index
from promptcodec.errors import SpendingError
from promptcodec.layers import signature
from tests.adding import adder, places, put, records, states, summary, touch


@pytest.fixture
def add(cli, monkeypatch, tmp_path_factory):
    return adder(cli, monkeypatch, tmp_path_factory.mktemp("cache"))


def test_what_failed_is_kept_and_not_tried_again(add, monkeypatch):
    put("in/a.png")
    Path("in/bad.png").write_bytes(b"no picture")
    code, lines, err = add("in")
    assert (code, states(lines)) == (1, {"a.png": "added", "bad.png": "failed"})
    assert lines[-1]["error"] | {"message": ""} == {"kind": "image", "message": "", "offset": None}
    with store.open("a.pxa") as archive:
        (failure,) = archive.failures()
    assert (failure.root, failure.path, failure.kind) == (str(Path("in").absolute()), "bad.png", "image")
    assert failure.message == lines[-1]["error"]["message"]
    code, lines, err = add("in")
    assert (code, states(lines), summary(err)["failed before"]) == (0, {"a.png": "known"}, 1)
    assert "--retry-failed tries again" in err
    assert add("in", "--retry-failed")[0] == 1
    assert add("--retry-failed")[0] == 2  # alone its code is the error's own
    put("in/bad.png", start=7)
    code, lines, _ = add("--retry-failed")
    assert (code, states(lines)) == (0, {"bad.png": "added"})
    assert places() == [("", "a.png"), ("", "bad.png")]
    with store.open("a.pxa") as archive:
        assert archive.failures() == []
    assert "0 found: nothing to add" in add("--retry-failed")[2]


def test_a_failure_that_was_changed_is_tried_again(add):
    Path("in/deep").mkdir(parents=True)
    Path("in/deep/bad.png").write_bytes(b"no picture")
    add("in")
    assert "1 failed before" in add("in/deep")[2]  # whatever it is named below
    put("in/deep/bad.png")
    touch("in/deep/bad.png", 1)
    assert states(add("in")[1]) == {"bad.png": "added"}
    assert "failed before" not in add("in")[2]
    with store.open("a.pxa") as archive:
        assert archive.failures() == []


def test_a_cap_that_is_reached_is_no_failure_of_a_picture(add, monkeypatch):
    put("in/a.png", "in/b.png")

    def refuse(*_args):
        raise SpendingError("the cap is reached")

    monkeypatch.setattr("promptcodec.encoding.encode_full", refuse)
    code, lines, err = add("in")
    assert (code, len(lines), err.count("the cap is reached")) == (1, 2, 1)
    assert "2 found: 2 not tried as no more may be spent;" in err
    with store.open("a.pxa") as archive:
        assert archive.failures() == []


def test_a_file_that_disappears_is_one_failed_item(add, monkeypatch):
    put("in/a.png", "in/b.png", "in/c.png")
    from promptcodec.archive.sources import source

    def read_file(path):
        if path.endswith("a.png"):
            Path("in/b.png").unlink()
        return Path(path).read_bytes() if Path(path).exists() else real(path)

    real = source.read_file
    monkeypatch.setattr(source, "read_file", read_file)
    code, lines, err = add("in")
    assert (code, states(lines)) == (1, {"a.png": "added", "b.png": "failed", "c.png": "added"})
    assert "in/b.png: cannot be read: No such file or directory" in err
    assert add("--retry-failed")[0] == 2
    assert "0 found" in add("--retry-failed")[2]  # nothing is left to be tried


def test_nothing_to_add_is_an_error_of_its_folder(add):
    Path("in").mkdir()
    code, lines, err = add("in")
    assert (code, lines[0]["error"]["kind"], "holds no file to work on" in err) == (2, "usage", True)
    assert add("gone.png")[0] == 2
    assert add("gone.png")[0] == 2  # and not kept
    assert add()[0] == 2
    assert add("in", "--null")[0] == 2


def test_a_failure_of_the_index_loses_nothing(add, monkeypatch):
    put("in/a.png", "in/b.png")

    def fail(*_args, **_more):
        raise RuntimeError("no room")

    for name in ("open", "update"):
        monkeypatch.setattr(index, name, fail)
    code, lines, err = add("in")
    assert (code, states(lines)) == (0, {"a.png": "added", "b.png": "added"})
    assert "the index is not up to date: no room" in err
    assert states(add("in")[1]) == {"a.png": "known", "b.png": "known"}
    assert len(records()) == 2


def test_signatures_reach_the_index(add, scene):
    scene.save("a.png")
    add("a.png")
    with store.open("a.pxa") as archive, index.open(archive) as own:
        from promptcodec.archive.indexing import looks

        assert looks.load(own.base)[0].look(0).signature == signature.encode_framed(scene)


def test_signatures_reach_an_index_that_another_program_has_brought_up_to_date(add, scene):
    scene.save("a.png")
    add("a.png")
    (id_,) = records()
    with store.open("a.pxa") as archive:
        Path("a.pxa.index").unlink()
        index.update(archive)
        index.update(archive, {id_: signature.encode_framed(scene)})
        with index.open(archive) as own:
            from promptcodec.archive.indexing import looks

            ((doc,),) = own.base.execute("SELECT doc FROM doc")
            assert looks.load(own.base)[0].look(doc).signature == signature.encode_framed(scene)


def test_near_duplicates_are_listed_and_what_became_of_originals(add, cli, scene, astronaut):
    scene.save("a.png")
    astronaut.save("b.png")
    scene.resize((160, 107)).save("c.jpg", quality=80)
    add("a.png", "b.png", "c.jpg", "--in-place")
    Path("c.jpg").unlink()

    def listed(*options):
        code, out, _ = cli("archive", "ls", "a.pxa", "--json", *options)
        assert code == 0
        return {(row := json.loads(line))["name"]: row for line in out.splitlines()}

    assert {name: row["group"] for name, row in listed("--duplicates").items()} == {"a.png": 1, "c.jpg": 1}
    states = {name: row["original"] for name, row in listed("--originals").items()}
    assert states == {"a.png": "there", "b.png": "there", "c.jpg": "moved?"}
    add("b.png", "--tag", "space")
    assert listed("--paths")["b.png"]["tags"] == ["space"]
