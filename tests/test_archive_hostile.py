"""An archive of a stranger: its numbers, tables and journals decide nothing beyond its own file."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import cbor2
import pytest

from promptcodec.archive import store
from promptcodec.archive.care import compact, wreck
from promptcodec.archive.care.known import known_ids
from promptcodec.archive.care.repair import repair
from promptcodec.archive.care.salvage import salvage
from promptcodec.archive.care.verify import verify
from promptcodec.archive.file import page
from promptcodec.archive.file.schema import PAGE_BYTES
from promptcodec.archive.indexing import documents, index
from promptcodec.archive.record import Record
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, UsageError
from tests import archives

SUPER = bytes.fromhex("d9d505f920a163d7")
ENDLESS = """ALTER TABLE meta RENAME TO x; CREATE VIEW meta AS WITH RECURSIVE n(name, value) AS
    (SELECT 'uid', 0 UNION ALL SELECT name, value + 1 FROM n) SELECT * FROM n WHERE value < 0"""
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.pxa"
    with store.create(path) as archive:
        archive.put(map(archives.record, range(20)))
    return path


def interrupted(path, statement):
    """Leave an SQLite file in the middle of a change, as a kill does."""
    child = os.fork()
    if not child:
        try:
            base = sqlite3.connect(path, isolation_level=None)
            base.execute("PRAGMA cache_size = 1")
            base.execute("BEGIN IMMEDIATE")
            base.execute(statement)
            base.execute("CREATE TABLE more AS SELECT zeroblob(100000)")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return Path(f"{path}-journal")


def name_in(journal, victim):
    """Make a rollback journal one of a transaction over several files, which another file keeps together."""
    name = os.fsencode(victim)
    check = sum(name) - 256 * sum(byte > 127 for byte in name)
    number = (1 << 30) // PAGE_BYTES + 1
    numbers = (len(name).to_bytes(4, "big"), (check % (1 << 32)).to_bytes(4, "big"))
    journal.write_bytes(journal.read_bytes() + number.to_bytes(4, "big") + name + b"".join(numbers) + SUPER)


@forks
def test_no_journal_deletes_another_file(path, tmp_path):
    victim = tmp_path / "letter.txt"
    victim.write_text("dear")
    wanted = archives.contents(path)
    name_in(interrupted(path, "UPDATE root SET number = number"), victim)
    link = tmp_path / "link.pxa"
    link.symlink_to(path)
    for each in (path, link):
        with pytest.raises(BitstreamError):
            store.open(each)
        assert any(finding.error for finding in verify(each))
    repair(path, tmp_path / "new.pxa")
    assert victim.read_text() == "dear"
    assert archives.contents(tmp_path / "new.pxa") == wanted


@forks
def test_nor_does_that_of_an_index(path, tmp_path):
    victim = tmp_path / "letter.txt"
    victim.write_text("dear")
    with store.open(path) as archive:
        index.update(archive)
        name_in(interrupted(f"{path}.index", "UPDATE doc SET digest = 0"), victim)
        with index.open(archive) as own:
            assert documents.size(own.base) == 20
    assert victim.read_text() == "dear"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER more AFTER DELETE ON doc BEGIN DELETE FROM place; END",
        ENDLESS,
    ],
)
def test_an_index_runs_nothing(path, statement):
    with store.open(path) as archive:
        index.update(archive)
        with closing(sqlite3.connect(f"{path}.index")) as base:
            base.executescript(statement)
        with index.open(archive) as own:
            assert len(own.notices) == 1
            names = own.base.execute("SELECT name FROM sqlite_master").fetchall()
            assert not {("more",), ("x",)} & set(names)


def test_an_archive_has_one_index_however_it_is_called(path, tmp_path):
    link = tmp_path / "links" / "b.pxa"
    link.parent.mkdir()
    link.symlink_to(path)
    with store.open(link) as archive:
        index.update(archive)
    assert Path(f"{path}.index").is_file()
    assert list(link.parent.iterdir()) == [link]
    assert len(known_ids(link)) == 20


@forks
def test_a_journal_that_a_lost_index_left_is_not_of_the_new_one(path):
    with store.open(path) as archive:
        index.update(archive)
        journal = interrupted(f"{path}.index", "UPDATE doc SET digest = 0")
        Path(f"{path}.index").unlink()
        assert journal.stat().st_size
    with store.open(path, write=True) as archive:
        archive.put(map(archives.record, range(20, 300)))
        for _ in range(2):
            with index.open(archive) as own:
                rows = own.base.execute("SELECT id FROM doc ORDER BY id").fetchall()
                assert (own.notices, [id_ for (id_,) in rows]) == ([], list(archive.ids()))


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE journal SET number = 9223372036854775807 WHERE number = 20", ()),
        (
            "UPDATE meta SET data = ? WHERE name = 'compacted'",
            (page.seal(page.META, b"compacted\0" + b"\x7f" + b"\xff" * 7),),
        ),
        (
            "UPDATE meta SET data = ? WHERE name = 'compacted'",
            (page.seal(page.META, b"compacted\0" + b"\xff" * 99),),
        ),
    ],
)
def test_numbers_beyond_those_of_sqlite_are_damage(path, statement, values):
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("DELETE FROM journal WHERE number > 1 AND ? = '' OR ?", (statement, "meta" in statement))
        base.execute(statement, values)
    with store.open(path, write=True) as archive:
        with pytest.raises(BitstreamError):
            archive.put([archives.record(30)])
        with pytest.raises(BitstreamError):
            archive.remove(list(archive.ids()))
    assert any(finding.error for finding in verify(path))


def test_a_time_that_no_writer_writes_is_damage(path, monkeypatch):
    long = cbor2.dumps({2: [[0, b"x", 1 << 90]]})
    monkeypatch.setattr(cbor2, "dumps", lambda _: long)
    with store.open(path, write=True) as archive:
        archive.put([archives.record(55)])
        (id_,) = archives.ids(55)
        with pytest.raises(BitstreamError):
            archive.get(id_)
        index.update(archive)
        assert isinstance(archive.get(archives.ids(1)[0]), Record)


def test_what_a_whole_blob_goes_on_in_is_not_searched_again(path):
    with store.open(path, write=True) as archive:
        archive.put_dictionaries([Dictionary.from_bytes(os.urandom(200_000))])
    with closing(wreck.Wreck(path)) as each:
        salvaged = salvage(each)
        assert sum(salvaged.claimed) > each.pages - 3
        assert not list(salvaged.left_over())


def test_very_many_ids_of_one_key_are_compacted_in_time(path):
    data, ids = bytes(200), [bytes(8) + number.to_bytes(8, "big") for number in range(20_000)]
    start = time.process_time()
    pages = list(compact.paged([*((id_, data) for id_ in ids), (b"\1" * 16, data)]))
    assert len(pages) in (1, 2)
    assert time.process_time() - start < 5


def test_an_archive_that_is_deleted_while_it_is_written(path):
    with store.open(path, write=True) as archive:
        archive.get(archives.ids(1)[0])
        path.unlink()
        with pytest.raises(UsageError, match="deleted"):
            archive.put([archives.record(30)])
