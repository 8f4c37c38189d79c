"""``python -m eval archive``: what is measured of archives is of these archives, and others get the same."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")

from eval.commands import main
from eval.measure import archive_queries, archive_rivals, archive_scale, archive_search
from eval.measure.archive_mix import mixed
from eval.measure.archive_pack import Pack
from eval.measure.archive_scale import Assumed, Units
from promptcodec.archive import store
from promptcodec.archive.adding import durable
from promptcodec.archive.asking import parts
from promptcodec.archive.indexing import index
from promptcodec.archive.record import Place, Record
from promptcodec.cli.archive.engines import batch
from promptcodec.layers.signature import SIGNATURE_BYTES
from promptcodec.reading import inspect
from tests.drawings import drawing

PICTURES, REAL, ALL = 3, 7, 12
CAPTION = "A dog sleeps beside a red door."


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(PICTURES):
        drawing((64, 48), number).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def real(pictures, tmp_path_factory):
    """Make streams in two goes."""
    out = tmp_path_factory.mktemp("packs") / "real.db"
    for count in (2, REAL):
        assert main(["archive", "make", str(pictures), "-o", str(out), "--count", str(count)]) == 0
    return out


@pytest.fixture(scope="session")
def items(real):
    with Pack(real) as pack:
        own = list(pack.items())
    return [*own, *mixed(own, [CAPTION], ALL - REAL)]


def test_real_streams_are_whole_pictures_and_then_crops_of_them(items):
    own = items[:REAL]
    assert [item.path for item in own[:PICTURES]] == ["0.png", "1.png", "2.png"]
    assert [item.path for item in own[PICTURES:]] == [
        "0/crop-1.png", "1/crop-1.png", "2/crop-1.png", "0/crop-2.png",
    ]  # fmt: skip
    assert len({item.id for item in own}) == len({item.stream for item in own}) == REAL
    assert all(len(item.stream) <= 200 for item in own)
    assert all(len(item.signature) == SIGNATURE_BYTES for item in own)


def test_streams_are_the_same_each_time(pictures, real, tmp_path):
    again = tmp_path / "again.db"
    assert main(["archive", "make", str(pictures), "-o", str(again), "--count", str(REAL)]) == 0
    with Pack(real) as first, Pack(again) as second:
        assert list(first.items()) == list(second.items())


def test_synthetic_streams_are_read_and_have_real_parts(items):
    grids = {inspect(item.stream, bare=True)["text"].split("\n")[0] for item in items[:REAL]}
    for number, item in enumerate(items[REAL:]):
        text = inspect(item.stream, bare=True)["text"]
        assert text.split("\n")[0] in grids
        assert (CAPTION in text) == bool(number % 2)


@pytest.mark.parametrize("rival", archive_rivals.RIVALS, ids=lambda rival: rival.name)
def test_others_give_back_what_they_were_given(rival, items, tmp_path):
    if rival.name.startswith("Parquet"):
        pytest.importorskip("pyarrow")
    records = sorted(
        (Record(item.id, item.stream, (Place("", item.path, item.time),)) for item in items),
        key=lambda record: record.id,
    )
    path = tmp_path / "rival"
    rival.write(records, path)
    assert rival.size(path) > 0
    with rival.opened(path) as get:
        assert [get(record) for record in records] == [record.stream for record in records]


@pytest.fixture(scope="session")
def built(items, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    with Pack(folder / "full.db") as pack:
        for number, item in enumerate(items):
            pack.add(number, item)
        pack.keep()
    assert main(["archive", "build", str(folder / "full.db"), "-o", str(folder / "once.pxa")]) == 0
    command = ["archive", "build", str(folder / "full.db"), "-o", str(folder / "thrice.pxa"), "--times", "3"]
    assert main(command) == 0
    return folder


def rows_of(capsys, *words):
    capsys.readouterr()
    assert main(["archive", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_archive_stands_beside_others_with_the_same_records(built, items, capsys):
    rows = rows_of(capsys, "size", "--archive", built / "once.pxa", "--rivals", "tar", "zip, stored")
    assert [row["container"] for row in rows] == ["promptcodec archive", "zip, stored", "tar"]
    assert {row["records"] for row in rows} == {row["gets"] for row in rows} == {ALL}
    for row in rows:
        assert 0 < row["p50_ms"] <= row["p95_ms"] <= row["max_ms"]
        held = sum(len(item.stream) + len(item.path) + 8 + row["keeps_ids"] * 16 for item in items)
        assert row["bytes"] == held + round(row["over_per_record"] * ALL)


def test_copies_are_records_of_their_own(built, items):
    with store.open(built / "thrice.pxa") as archive:
        records = list(archive.records())
    assert len({record.id for record in records}) == len(records) == 3 * ALL
    assert {record.stream for record in records} == {item.stream for item in items}


def test_an_index_of_copies_is_that_of_real_records(built):
    """What is read once for all copies is what each would have been read as."""
    tables = ("doc", "place", "look", "said_data", "said_docsize", "named_data")

    def content(own):
        return [list(own.base.execute(f"SELECT * FROM {table}")) for table in tables]

    with store.open(built / "thrice.pxa") as archive:
        with index.open(archive) as own:
            quick = content(own)
        with index.rebuild(archive) as own:
            assert content(own) == quick


def test_searches_are_timed_in_processes_of_their_own(built, capsys, monkeypatch):
    monkeypatch.setenv("PYTHONSAFEPATH", "")  # the laboratory is in no wheel
    rows = rows_of(capsys, "search", "--archive", built / "once.pxa", "--kinds", "words", "like")
    assert [(row["kind"], row["searches"]) for row in rows] == [("words", 30), ("like", 20)]
    assert all(0 < row["p50_ms"] <= row["p95_ms"] <= row["max_ms"] for row in rows)
    assert len(rows[0]["each"]) == 30
    assert 1 <= rows[1]["results"] <= ALL


def test_sheets_show_what_was_found(built, items, pictures, tmp_path, capsys, monkeypatch):
    medium = inspect(items[0].stream, bare=True)["description"]["medium"]
    monkeypatch.setattr(archive_queries, "queries", lambda kind: {"sheet": [medium, "unheard"]}[kind])
    pack, archive = built / "some.db", tmp_path / "some.pxa"
    assert main(["archive", "make", str(pictures), "-o", str(pack), "--count", str(PICTURES)]) == 0
    assert main(["archive", "build", str(pack), "-o", str(archive)]) == 0
    shown = rows_of(capsys, "sheets", pictures, "--archive", archive, "-o", tmp_path / "sheet.png")
    assert set(shown) == {medium, "unheard"}
    assert shown["unheard"] == []
    assert "0.png" in shown[medium]
    assert (tmp_path / "sheet.png").exists()


def test_words_find_their_picture_in_an_archive_as_in_the_laboratory(data_folder, tmp_path, capsys):
    del data_folder
    rows = rows_of(capsys, "findability", "--limit", 1, "--budgets", 100, "--jobs", 1, "-o", tmp_path)
    assert [(row["source"], row["budget"]) for row in rows] == [
        (source, budget) for source in ("written-400", "written-200", "local") for budget in (None, 100)
    ]
    for row in rows:
        assert row["n"] == 2
        assert row["ranks_that_differ"] == 0
        assert row["archive_mrr"] == row["laboratory_mrr"]
        assert row["cut_off_results"] <= row["archive_results"]


def test_searches_are_as_many_as_the_page_says():
    counts = {kind: len(archive_queries.queries(kind)) for kind in archive_queries.KINDS}
    assert counts == {"words": 30, "word": 10, "colour": 6, "sheet": 20}
    assert all(len(query.split()) in (2, 3) for query in archive_queries.queries("words"))


def given(kind, table):
    """Read figures of a page's table."""
    cells = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    values = {row[1]: float(row[2].replace(",", "")) for row in cells[2:]}
    assert list(values) == [each.name for each in fields(kind)]
    return kind(**values)


def test_the_page_of_scale_says_what_its_figures_come_to():
    page = (Path(__file__).parent.parent / "docs" / "scale.md").read_text("utf-8")
    block = re.search(r"<!-- measured -->\n(.*)\n<!-- /measured -->", page, re.DOTALL)[1]
    measured, assumed = (
        given(kind, re.search(rf"^{name}:\n\n((?:\|.*\n)+)", block, re.MULTILINE)[1])
        for kind, name in ((Units, "Measured"), (Assumed, "Assumed"))
    )
    assert block == archive_scale.tables(measured, assumed)
    assert assumed == Assumed()


def test_scale_is_plain_arithmetic():
    units = Units(**{each.name: 1.0 for each in fields(Units)})
    units = replace(units, input_tokens=1000, output_tokens=500, dollars=0.01, line_bytes=40_000)
    assumed = Assumed(
        count=1e6, cores=10, questions=2, at_once=100, answer_seconds=3, tokens_a_minute=1e6,
        enqueued_tokens=9e8, batch_hours=24, upload=1e6, gpu_pictures=10, gpus=2,
    )  # fmt: skip
    rows = {row["figure"]: (row["value"], row["unit"]) for row in archive_scale.projection(units, assumed)}
    assert rows["archive"] == (0.001, "GB")
    assert rows["encode, embedded captioner"] == (1e6 / 10 / 3600, "h")
    assert rows["model, list price"] == (20_000, "dollars")
    assert rows["model, in batches"] == (10_000, "dollars")
    assert rows["model, by questions at once"] == (2e6 * 3 / 100 / 3600, "h")
    assert rows["model, by tokens a minute"] == (2e6 * 1500 / 1e6 / 60, "h")
    assert rows["lines of a batch's file"] == (5000, "lines")
    assert rows["batches"] == (400, "batches")
    assert rows["upload"] == (0.08, "TB")
    assert rows["queues of batches, one after another"] == (3, "queues")
    assert rows["model, in batches, in time"] == (72, "h")
    assert rows["model on own GPUs"] == (1e6 / 20 / 3600, "h")
    short = archive_scale.projection(replace(units, line_bytes=100), assumed)
    assert 50_000 in [row["value"] for row in short if row["unit"] == "lines"]


def test_scale_is_measured_of_the_pictures(pictures, capsys, monkeypatch):
    for needed in ("openai", "starlette", "uvicorn"):
        pytest.importorskip(needed, reason=f"needs the extras api and server: no {needed}")
    monkeypatch.setenv("PYTHONSAFEPATH", "")  # the laboratory is in no wheel
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(parts, "_FIRST_PAUSE", 0.02)
    for module in (durable, batch):
        monkeypatch.setattr(module, "SECONDS", 0.05)
    # The test before starts processes for them.
    monkeypatch.setattr(
        archive_search, "rows", lambda path, kinds: [archive_search._row(path, kind) for kind in kinds]
    )
    shown = rows_of(capsys, "scale", pictures, "--records", 30, "--count", 1000)
    measured = Units(**shown["measured"])
    assert (measured.pictures, measured.records, measured.hosted_requests) == (PICTURES, 30, 1)
    positive = asdict(measured) | {"words_ms": 1, "like_ms": 1}  # so few records say nothing of a slope
    assert all(value > 0 for value in positive.values())
    assert measured.stream_bytes <= 200
    assert measured.line_bytes > 5000
    assert shown["assumed"] == asdict(Assumed(count=1000))
    assert shown["projected"] == list(archive_scale.projection(measured, Assumed(count=1000)))


def test_scale_of_too_few_pictures_is_an_error(pictures, capsys):
    assert main(["archive", "scale", str(pictures), "--limit", "1"]) == 2
    assert "too few pictures" in capsys.readouterr().err
