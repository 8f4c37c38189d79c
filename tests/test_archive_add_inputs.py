"""Adding to an archive: lists on standard input, odd names, and archives that cannot be written."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from promptcodec.archive import store
from promptcodec.archive.adding import originals
from promptcodec.cli.find import count, stream
from promptcodec.errors import UsageError
from promptcodec.vision.formats import SUFFIXES
from tests import messy
from tests.adding import adder, places, put, records, states


@pytest.fixture
def add(cli, monkeypatch, tmp_path_factory):
    return adder(cli, monkeypatch, tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("null", [False, True])
def test_a_list_on_standard_input(null, add, monkeypatch):
    put("in/a.png", "in/b.png", "in/deep/c.png", "in/two\nlines.png", "out/d.png")
    end = "\0" if null else "\n"
    names = ["in/a.png", "./in/../in/b.png", str(Path("out/d.png").absolute()), "in/deep"]
    names += ["in/two\nlines.png"] if null else []
    monkeypatch.setattr(
        sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO((end.join(names) + end).encode())})
    )
    monkeypatch.chdir("in/deep")
    monkeypatch.chdir("../..")
    code, lines, _ = add("-", *(["--null"] if null else []))
    more = [("", "in/two\nlines.png")] if null else []
    assert (code, len(lines)) == (0, 4 + null)
    assert places() == sorted(
        [("", "in/a.png"), ("", "in/b.png"), ("", "in/deep/c.png"), ("", "out/d.png"), *more]
    )


def test_a_picture_on_standard_input_is_no_list(add, monkeypatch):
    data = messy.picture(1, "PNG")
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(data)}))
    code, _, err = add("-")
    assert (code, "is no list of paths" in err) == (2, True)
    monkeypatch.setattr(sys, "stdin", None)
    assert add("-")[0] == 2


@pytest.mark.skipif(os.name != "posix", reason="names that other systems lack")
def test_odd_names_are_kept_as_they_are(add):
    odd = ["a\nb.png", os.fsdecode(b"caf\xe9.png"), "\N{SNOWMAN}.png", "-dash.png"]
    put(*(f"in/{name}" for name in odd))
    code, lines, _ = add("in", "--in-place")
    root = str(Path("in").absolute())
    assert (code, sorted(Path(line["file"]).name for line in lines)) == (0, sorted(odd))
    assert places() == sorted((root, name) for name in odd)
    assert {originals.state(record) for record in records().values()} == {"there"}
    assert set(states(add("in", "--in-place")[1]).values()) == {"known"}
    Path("in", odd[1]).write_bytes(b"")
    code, _, err = add("in", "--in-place")
    assert (code, "caf\\udce9.png" in err) == (1, True)
    assert "1 failed before" in add("in", "--in-place")[2]


def test_names_are_those_of_encode(add):
    put("a/x.jpg", "b/x.jpg", "b/deep/y.jpg")
    add("a", "b")
    assert places() == [("", "a/x.jpg"), ("", "b/deep/y.jpg"), ("", "b/x.jpg")]


def given(*inputs, together=True):
    return [
        (str(path), str(base)) for path, base in stream(inputs, SUFFIXES, "images", {}, [], together=together)
    ]


def test_files_are_given_as_they_are_come_upon(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("a/b/1.png", "a/2.png", "a/0.png", "c/2.png")
    assert given("a") == [("a/0.png", "a"), ("a/2.png", "a"), ("a/b/1.png", "a")]
    assert given("a/b", "c", together=False) == [("a/b/1.png", "a/b"), ("c/2.png", "c")]
    assert given("a/0.png", "c/2.png") == [("a/0.png", "a"), ("c/2.png", "c")]
    assert {base for _, base in given("a/2.png", "c/2.png")} == {str(tmp_path)}
    assert {base for _, base in given("a/*.png", "c")} == {str(tmp_path)}
    assert count(("a", "c/*.png", "c/2.png"), SUFFIXES) == 5


def test_an_archive_that_cannot_be_written_is_refused(add, monkeypatch):
    put("in/a.png")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    code, _, err = add("in")
    assert (code, "cannot be changed" in err) == (2, True)
    code, _, err = add("in")
    monkeypatch.undo()


def test_a_full_disk_ends_a_run_that_says_what_it_kept(add, monkeypatch):
    put("in/a.png", "in/b.png", "in/c.png")
    keep, calls = store.Archive.put, []

    def full(archive, batch):
        calls.append(1)
        if len(calls) > 1:
            raise UsageError("no room is left")
        return keep(archive, batch)

    monkeypatch.setattr(store.Archive, "put", full)
    monkeypatch.setattr("promptcodec.archive.adding.durable.MOST", 1)
    code, lines, err = add("in")
    assert (code, [line["ok"] for line in lines], len(records())) == (2, [True, False], 1)
    assert "1 added" in err
    assert "no room is left" in err


def test_a_dry_run_writes_nothing(add, cli):
    put("in/a.png", "in/b.png")
    add("in/a.png")
    before = Path("a.pxa").read_bytes()
    who = ("--captioner", "chat:http://127.0.0.1:9/v1?model=m&input_price=1&output_price=2")
    code, out, err = cli("archive", "add", "a.pxa", "in", "--dry-run", "--layers", "semantic", *who)
    assert (code, out.count("\n"), "in/b.png" in out, "nothing was sent" in out, err) == (
        0,
        1,
        True,
        True,
        "",
    )
    assert Path("a.pxa").read_bytes() == before
