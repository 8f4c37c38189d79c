"""Importing tables: what comes back of an export, and what is refused of tables of strangers."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.indexing import index
from promptcodec.archive.record import LATEST, Place, id_of
from promptcodec.archive.transfer import formats
from promptcodec.archive.transfer.entries import entry_of
from promptcodec.archive.transfer.texts import time_of, time_text
from promptcodec.bitstream import Part, Stream
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import PromptcodecError, UsageError
from promptcodec.layers import semantic
from promptcodec.layers.registry import PART_IDS
from tests import archive_kills, tables
from tests.tables import FORMS, RECORDS, SIGNATURE, archive_of, contents, entries_of, record, stream, table_of


@pytest.fixture
def run(cli, monkeypatch, tmp_path_factory):
    """Run a command of ``archive`` with --json; give exit code, JSON lines and errors."""
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path_factory.mktemp("cache")))

    def run(*args):
        code, out, err = cli("archive", *args, "--json")
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


@pytest.fixture
def take(run):
    """Import a table into the archive ``b.pxa``, which is made first."""
    store.create("b.pxa").close()
    return lambda *args: run("import", "b.pxa", *args)


def states(lines):
    return [line["state"] for line in lines]


def row(number=1, **other):
    """Give a row as JSON has it, which is good where nothing else is asked for."""
    data = base64.b64encode(stream(f"Number {number}.")).decode()
    return {"id": id_of(b"%d" % number).hex(), "stream": data, "path": f"{number}.jpg"} | other


def lines_of(*rows):
    return b"".join(json.dumps(each).encode() + b"\n" for each in rows)


@pytest.mark.parametrize("form", FORMS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(given_records=st.lists(RECORDS, max_size=4), compressed=st.booleans())
def test_what_goes_out_whole_comes_back_whole(form, given_records, compressed):
    compressed = compressed and form in formats.STREAMED
    table = table_of(given_records, form, signature=SIGNATURE, compressed=compressed)
    back = entries_of(table, form, compressed=compressed)
    assert [each.record for each in back] == given_records
    assert all(each.signature == SIGNATURE for each in back)


@given(st.integers(-LATEST, LATEST))
def test_every_time_is_written_and_read(moment):
    assert time_of(time_text(moment)) == moment


def test_times_of_others_are_read():
    assert time_text(-1) == "1969-12-31T23:59:59.999Z"
    assert time_text(-LATEST).startswith("-002490-")
    assert time_of("1970-01-02 02:00:00+02:00") == time_of("1970-01-02") == 86_400_000
    for text in ("", "yesterday", "2024-13-01", "+999999999-01-01", "NaT"):
        with pytest.raises(UsageError, match="no time"):
            time_of(text)


@pytest.mark.parametrize("form", [*FORMS, "csv.gz", "jsonl.gz"])
def test_an_archive_comes_back_with_its_index(run, take, form):
    given_records = [
        replace(
            record(number, [None, tables.SETTINGS, tables.PRIVATE][number % 3], root="/home/x"), tags=("=a",)
        )
        for number in range(40)
    ]
    kept = archive_of("a.pxa", given_records)
    with store.open("a.pxa") as archive:
        index.update(archive, {given_records[0].id: SIGNATURE})
    assert run("export", "a.pxa", "-o", f"t.{form}", "--with-private")[0] == 0
    code, lines, err = take(f"t.{form}")
    assert (code, states(lines)) == (0, ["added"] * 40)
    assert "40 rows: 40 added" in err
    assert lines[0].keys() == {"file", "row", "ok", "state", "id", "bytes", "width", "height"}
    assert contents("b.pxa") == kept
    with store.open("b.pxa") as archive:
        known = index.known_signatures(archive)
        assert [known(each.id) for each in given_records[:2]] == [SIGNATURE, None]
    assert run("search", "b.pxa", "number", "7")[1]
    assert states(take(f"t.{form}")[1]) == ["known"] * 40


def test_a_lost_signature_comes_back(run, take):
    Path("t.jsonl").write_bytes(table_of([record(1)], "jsonl", signature=SIGNATURE))
    take("t.jsonl")
    Path("b.pxa.index").unlink()
    assert states(take("t.jsonl")[1]) == ["known"]
    with store.open("b.pxa") as archive:
        assert index.known_signatures(archive)(record(1).id) == SIGNATURE


def test_without_private_it_comes_back_but_for_that(run, take):
    archive_of("a.pxa", [record(1, tables.PRIVATE, root="/home/jane.doe", tags=["x"]), record(2, root="/")])
    run("export", "a.pxa", "-o", "t.parquet")
    take("t.parquet")
    back = contents("b.pxa")
    assert back[record(1).id].places == (replace(record(1).places[0], root=""),)
    assert back[record(1).id].tags == ("x",)
    assert back[record(2).id].places == (
        Place("", "2.jpg", record(2).places[0].time),
    )  # the root is the whole disk
    assert back[record(2).id].stream == record(2).stream


def test_places_and_tags_are_merged_and_the_stream_stays(take):
    there = replace(record(1, root="/gone"), tags=("old",))
    with store.open("b.pxa", write=True) as archive:
        archive.put([there])
    places = (Place("/elsewhere", "x.jpg", 5), replace(there.places[0], root="", time=9))
    Path("t.jsonl").write_bytes(
        table_of([replace(there, places=places, tags=("new", "old"), stream=stream("Another."))], "jsonl")
    )
    code, (line,), err = take("t.jsonl")
    assert (code, line["state"], line["stream"]) == (0, "duplicate", "another")
    assert "another stream of 1 of them, which stays" in err
    (kept,) = contents("b.pxa").values()
    assert kept.stream == there.stream
    assert kept.places == (there.places[0], places[0])  # the mere name is the file that is known
    assert kept.tags == ("old", "new")


def test_duplicates_in_one_table_are_one_picture(take):
    twice = [replace(record(1), places=(Place("", name, 1),)) for name in ("a.jpg", "b.jpg", "a.jpg")]
    Path("t.csv").write_bytes(table_of(twice, "csv"))
    assert states(take("t.csv")[1]) == ["added", "duplicate", "known"]
    (kept,) = contents("b.pxa").values()
    assert [place.path for place in kept.places] == ["a.jpg", "b.jpg"]


def test_rows_need_no_more_than_id_and_stream(take):
    Path("t.jsonl").write_bytes(lines_of({"id": row()["id"], "stream": row()["stream"], "other": [1]}))
    assert take("t.jsonl")[0] == 0
    (kept,) = contents("b.pxa").values()
    assert kept.places == (Place("", row()["id"], 0),)


BAD = {
    "no id": {"id": None},
    "a number for an id": {"id": 5},
    "a short id": {"id": "ab" * 15},
    "a long id": {"id": "ab" * 17},
    "capitals": {"id": "AB" * 16},
    "no stream": {"stream": None},
    "an empty stream": {"stream": ""},
    "no base64": {"stream": "?"},
    "rubbish": {"stream": base64.b64encode(bytes(9)).decode()},
    "a number for a stream": {"stream": 7},
    "a signature that is too short": {"signature": "AAAA"},
    "no path": {"path": 7},
    "a null character": {"path": "a\0b"},
    "another spelling of it": {"path": "bytes:a%00b"},
    "a path that leads away": {"path": "a/../../b"},
    "another spelling of that": {"path": "bytes:%2e%2e/b"},
    "an absolute path": {"path": "/etc/passwd"},
    "half a pair": {"path": "\ud83d"},
    "a path without an end": {"path": "x" * 100_000},
    "a folder that is none": {"root": "photos"},
    "a number for a folder": {"root": 3},
    "a time without an end": {"time": 10**30},
    "a time that is too late": {"time": LATEST + 1},
    "a time that is none": {"time": "soon"},
    "a broken number for a time": {"time": 1.5},
    "yes for a time": {"time": True},
    "a time in a list": {"places": [{"path": "a", "time": [1]}]},
    "places that are no list": {"places": {"path": "a"}},
    "a place that is none": {"places": ["a"]},
    "a place without a path": {"places": [{"root": "/x"}]},
    "tags that are no list": {"tags": "kite"},
    "a tag that is none": {"tags": [1]},
    "half a pair in a tag": {"tags": ["\udc00"]},
    "a tag without an end": {"tags": ["x" * 5000]},
    "too many tags": {"tags": [str(number) for number in range(5000)]},
}


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_bad_row_fails_alone(take, form):
    bad = [row(number) | other for number, other in enumerate(BAD.values(), 10)]
    if form == "jsonl":
        Path("t.jsonl").write_bytes(lines_of(row(1), *bad, row(2)))
    else:
        import csv

        bad = [
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in each.items()}
            for each in bad
        ]
        with Path("t.csv").open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
            names = ("id", "stream", "path", "root", "time", "places", "tags", "signature")
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows([row(1), *bad, row(2)])
    code, lines, err = take(f"t.{form}")
    assert code == 1
    failed = [line["row"] for line in lines if line["state"] == "failed"]
    there = {line["row"]: name for line, name in zip(lines[1:-1], BAD, strict=True)}
    # What a text says as a number or a null is a text, in CSV.
    assert {there[number] for number in there.keys() - set(failed)} <= {
        "no path",
        "a number for a folder",
    } - ({"no path", "a number for a folder"} if form == "jsonl" else set())
    assert states(lines)[0] == states(lines)[-1] == "added"
    assert f"t.{form}, row 2: " in err
    assert {row(1)["id"], row(2)["id"]} <= {id_.hex() for id_ in contents("b.pxa")}


def test_rows_that_are_no_rows_fail_alone(take):
    deep = b"[" * 100_000
    parts = (lines_of(row(1)), b"{", b"\n", b"[]\n\n", b'{"id": NaN}\n', deep, b"\n\xff\n", lines_of(row(2)))
    Path("t.jsonl").write_bytes(b"".join(parts))
    code, lines, _ = take("t.jsonl")
    assert (code, states(lines)) == (1, ["added", *["failed"] * 5, "added"])
    head = b"id,stream,path\r\n"
    good = [f"{each['id']},{each['stream']},{each['path']}\r\n".encode() for each in (row(3), row(4))]
    Path("t.csv").write_bytes(b"\xef\xbb\xbf" + head + good[0] + b'a,b\r\n"x"y,b,c\r\n\xff,b,c\r\n' + good[1])
    code, lines, _ = take("t.csv")
    assert (code, states(lines)) == (1, ["added", "failed", "failed", "failed", "added"])


def test_a_line_without_an_end_is_not_read_into_memory(take, monkeypatch):
    monkeypatch.setattr("promptcodec.archive.transfer.jsonl.MOST_LINE", 1000)
    monkeypatch.setattr("promptcodec.archive.transfer.csv_file.MOST_LINE", 1000)
    Path("t.jsonl").write_bytes(lines_of(row(1)) + b"x" * 3000 + b"\n" + lines_of(row(2)))
    assert states(take("t.jsonl")[1]) == ["added", "failed", "added"]
    Path("t.csv").write_bytes(b"id,stream\r\n" + b"x" * 3000)
    _code, (line,), _ = take("t.csv")
    assert "a line of more than 1000" in line["error"]["message"]


def test_columns_that_are_needed_are_named(take):
    parquet.write_table(pa.table({"id": ["a"], "words": ["b"]}), "t.parquet")
    Path("t.csv").write_text("name,time\n1,2\n")
    Path("t.jsonl").write_text('{"id": "a"}\n')
    for name, missing in (
        ("t.parquet", "stream"),
        ("t.csv", "id and no column stream"),
        ("t.jsonl", "stream"),
    ):
        code, (line,), _ = take(name)
        assert code == 2
        assert f"no column {missing}" in line["error"]["message"]


def test_tables_that_are_none_are_refused(take):
    whole = table_of([record(number) for number in range(100)], "parquet")
    packed = gzip.compress(lines_of(row(1), row(2)))
    files = {
        "cut.parquet": whole[: len(whole) // 2],
        "torn.parquet": whole[:200] + bytes(300) + whole[500:],
        "empty.parquet": b"",
        "empty.csv": b"",
        "rubbish.parquet": b"PAR1" + bytes(1000) + b"PAR1",
        "cut.jsonl.gz": packed[:-5],
        "rubbish.csv.gz": b"rubbish",
    }
    for name, data in files.items():
        Path(name).write_bytes(data)
        code, lines, err = take(name)
        assert code in (1, 2), name
        assert lines[-1]["state"] == "failed"
        assert name in err
    assert take("t.txt")[0] == take("missing.csv")[0] == 2
    code, lines, _ = take(*files, "missing.parquet") if Path("missing.parquet").exists() else take(*files)
    assert code == 1


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(FORMS))
def test_no_damage_to_a_table_is_unexpected(seed, form):
    table, rng = bytearray(table_of([record(1), record(2, tables.SETTINGS)], form)), random.Random(seed)
    for _ in range(rng.randrange(1, 8)):
        table[rng.randrange(len(table))] = rng.randrange(256)
    try:
        for _, each in formats.read(io.BytesIO(bytes(table)), form):
            if isinstance(each, dict):
                tables.entry_of(each)
    except PromptcodecError:
        pass


def test_types_of_other_tables_are_read_or_refused(take):
    import datetime as dt

    moment = dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC)
    base = {"id": [row(1)["id"]], "stream": [stream("Number 1.")]}
    for kind in (pa.timestamp("ns"), pa.timestamp("us", "Europe/Berlin"), pa.timestamp("s")):
        parquet.write_table(pa.table(base | {"time": pa.array([moment], kind)}), "t.parquet")
        assert take("t.parquet")[0] == 0
        (kept,) = contents("b.pxa").values()
        assert kept.places[0].time == 1_714_979_289_000
    parquet.write_table(pa.table(base | {"time": [1.5]}), "t.parquet")
    assert take("t.parquet")[0] == 2
    parquet.write_table(pa.table(base | {"places": [[{"path": "x.jpg", "time": moment}]]}), "t.parquet")
    assert take("t.parquet")[0] == 0
    for other in ({"places": [[{"path": 7}]]}, {"places": [{"path": "x.jpg"}]}, {"tags": [{"a": "b"}]}):
        parquet.write_table(pa.table(base | other), "t.parquet")
        assert take("t.parquet")[0] == 2
    renamed = [[{"path": "x.jpg", "time": moment, "more": 1}]]
    parquet.write_table(pa.table(base | {"places": renamed}), "t.parquet")
    assert take("t.parquet")[0] == 0


def test_what_stands_once_for_many_rows_is_not_copied(tmp_path):
    """A Parquet file of some kilobytes whose 500 rows have the same 8 MB."""
    stream_ = pa.DictionaryArray.from_arrays(pa.array([0] * 500, pa.int32()), pa.array([bytes(8 << 20)]))
    table = pa.table(
        {"id": ["ab" * 16] * 500, "stream": stream_.cast(pa.dictionary(pa.int32(), pa.binary()))}
    )
    parquet.write_table(table, tmp_path / "t.parquet", compression="zstd", row_group_size=500)
    assert (tmp_path / "t.parquet").stat().st_size < 100_000
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "from promptcodec.archive.transfer import formats\n"
        "print(sum(1 for _ in formats.read(open(sys.argv[1], 'rb'), 'parquet')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "t.parquet"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "500\n", done.stderr


def test_groups_that_would_not_fit_are_refused(take, monkeypatch):
    monkeypatch.setattr("promptcodec.archive.transfer.parquet.MOST_BYTES", 1000)
    parquet.write_table(pa.table({"id": ["a"], "stream": [os.urandom(5000)]}), "t.parquet")
    code, (line,), _ = take("t.parquet")
    assert code == 2
    assert "write smaller groups" in line["error"]["message"]


def test_a_list_of_millions_is_not_looked_at(take):
    tags = pa.array([[""] * 3_000_000, ["x"]])
    data = [stream("Number 1."), stream("Number 2.")]
    parquet.write_table(
        pa.table({"id": [row(1)["id"], row(2)["id"]], "stream": data, "tags": tags}), "t.parquet"
    )
    code, lines, _ = take("t.parquet")
    assert (code, states(lines)) == (1, ["failed", "added"])
    assert "a list of 3000000 items" in lines[0]["error"]["message"]


def test_streams_are_checked(take):
    good = bitstream.read(stream(), bare=True)
    newer = bitstream.write(Stream(9, 9, (*good.parts, Part(50, b"later", critical=True))), bare=True)
    damaged = bitstream.write(Stream(9, 9, (Part(PART_IDS["semantic"], b"\x00" * 9),)), bare=True)
    adapted = bitstream.write(Stream(9, 9, (Part(PART_IDS["semantic"], bytes([48]) + b"x" * 9),)), bare=True)
    streams = [newer, damaged, adapted, bitstream.write(good), stream()]
    rows = [row(number, stream=base64.b64encode(each).decode()) for number, each in enumerate(streams)]
    Path("t.jsonl").write_bytes(lines_of(*rows))
    code, lines, _ = take("t.jsonl")
    assert (code, states(lines)) == (1, ["added", "failed", "failed", "failed", "added"])
    assert contents("b.pxa")[id_of(b"0")].stream == newer


def test_tables_of_encoded_pictures_are_read(take):
    table = {
        "id": [row(1)["id"], None, row(2)["id"]],
        "stream": [stream("Number 1."), None, stream("Number 2.")],
        "signature": [SIGNATURE, None, None],
        "width": [640, None, 640],
        "seconds": [0.5, 0.1, 0.4],
        "unread": [False, None, True],
        "warnings": [["one"], [], []],
        "cost": [0.0, 0.0, 0.0],
        "error_kind": [None, "image", None],
        "error_message": [None, "it is no picture\x1b[31m", None],
        "error_hint": [None, "", None],
        "path": ["a/1.jpg", "a/2.jpg", None],
    }
    parquet.write_table(pa.table(table), "t.parquet")
    code, lines, err = take("t.parquet")
    assert (code, states(lines)) == (1, ["added", "failed", "added"])
    assert lines[1]["error"]["kind"] == "image"
    assert "it is no picture" in err
    assert "\x1b" not in err
    assert "3 rows: 2 added, 1 failed" in err
    assert {each.places[0].path for each in contents("b.pxa").values()} == {"a/1.jpg", row(2)["id"]}


def test_dictionaries_come_along(run, take):
    own = Dictionary.from_bytes((b"a red kite over the beach, " * 80)[:2000])
    words = semantic.encode(
        tables.semantic.decode(bitstream.read(stream(), bare=True).parts[0].payload),
        coder="zstd",
        dictionary=own,
    )
    data = bitstream.write(Stream(9, 9, (Part(PART_IDS["semantic"], words),)), bare=True)
    archive_of("a.pxa", [replace(record(1), stream=data)])
    with store.open("a.pxa", write=True) as archive:
        archive.put_dictionaries([own, Dictionary.from_bytes(b"another that no stream needs" * 50)])
    code, (line,), _ = run("export", "a.pxa", "-o", "t.parquet")
    assert line["dictionaries"] == [f"t.parquet.{own.id.hex()}"]
    assert Path(line["dictionaries"][0]).read_bytes() == own.data
    assert parquet.read_table("t.parquet")["dictionary"].to_pylist() == [own.id.hex()]
    assert parquet.read_table("t.parquet")["summary"].to_pylist() == ["A red kite."]
    beside = Path(line["dictionaries"][0]).rename("kept")
    code, (line,), _ = take("t.parquet")
    assert (code, line["error"]["kind"]) == (4, "missing-dictionary")
    Path(f"t.parquet.{own.id.hex()}").write_bytes(b"another")
    assert take("t.parquet")[0] == 4
    code, lines, _ = take("t.parquet", "--dictionary", "kept")
    assert states(lines) == ["added"]
    with store.open("b.pxa") as archive:
        assert [each.data for each in archive.dictionaries()] == [own.data]
    beside.rename(f"t.parquet.{own.id.hex()}")
    store.create("c.pxa").close()
    assert states(run("import", "c.pxa", "t.parquet")[1]) == ["added"]


def test_patterns_folders_and_standard_input(take, monkeypatch):
    Path("in").mkdir()
    for number in range(3):
        Path(f"in/{number}.jsonl").write_bytes(lines_of(row(number)))
    assert states(take("in/*.jsonl")[1]) == ["added"] * 3
    assert states(take("in")[1]) == ["known"] * 3
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines_of(row(7)))))
    assert states(take("-", "--format", "jsonl")[1]) == ["added"]
    assert take("-")[0] == 2
    assert take("in", "--format", "jsonl")[0] == 2


def test_files_that_are_added_later_are_looked_at_again(take):
    """Names of a table came from nobody knows where: a file of the same name and time may be another."""
    Path("t.jsonl").write_bytes(lines_of(row(1)))
    take("t.jsonl")
    with store.open("b.pxa") as archive:
        from promptcodec.archive.adding.earlier import is_only_base

        assert not is_only_base(archive, "/anywhere")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_no_acknowledged_row_is_lost(tmp_path):
    records = [record(number) for number in range(900)]
    (tmp_path / "t.parquet").write_bytes(table_of(records, "parquet", signature=SIGNATURE))
    store.create(tmp_path / "a.pxa").close()
    command = [sys.executable, "-c", archive_kills.MAIN, "archive", "import"]
    command += [str(tmp_path / "a.pxa"), str(tmp_path / "t.parquet"), "--json"]
    rng, added = random.Random(1), []
    for turn in range(3):
        out = tmp_path / f"out-{turn}"
        with out.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE) as run:
            while not out.stat().st_size and run.poll() is None:
                time.sleep(0.005)
            time.sleep(rng.random() * 0.2)
            run.send_signal([signal.SIGKILL, signal.SIGTERM, signal.SIGKILL][turn])
            run.communicate()
        added += [line["id"] for line in archive_kills.acknowledged(out) if line["state"] == "added"]
        assert set(added) <= {id_.hex() for id_ in contents(tmp_path / "a.pxa")}
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert contents(tmp_path / "a.pxa") == {each.id: each for each in records}
    assert len(added) == len(set(added))
    with store.open(tmp_path / "a.pxa") as archive:
        known = index.known_signatures(archive)
        assert all(known(each.id) == SIGNATURE for each in records)


def test_parquet_with_other_lists_and_times_is_read():
    """Polars writes large lists; who builds a table by hand may leave out a field, or change their order."""
    own, stream_ = 1_700_000_000_123, record(1).stream
    for unit, zone in (("us", None), ("ns", "Europe/Berlin")):
        place = pa.struct([("time", pa.timestamp(unit, zone)), ("path", pa.large_string())])
        for kind in (pa.large_list(place), pa.list_(place), pa.list_(place, 1)):
            moment = pa.scalar(own, pa.timestamp("ms", "UTC")).as_py()
            places = pa.array([[{"time": moment, "path": "a.jpg"}]], kind)
            file = io.BytesIO()
            parquet.write_table(pa.table({"places": places, "id": ["0" * 32], "stream": [stream_]}), file)
            file.seek(0)
            ((_, row),) = formats.read(file, "parquet")
            assert entry_of(row).record.places == (Place("", "a.jpg", own),)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("time", ["1700000000123", "1700000000123.0"])
def test_times_may_be_milliseconds(form, time):
    """Where some are missing, pandas writes whole numbers as others."""
    data = base64.b64encode(record(1).stream).decode()
    table = {
        "jsonl": f'{{"id": "{"0" * 32}", "path": "a.jpg", "time": {time}, "stream": "{data}"}}',
        "csv": f"id,path,time,stream\n{'0' * 32},a.jpg,{time},{data}\n",
    }[form]
    ((_, row),) = formats.read(io.BytesIO(table.encode()), form)
    assert entry_of(row).record.places == (Place("", "a.jpg", 1_700_000_000_123),)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_csv_with_other_separators_is_named(separator):
    with pytest.raises(UsageError, match="not separated by commas"):
        list(formats.read(io.BytesIO(separator.join(("id", "stream")).encode()), "csv"))


def test_a_path_has_4096_characters_at_most():
    row = {"id": "0" * 32, "stream": record(1).stream}
    assert entry_of(row | {"path": "x" * 4096}).record.name == "x" * 4096
    with pytest.raises(UsageError, match="more than 4096 characters"):
        entry_of(row | {"path": "x" * 4097})
