"""Adding to an archive: what becomes of files, known, moved, changed or failed, and what is printed."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from promptcodec import bitstream, decode, encode
from promptcodec.archive import store
from promptcodec.archive.adding import originals
from promptcodec.archive.indexing import index
from promptcodec.archive.record import id_of
from promptcodec.cli.find import count, stream
from promptcodec.errors import SpendingError, UsageError
from promptcodec.layers import signature
from promptcodec.vision.formats import SUFFIXES
from tests import messy

QUICK = ("--layers", "texture", "--effort", "1", "--budget", "60B")


@pytest.fixture
def add(cli, monkeypatch, tmp_path_factory):
    """Add to the archive ``a.pxa``, which is made first; give exit code, JSON lines and errors."""
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path_factory.mktemp("cache")))
    cli("archive", "create", "a.pxa")

    def run(*args):
        code, out, err = cli("archive", "add", "a.pxa", *args, *QUICK, "--json", "--jobs", "1")
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


def put(*names, start=0):
    """Write small pictures, each unlike the others."""
    for number, name in enumerate(names, start):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(messy.picture(number, messy.kind_of(name)))


def records():
    with store.open("a.pxa") as archive:
        return {record.id: record for record in archive.records()}


def places():
    return sorted((place.root, place.path) for record in records().values() for place in record.places)


def states(lines):
    return {Path(line["file"]).name: line["state"] for line in lines}


def summary(err):
    """Give the counts of the line at the end."""
    line = next(line for line in err.splitlines() if " found: " in line).partition(";")[0] + ";"
    return {name: int(number) for number, name in re.findall(r"(\d+) ([a-z ]+?)(?=[,;:]|$)", line)}


def touch(path, seconds):
    about = Path(path).stat()
    os.utime(path, (about.st_atime, about.st_mtime + seconds))


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
    monkeypatch.setattr("promptcodec.cli.archive.add.read_file", lambda _: pytest.fail("it was read"))
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


# Failures.


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
    with store.open("a.pxa") as archive:
        assert archive.failures() == []


def test_a_file_that_disappears_is_one_failed_item(add, monkeypatch):
    put("in/a.png", "in/b.png", "in/c.png")
    from promptcodec.cli.archive import add as command

    def read_file(path):
        if path.endswith("a.png"):
            Path("in/b.png").unlink()
        return Path(path).read_bytes() if Path(path).exists() else real(path)

    real = command.read_file
    monkeypatch.setattr(command, "read_file", read_file)
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

    def fail(*_args):
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


# Inputs.


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
    monkeypatch.setattr("promptcodec.archive.adding.add.MOST", 1)
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
