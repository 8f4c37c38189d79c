"""An archive keeps what is put into it: by id, in order, across compaction, processes and versions."""

from __future__ import annotations

import binascii
import json
import os
import sqlite3
import stat
import statistics
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import bitstream
from promptcodec.archive import record, store
from promptcodec.archive.care import compact
from promptcodec.archive.care.stats import stats
from promptcodec.archive.file import schema
from promptcodec.archive.record import Failure, Place, Record
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, NewerError, OutputExistsError, UsageError
from tests import archives
from tests.effort import examples

texts = st.text(st.characters(codec="utf-8"), max_size=40)
names = st.one_of(texts.filter(bool), st.binary(min_size=1, max_size=20).map(record.path_text))
places = st.builds(Place, st.sampled_from(archives.ROOTS), names, st.integers(-(2**47) + 1, 2**47 - 1))
records = st.builds(
    Record,
    st.binary(min_size=16, max_size=16),
    st.binary(max_size=300),
    st.lists(places, min_size=1, max_size=3).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pictures.pxa"


@given(records, st.binary(max_size=40), st.binary(max_size=40))
def test_a_record_is_read_as_it_was_written(each, before, behind):
    numbers = {root: number for number, root in enumerate(archives.ROOTS)}
    roots = {number: root for root, number in numbers.items()}
    written = record.write(each, numbers)
    span = record.locate(before + written + behind, len(before))
    assert span.end == len(before) + len(written)
    assert record.read(before + written + behind, span, roots) == each


@given(records, st.data())
def test_a_bit_of_a_record_is_not_flipped_unseen(each, data):
    numbers = {root: number for number, root in enumerate(archives.ROOTS)}
    written = bytearray(record.write(each, numbers))
    bit = data.draw(st.integers(0, 8 * len(written) - 1))
    written[bit // 8] ^= 1 << bit % 8
    with suppress(BitstreamError):  # or it ends elsewhere, where something else would have to follow
        assert record.locate(bytes(written), 0).end != len(written)


def test_what_surrounds_a_record_has_five_bytes():
    each = Record(bytes(16), bytes(200), (Place("", "folder/picture-12345.jpg", 1),))
    path = len(each.places[0].path)
    assert len(record.write(each, {"": 0})) == 16 + 8 + path + 200 + 5 - 1  # a time of seven bytes


steps = st.tuples(st.integers(0, 30), st.sampled_from(["put", "put", "put", "remove", "compact"]))


@given(st.lists(st.lists(steps, max_size=12), max_size=4))
@examples(0.4)
def test_it_holds_what_a_dictionary_would(tmp_path_factory, rounds):
    path = tmp_path_factory.mktemp("archive") / "a.pxa"
    wanted = {}
    with store.create(path) as archive:
        for version, steps in enumerate(rounds):
            for number, step in steps:
                each = archives.record(number, most=60 + version + 8)
                if step == "put":
                    archive.put([each])
                    wanted[each.id] = each
                elif step == "remove":
                    assert archive.remove([each.id]) == (each.id in wanted)
                    wanted.pop(each.id, None)
                else:
                    compact.compact(archive)
        assert list(archive.records()) == [wanted[id_] for id_ in sorted(wanted)]
        assert list(archive.ids()) == sorted(wanted)
        assert archive.has(archives.ids(*range(31))) == set(wanted)
        assert all(archive.get(id_) == wanted.get(id_) for id_ in archives.ids(*range(31)))


def test_ids_that_share_a_key_are_told_apart(path, monkeypatch):
    monkeypatch.setattr(compact, "LONGEST", 500)
    monkeypatch.setattr(compact, "SHORTEST", 0)
    same = [
        Record(bytes(8) + bytes([number]) * 8, archives.bare(number), archives.record(1).places)
        for number in range(9)
    ]
    others = [archives.record(number) for number in range(9)]
    with store.create(path) as archive:
        for wanted in (same + others, same[1:] + others):
            archive.put(same[::-1] + others)
            archive.remove([each.id for each in same if each not in wanted])
            for _ in range(2):
                assert list(archive.records()) == sorted(wanted, key=lambda each: each.id)
                assert [archive.get(each.id) for each in wanted] == wanted
                assert archive.get(bytes(8) + b"other id") is None
                compact.compact(archive)


def test_ids_are_looked_up_by_their_start(path):
    wanted = [archives.record(number) for number in range(300)]
    with store.create(path) as archive:
        archive.put(wanted[:200])
        compact.compact(archive)
        archive.put(wanted[200:])
        for digits in ("", "a", "AB", wanted[7].id.hex(), wanted[7].id.hex()[:5]):
            assert archive.matching(digits) == sorted(
                each.id for each in wanted if each.id.hex().startswith(digits.lower())
            )
        with pytest.raises(UsageError, match="not the start of an id"):
            archive.matching("kite")


def test_changes_since_an_entry(path):
    with store.create(path) as archive, store.open(path) as reader:
        assert reader.changes(0) == ([], 0)
        archive.put(map(archives.record, range(3)))
        archive.put([archives.record(0)])
        archive.remove(archives.ids(1))
        listed, newest = reader.changes(0)
        assert sorted(listed) == sorted(archives.ids(0, 1, 2))
        assert reader.changes(3) == (archives.ids(0, 1), newest)
        assert reader.changes(newest) == ([], newest)
        assert reader.changes(newest + 1) is None
        compact.compact(archive)
        assert reader.newest() == newest
        assert reader.changes(newest - 1) is None
        assert reader.changes(newest) == ([], newest)
        archive.put([archives.record(9)])
        assert reader.changes(newest) == (archives.ids(9), newest + 1)
        assert archive.remove(archives.ids(9)) == 1  # which erases the newest entry
        assert archive.remove(archives.ids(9)) == 0  # which leaves the removal where it is
        assert reader.changes(newest + 1) == (archives.ids(9), newest + 2)


def test_failures_are_kept_until_forgotten(path):
    first, second = (Failure(root, "a/b.jpg", 7, "image", "no") for root in archives.ROOTS[:2])
    with store.create(path) as archive:
        archive.note_failures([second, first])
        changed = Failure(first.root, first.path, 8, "usage", "other")
        archive.note_failures([changed])
        assert archive.failures() == [changed, second]
        archive.forget_failures([("/nowhere", "x"), ("", "a/b.jpg")])
        assert archive.failures() == [second]


def test_dictionaries_are_kept_once(path):
    one, two = Dictionary.from_bytes(b"one" * 30), Dictionary.from_bytes(b"two" * 30)
    with store.create(path) as archive:
        archive.put_dictionaries([one, two])
        archive.put_dictionaries([two])
        assert archive.dictionaries() == (one, two)


def test_an_error_while_compacting_changes_nothing(path):
    wanted = archives.fill(path)
    before = path.read_bytes()
    with store.open(path, write=True) as archive, pytest.raises(BitstreamError, match="table"):
        compact.compact(archive, Dictionary.from_bytes(b"PXU\x02\x00no table"))
    assert path.read_bytes() == before
    assert archives.contents(path) == wanted


def test_removed_bytes_are_overwritten(path):
    with store.create(path) as archive:
        archive.put(map(archives.record, range(400)))
        compact.compact(archive)
        archive.put(map(archives.record, range(300, 500)))
        gone = range(0, 500, 7)
        assert archive.remove(archives.ids(*gone)) == len(gone)
    content = path.read_bytes()
    assert not [number for number in gone if archives.bare(number)[5:40] in content]
    assert [number for number in range(500) if archives.bare(number)[5:40] in content]


def plain(number):
    """Make a record without tags, found in one place."""
    return Record(*archives.ids(number), archives.bare(number), (Place("", f"folder/{number}.jpg", number),))


# A table that is empty has a page all the same: of few records each has its share of these.
@pytest.mark.parametrize(
    ("count", "fixed"), [(4000, 9 * schema.PAGE_BYTES), pytest.param(100_000, 0, marks=pytest.mark.slow)]
)
def test_overhead_and_time_of_a_record(path, count, fixed):
    with store.create(path) as archive:
        for start in range(0, count, 1000):
            archive.put(map(plain, range(start, start + 1000)))
        compact.compact(archive)
        counted = stats(archive)
        assert counted.records == count
        assert counted.bytes == path.stat().st_size
        assert counted.overhead_per_record <= 6 + fixed / count
        times = []
        for id_ in archives.ids(*range(0, count, count // 500)):
            start = time.perf_counter()
            assert archive.get(id_)
            times.append(time.perf_counter() - start)
        assert statistics.median(times) < 0.001


def test_a_new_file_has_the_usual_permissions(path):
    mask = os.umask(0o027)
    try:
        store.create(path).close()
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["a b?c#d%20e.pxa", "\u00e9t\u00e9.pxa", os.fsdecode(b"\xff.pxa")])
def test_any_name_of_a_file_will_do(tmp_path, name):
    try:
        (tmp_path / name).touch()
        (tmp_path / name).unlink()
    except OSError:
        pytest.skip("no file can be called so here")
    with store.create(tmp_path / name) as archive:
        archive.put([archives.record(1)])
    assert list(archives.contents(tmp_path / name)) == archives.ids(1)


def test_nothing_is_replaced_by_a_new_archive(path):
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match="exists; choose another name"):
        store.create(path)
    assert path.read_text() == "mine"


def varint(data, pos):
    value = shift = 0
    while True:
        value |= (data[pos] & 127) << shift
        shift, pos = shift + 7, pos + 1
        if data[pos - 1] < 128:
            return value, pos


def read_by_the_page(path):
    """Read an archive as docs/reference/archive.md has it, with nothing of this package."""
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA application_id").fetchone() == (1347961137,)

    def body(blob):
        assert int.from_bytes(blob[1:5], "big") == zlib.crc32(blob[:1] + blob[5:])
        return blob[0], blob[5:]

    roots = {}
    for number, blob in database.execute("SELECT number, data FROM root"):
        kind, named = body(blob)
        prefix, _, folder = named.partition(b"\0")
        assert (kind, int(prefix)) == (0xD3, number)
        roots[number] = folder.decode()
    blobs = [*database.execute("SELECT data FROM page ORDER BY key")]
    blobs += database.execute("SELECT data FROM journal ORDER BY number")
    database.close()
    streams = {}
    for (blob,) in blobs:
        kind, data = body(blob)
        if kind == 0xD2:
            streams.pop(data, None)
            continue
        count, pos = varint(data, 0)
        for _ in range(count):
            start, id_ = pos, data[pos : pos + 16]
            time = int.from_bytes(data[pos + 16 : pos + 22], "big", signed=True)
            head, pos = varint(data, pos + 22)
            length, pos = varint(data, pos)
            name, pos = data[pos : pos + length].decode(), pos + length
            length, pos = varint(data, pos)
            stream, pos = data[pos : pos + length], pos + length
            if head & 1:
                length, pos = varint(data, pos)
                pos += length
            assert binascii.crc_hqx(data[start:pos], 0xFFFF) == int.from_bytes(data[pos : pos + 2], "big")
            pos += 2
            streams[id_] = roots.get(head >> 1, ""), name, time, stream
        assert pos == len(data)
    return streams


def test_another_program_reads_it_by_the_page(path):
    wanted = archives.fill(path)
    assert read_by_the_page(path) == {
        id_: (*(getattr(each.places[0], name) for name in ("root", "path", "time")), each.stream)
        for id_, each in wanted.items()
    }


def version_one(path):
    """Make an archive as the first version of the tables has it."""
    store.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE failure")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()


def test_an_older_version_is_read_as_it_is_and_migrated_when_written(path):
    version_one(path)
    before = path.read_bytes()
    with store.open(path) as archive:
        assert archive.failures() == []
        assert list(archive.records()) == []
    assert path.read_bytes() == before
    with store.open(path, write=True) as archive:
        archive.note_failures([archives.FAILURE])
        archive.put([archives.record(1)])
    with store.open(path) as archive:
        assert archive.database.version == schema.VERSION
        assert archive.failures() == [archives.FAILURE]
        assert archive.get(archives.ids(1)[0]) == archives.record(1)


def test_a_newer_version_is_refused(path):
    store.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE new (x)")
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.commit()
    connection.close()
    for write in (False, True):
        with pytest.raises(NewerError, match="needs a newer promptcodec"):
            store.open(path, write=write)


def test_a_table_that_does_not_belong_there_is_refused(path):
    store.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM page; END")
    connection.commit()
    connection.close()
    with pytest.raises(BitstreamError, match="tables are not those of an archive"):
        store.open(path)


def test_what_is_no_archive_is_refused(tmp_path, cli):
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("no archive " * 1000)
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE page (x)").connection.close()
    for name, error, message in (
        ("missing", UsageError, "there is no archive"),
        (".", UsageError, "it is a folder"),
        ("empty", UsageError, "it is empty"),
        ("text", BitstreamError, "is no archive"),
        ("other", BitstreamError, "is no archive"),
    ):
        assert [cli("archive", command, tmp_path / name)[0] for command in ("stats", "verify")] == [2, 2]
        with pytest.raises(error, match=message):
            store.open(tmp_path / name)


def test_listing_getting_and_removing_on_the_command_line(path, cli, tmp_path):
    wanted = archives.fill(path)
    first, second = (archives.record(number) for number in (20, 21))
    code, out, _ = cli("archive", "ls", path, "--json")
    listed = [json.loads(line) for line in out.splitlines()]
    assert (code, [row["id"] for row in listed]) == (0, [id_.hex() for id_ in sorted(wanted)])
    assert set(listed[0]) == {"id", "name", "bytes", "width", "height"}
    _, out, _ = cli("archive", "ls", path, "--json", "--paths")
    row = next(row for row in map(json.loads, out.splitlines()) if row["id"] == first.id.hex())
    place = first.places[0]
    assert (row["root"], row["path"], row["time"], row["tags"]) == (
        place.root,
        place.path,
        place.time,
        ["red", "kite"],
    )
    assert "picture-20.jpg" in cli("archive", "ls", path)[1]

    code, out, _ = cli("archive", "get", path, first.id.hex()[:10], second.name, "-o", "out")
    assert code == 0
    for each in (first, second):
        data = (tmp_path / "out" / f"{each.id.hex()}.pxt").read_bytes()
        assert bitstream.read(data) == bitstream.read(each.stream, bare=True)
    assert cli("archive", "get", path, first.places[0].path, "-o", "one.pxt")[0] == 0
    assert (tmp_path / "one.pxt").read_bytes() == (tmp_path / "out" / f"{first.id.hex()}.pxt").read_bytes()
    assert cli("archive", "get", path, first.name, "-o", path, "--overwrite")[0] == 2
    code, out, _ = cli("archive", "get", path, "nowhere.jpg", first.name, "-o", "two", "--json")
    assert (code, [json.loads(line)["ok"] for line in out.splitlines()]) == (1, [False, True])

    code, _, err = cli("archive", "remove", path, first.name, "nowhere.jpg")
    assert (code, "no picture has the id or the name nowhere.jpg" in err) == (2, True)
    assert cli("archive", "remove", path, first.name, second.id.hex())[0] == 0
    assert len(cli("archive", "ls", path)[1].splitlines()) == len(wanted) - 2


def test_a_name_takes_one_line_of_a_list(path, cli):
    with store.create(path) as archive:
        archive.put([replace(archives.record(1), places=(Place("/a\nb", "c\nd/e\nf", 1),))])
    for options in ((), ("--paths",), ("--originals",)):
        code, out, _ = cli("archive", "ls", path, *options)
        assert (code, len(out.splitlines())) == (0, 1)


def test_a_name_that_two_pictures_have_names_neither(path, cli):
    twins = [
        Record(bytes([number]) * 16, archives.bare(number), (Place("", f"{number}/kite.jpg", 0),))
        for number in (1, 2)
    ]
    with store.create(path) as archive:
        archive.put(twins)
    code, _, err = cli("archive", "get", path, "kite.jpg", "-o", "k.pxt")
    assert (code, f"kite.jpg means 2 pictures: name one by its id, of {twins[0].id.hex()}" in err) == (
        2,
        True,
    )
    assert cli("archive", "get", path, "2/kite.jpg", "-o", "k.pxt")[0] == 0


def test_stats_and_compact_on_the_command_line(path, cli):
    wanted = archives.fill(path)
    before = json.loads(cli("archive", "stats", path, "--json")[1])
    payload = sum(len(each.stream) for each in wanted.values())
    named = sum(24 + len(each.places[0].path.encode()) for each in wanted.values())
    assert (before["records"], before["bytes"]) == (len(wanted), path.stat().st_size)
    assert (before["payload_bytes"], before["journal"] > 0) == (payload, True)
    overhead = (before["bytes"] - payload - named) / len(wanted)
    assert before["overhead_per_record"] == pytest.approx(overhead, abs=1e-3)
    assert cli("archive", "compact", path)[0] == 0
    after = json.loads(cli("archive", "stats", path, "--json")[1])
    assert (after["journal"], after["bytes"] < before["bytes"]) == (0, True)
    assert archives.contents(path) == wanted


def test_help_is_light():
    program = (
        "import sys\nfrom promptcodec.cli.root import run\nrun(['archive', 'ls', '-h'])\nprint(*sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert not {"numpy", "PIL", "zstandard", "cbor2"} & set(done.stdout.split())


def test_creating_on_the_command_line(cli, path):
    code, out, _ = cli("archive", "create", path, "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)
    code, out, _ = cli("archive", "create", path, "--json")
    assert (code, json.loads(out)["error"]["kind"]) == (2, "exists")
