"""The index of an archive: it follows the archive, and whatever happens to it, it is made anew."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.archive import store
from promptcodec.archive.care import compact
from promptcodec.archive.indexing import documents, index, index_file, looks
from promptcodec.archive.record import place_key
from promptcodec.archive.searching.search import search
from promptcodec.errors import MissingError
from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from tests.effort import examples
from tests.word_archives import record

SIGNATURE = bytes(range(27))


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path / "cache"))
    with store.create(tmp_path / "a.pxa") as own:
        own.put([record("kite.jpg", "A kite."), record("boat.jpg", "A boat.")])
        yield own


def names(archive, text):
    with index.open(archive) as own:
        return [each.record.name for each in search(archive, own, text, limit=1000).results]


def content(archive):
    """Give all that an open index says, by id."""
    with index.open(archive) as own:
        return documents_by_id(own)


def documents_by_id(own):
    rows = own.base.execute("SELECT * FROM doc").fetchall()
    every = looks.load(own.base)
    words = {
        row[1]: {
            term
            for term in ("kite", "boat", "dog")
            if own.base.execute(
                "SELECT 1 FROM said WHERE said MATCH ? AND rowid = ?", (term, row[0])
            ).fetchone()
        }
        for row in rows
    }
    return {
        row[1]: (row[2:], words[row[1]], every[row[0] // looks.CHUNK].look(row[0] % looks.CHUNK))
        for row in rows
    }


def signature(archive, name):
    return content(archive)[record(name).id][2].signature


def test_what_is_put_replaced_and_removed_is_followed(archive):
    assert names(archive, "photo -boat") == ["kite.jpg"]
    archive.put([record("dog.jpg", "A dog.")])
    assert names(archive, "dog") == ["dog.jpg"]
    archive.put([record("dog.jpg", "A cat.")])
    assert names(archive, "dog") == []
    assert names(archive, "cat") == ["dog.jpg"]
    archive.remove([record("dog.jpg").id])
    assert names(archive, "cat") == []
    assert names(archive, "-kite") == ["boat.jpg"]


def test_tags_and_places_are_followed(archive):
    one = record("kite.jpg", "A kite.", tags=("holiday",), root="/pictures", time=5)
    archive.put([one])
    assert names(archive, "holiday") == ["kite.jpg"]
    with index.open(archive) as own:
        assert own.place("/pictures", "kite.jpg") == (one.id, 5)
        assert own.place("", "kite.jpg") is None
        assert own.place("", "boat.jpg") == (record("boat.jpg").id, 0)
        assert own.place("", "none.jpg") is None
    archive.remove([one.id])
    with index.open(archive) as own:
        assert own.place("/pictures", "kite.jpg") is None


def test_the_file_is_left_alone_where_nothing_is_new(archive):
    content(archive)
    path = archive.path.with_name("a.pxa.index")
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert names(archive, "kite") == ["kite.jpg"]
    archive.put([record("kite.jpg", "A kite.")])  # the same again
    assert names(archive, "kite") == ["kite.jpg"]
    with sqlite3.connect(path) as base:
        assert base.execute("SELECT count(*) FROM gone").fetchone() == (0,)
    assert before[0]


def test_signatures_stay(archive):
    ids = {name: record(name).id for name in ("kite.jpg", "boat.jpg", "dog.jpg")}
    index.update(archive, {ids["kite.jpg"]: SIGNATURE})
    assert signature(archive, "kite.jpg") == SIGNATURE
    assert signature(archive, "boat.jpg") is None
    archive.put([record("kite.jpg", "Another kite.")])
    assert signature(archive, "kite.jpg") == SIGNATURE
    index.rebuild(archive).base.close()
    assert signature(archive, "kite.jpg") == SIGNATURE
    index.update(archive, {})
    archive.put([record("dog.jpg", "A dog.")])
    index.update(archive, {ids["dog.jpg"]: SIGNATURE[::-1]})
    assert signature(archive, "dog.jpg") == SIGNATURE[::-1]


def test_after_compact_all_is_compared(archive):
    assert names(archive, "kite") == ["kite.jpg"]
    archive.put([record("kite.jpg", "A dog."), record("new.jpg", "A kite.")])
    archive.remove([record("boat.jpg").id])
    compact.compact(archive)
    assert names(archive, "kite") == ["new.jpg"]
    assert names(archive, "dog") == ["kite.jpg"]
    assert names(archive, "boat") == []


CHANGES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["kite", "boat", "dog", None]), st.booleans()),
    max_size=12,
)


@examples(0.3)
@given(CHANGES)
def test_an_index_that_caught_up_is_as_one_that_is_new(tmp_path_factory, changes):
    with store.create(tmp_path_factory.mktemp("changes") / "a.pxa") as archive:
        for name, word, is_looked_at in changes:
            if word is None:
                archive.remove([record(name).id])
            else:
                archive.put([record(name, f"A {word}.")])
            if is_looked_at:
                index.update(archive)
        caught_up = content(archive)
        with index.rebuild(archive) as own:
            assert caught_up == documents_by_id(own)


def damage(path, kind):
    data = bytearray(path.read_bytes())
    if kind == "empty":
        data.clear()
    elif kind == "cut":
        del data[len(data) // 2 :]
    elif kind == "text":
        data[:] = b"this is no index" * 100
    elif kind == "middle":
        data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["empty", "cut", "text", "middle"])
def test_a_damaged_index_is_made_anew(archive, kind):
    content(archive)
    damage(archive.path.with_name("a.pxa.index"), kind)
    with index.open(archive) as own:
        results = search(archive, own, "kite").results
        assert [each.record.name for each in results] == ["kite.jpg"]
        assert any("is made anew" in notice for notice in own.notices)


@pytest.mark.parametrize("number", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_no_damage_is_an_error_of_a_search(archive, number):
    archive.put([record(f"{number}.jpg", "A kite and a boat.") for number in range(50)])
    content(archive)
    path = archive.path.with_name("a.pxa.index")
    whole = path.read_bytes()
    chance = random.Random(7)
    for _ in range(number):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 40)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        with index.open(archive) as own:
            search(archive, own, 'kite -dog people:0.. name:1 "a boat"')
            search(archive, own, "color:grey kite")


def test_an_index_of_another_version_or_archive_is_made_anew(archive, tmp_path):
    content(archive)
    path = archive.path.with_name("a.pxa.index")
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA user_version = 99")
    assert names(archive, "kite") == ["kite.jpg"]
    with store.create(tmp_path / "b.pxa") as other:
        path.rename(tmp_path / "b.pxa.index")
        assert names(other, "kite") == []


def test_where_nothing_can_be_written_beside_the_archive_it_is_kept_elsewhere(archive, tmp_path, monkeypatch):
    archive.path.with_name("a.pxa.index").mkdir()
    assert names(archive, "kite") == ["kite.jpg"]
    (kept,) = (tmp_path / "cache" / "indexes").iterdir()
    assert kept.name.startswith(archive.uid.hex())
    archive.put([record("dog.jpg", "A dog.")])
    assert names(archive, "dog") == ["dog.jpg"]
    assert len(list((tmp_path / "cache" / "indexes").iterdir())) == 1
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path / "file"))
    with pytest.raises(MissingError, match="can be written neither way"):
        index.open(archive)
    assert not list(tmp_path.glob(".*.part"))


def test_the_index_of_an_archive_that_is_not_to_be_changed_is(archive):
    archive.path.chmod(0o444)
    assert names(archive, "kite") == ["kite.jpg"]
    mode = archive.path.with_name("a.pxa.index").stat().st_mode
    assert (mode & 0o200, mode & 0o022) == (0o200, 0)


def test_what_cannot_be_read_is_found_by_the_rest_of_it(archive):
    archive.put([record("strange.jpg", None, size=(123, 45), time=9)])
    assert names(archive, "width:123") == ["strange.jpg"]
    assert names(archive, "name:strange") == ["strange.jpg"]
    assert names(archive, "photo") != []


def test_names_and_prompts_may_be_no_text(archive):
    recipe = Recipe(
        Platform("a1111"), ModelInfo("x\ud800l"), Settings("a \ud800 tower", steps=10**30, seed=-1)
    )
    archive.put([record("\udcff kite.jpg", "A tower.", recipe, tags=("a\0b",))])
    assert names(archive, "tower name:kite") == ["\udcff kite.jpg"]
    with index.open(archive) as own:
        (result,) = search(archive, own, "tower tag:b").results
    assert {reason.field for reason in result.why} >= {"summary", "prompt"}


def test_another_program_that_writes_is_waited_for_and_then_passed_by(archive, monkeypatch):
    content(archive)
    archive.put([record("dog.jpg", "A dog.")])
    monkeypatch.setattr(index_file, "WAIT_SECONDS", 0.2)
    with sqlite3.connect(archive.path.with_name("a.pxa.index"), isolation_level=None) as base:
        base.execute("BEGIN IMMEDIATE")
        with index.open(archive) as own:
            assert [each.record.name for each in search(archive, own, "kite").results] == ["kite.jpg"]
            assert "another program is writing" in own.notices[0]
        base.execute("ROLLBACK")
    base.close()
    assert names(archive, "dog") == ["dog.jpg"]


def test_others_write_while_a_search_has_begun(archive, monkeypatch):
    with index.open(archive) as own:
        archive.put([record("dog.jpg", "A dog and a kite.")])
        index.update(archive)
        assert len(search(archive, own, "kite").results) == 2
        archive.remove([record("dog.jpg").id])  # the index does not know it yet
        assert [each.record.name for each in search(archive, own, "kite").results] == ["kite.jpg"]


UPDATING = """
import sys
from promptcodec.archive.indexing import index
from promptcodec.archive import store
index.BATCH = 8
with store.open(sys.argv[1]) as archive:
    print("ready", flush=True)
    index.rebuild(archive).base.close() if sys.argv[2] == "rebuild" else index.update(archive)
"""


@pytest.mark.parametrize("what", ["rebuild", "update"])
def test_a_process_that_is_killed_leaves_an_index_that_works(archive, what, tmp_path):
    content(archive)
    archive.put([record(f"{number}.jpg", "A dog.") for number in range(400)])
    chance = random.Random(3)
    for _ in range(3):
        command = [sys.executable, "-c", UPDATING, str(archive.path), what]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
    assert len(names(archive, "dog")) == 400
    assert names(archive, "kite") == ["kite.jpg"]
    for left in tmp_path.glob(".*.part"):
        os.utime(left, (0, 0))
    index.rebuild(archive).base.close()
    assert not list(tmp_path.glob(".*.part"))


def test_documents_have_numbers_without_gaps(archive):
    archive.put([record(f"{number}.jpg", "A dog.") for number in range(20)])
    index.update(archive)
    archive.remove([record(f"{number}.jpg").id for number in range(10, 20)])
    with index.open(archive) as own:
        assert documents.size(own.base) == 22
        assert sum(map(len, looks.load(own.base))) == 22
    index.rebuild(archive).base.close()
    with index.open(archive) as own:
        assert documents.size(own.base) == 12


def test_keys_of_places_take_any_name():
    for path in ("\udcff.jpg", "é", "", "x" * 5000):
        assert -(2**63) <= place_key("/r", path) < 2**63
    assert place_key("a", "b") != place_key("ab", "")
