"""An archive whose texts are coded with a table of its own gives the streams that it was given."""

import functools
import json
import random
import sqlite3

import pytest
from click.testing import CliRunner

from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.care.compact import compact, table_of
from promptcodec.archive.care.repair import repair
from promptcodec.archive.care.verify import verify
from promptcodec.archive.file import page
from promptcodec.archive.lookup import look_up
from promptcodec.archive.record import Place, Record, id_of
from promptcodec.archive.texts.adapt import slots
from promptcodec.bitstream import Part, Stream
from promptcodec.cli import group
from promptcodec.description import Cell, Description
from promptcodec.errors import BitstreamError
from promptcodec.layers import semantic

THINGS = ("kite", "barn", "tram", "heron", "lantern", "quarry", "viaduct", "orchard", "pier", "glacier")
COUNT = 400


@functools.cache
def records(seed=1):
    return tuple(_records(seed))


def _records(seed):
    chance = random.Random(seed)
    for number in range(COUNT):
        text = (
            f"A weathered {chance.choice(THINGS)} stands behind the old mill of Kirkwhelpington, "
            f"beside a {chance.choice(THINGS)} painted in colours nobody remembers."
        )
        words = semantic.encode(Description("photo", 1, 1, (Cell(colours=("navy",)),), text))
        stream = bitstream.write(Stream(640, 480, (Part(1, words),)), bare=True)
        yield Record(id_of(b"%d %d" % (seed, number)), stream, (Place("", f"{seed}-{number}.jpg", 1),))


@pytest.fixture
def path(tmp_path):
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put(records())
    return tmp_path / "a.pxa"


def stored(archive):
    return [each.stream for each in archive.stored()]


def test_a_table_makes_an_archive_smaller_and_nothing_else(path):
    wanted = {each.id: each for each in records()}
    with store.open(path, write=True) as archive:
        compact(archive)
        before = path.stat().st_size
        table = table_of(archive)
        compact(archive, table)
        assert path.stat().st_size < before
        assert all(slots(stream) for stream in stored(archive))
        assert {each.id: each for each in archive.records()} == wanted
    with store.open(path) as archive:
        assert archive.dictionaries() == (table,)
        assert {id_: archive.get(id_) for id_ in wanted} == wanted
    assert all(finding.error is None for finding in verify(path))


def test_a_second_table_takes_the_place_of_the_first(path):
    with store.open(path, write=True) as archive:
        compact(archive, table_of(archive))
        reader = store.open(path)
        walking = reader.records()
        known = [next(walking)]
        archive.put(records(2))
        second = table_of(archive)
        compact(archive, second)
        assert archive.dictionaries() == (second,)
        wanted = {each.id: each for seed in (1, 2) for each in records(seed)}
        assert {each.id: each for each in archive.records()} == wanted
        known += walking  # what it had read before needs the first table still
        assert {each.id for each in records()} <= {each.id for each in known}
        assert all(wanted[each.id] == each for each in known)
        reader.close()


def test_one_damaged_copy_of_a_table_costs_nothing_and_two_are_named(path, tmp_path):
    with store.open(path, write=True) as archive:
        compact(archive, table_of(archive))
    wanted = {each.id: each for each in records()}

    def spoil(table):
        with sqlite3.connect(path) as base:
            base.execute(f"UPDATE {table} SET data = ?", [page.seal(page.DICTIONARY, b"xyz")[:-1] + b"!"])

    spoil("spare")
    with store.open(path) as archive:
        assert {each.id: each for each in archive.records()} == wanted
    assert any(finding.error and finding.id is None for finding in verify(path))
    repair(path, tmp_path / "saved.pxa")
    with store.open(tmp_path / "saved.pxa") as archive:
        assert {each.id: each for each in archive.records()} == wanted
    assert all(finding.error is None for finding in verify(tmp_path / "saved.pxa"))
    spoil("dictionary")
    with store.open(path) as archive:
        named = look_up(archive, ["1-7.jpg"])["1-7.jpg"]  # what is not a text needs no table
        with pytest.raises(BitstreamError, match="dictionary"):
            archive.get(named)
    assert sum(finding.error is not None for finding in verify(path)) >= COUNT


def test_the_command_says_where_a_table_does_not_pay(path, tmp_path):
    run = CliRunner().invoke(group, ["archive", "compact", str(path), "--train", "--json"])
    assert run.exit_code == 0
    result = json.loads(run.stdout)
    assert result["bytes"] < result["bytes_before"]
    with store.create(tmp_path / "few.pxa") as archive:
        archive.put(list(records())[:5])
    run = CliRunner().invoke(group, ["archive", "compact", str(tmp_path / "few.pxa"), "--train"])
    assert run.exit_code == 0
    assert "would not make it smaller" in run.stderr


def test_a_stream_that_only_an_archive_can_read_is_not_taken(path, tmp_path):
    with store.open(path, write=True) as archive:
        compact(archive, table_of(archive))
        inside = stored(archive)[0]
    (tmp_path / "odd.pxt").write_bytes(bitstream.write(bitstream.read(inside, bare=True)))
    run = CliRunner().invoke(group, ["archive", "add", str(path), str(tmp_path / "odd.pxt")])
    assert run.exit_code == 2
    assert "table of an archive" in run.stderr
