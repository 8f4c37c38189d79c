"""Exporting tables: what others read in them, what is left out, and that they are whole or not there."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from PIL import Image
from pyarrow import parquet

from promptcodec import bitstream, encode
from promptcodec.archive import store
from promptcodec.archive.record import Place
from promptcodec.archive.transfer import formats, private
from promptcodec.archive.transfer.columns import NAMES
from promptcodec.bitstream import Part, Stream
from promptcodec.cli.archive import export_table
from promptcodec.description import parse_text
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers.registry import PART_IDS
from promptcodec.reading import inspect
from tests import archive_kills, archives, tables
from tests.tables import FORMS, SECRETS, archive_of, contents, record, stream, table_of


@pytest.fixture
def run(cli, monkeypatch, tmp_path_factory):
    """Run a command of ``archive`` with --json; give exit code, JSON lines and errors."""
    monkeypatch.setenv("PROMPTCODEC_CACHE", str(tmp_path_factory.mktemp("cache")))

    def run(*args):
        code, out, err = cli("archive", *args, "--json")
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


def mixed():
    """Give records of three kinds: words alone, a recipe, a recipe that says who its owner is."""
    texts = (None, tables.SETTINGS, tables.PRIVATE)
    roots = ("", "/home/jane.doe/Eve's laptop")
    return [record(number, texts[number % 3], root=roots[number % 2], tags=["=1+2"]) for number in range(12)]


def rows_of(name):
    """Read a table as an import does."""
    form, compressed = formats.format_of(name)
    with Path(name).open("rb") as file:
        return [row for _, row in formats.read(file, form, compressed=compressed)]


def whole_text(name):
    """Give all that a table says, streams decoded too."""
    if name.endswith(".parquet"):
        text = str(parquet.read_table(name).to_pylist()) + str(parquet.read_schema(name).metadata)
    else:
        text = Path(name).read_text("utf-8")
    for row in rows_of(name):
        for part in bitstream.read(row["stream"], bare=True).parts:
            if part.type == PART_IDS["recipe"]:
                recipe = recipe_layer.decode(part.payload)
                text += str(recipe) + "".join(chunk.data.decode("latin-1") for chunk in recipe.chunks)
        text += str(inspect(row["stream"], bare=True))
    return text


@pytest.mark.parametrize("form", [*FORMS, "jsonl.gz"])
def test_what_is_private_stays_out(run, form):
    archive_of("a.pxa", mixed())
    out = f"t.{form}"
    code, (line,), err = run("export", "a.pxa", "-o", out)
    assert (code, line["records"], line["redacted"], line["left_out"]) == (0, 12, 4, 0)
    assert "left out: the folders of 6, what is private in the words of 4; --with-private" in err
    if form != "jsonl.gz":
        text = whole_text(out)
        assert not [secret for secret in (*SECRETS, "/home", "C:\\", "Users") if secret in text]
        assert "a kite over a beach" in text
    by_id = {each.id.hex(): each for each in mixed()}
    for row in rows_of(out):
        own = bitstream.read(by_id[row["id"]].stream, bare=True)
        parts = bitstream.read(row["stream"], bare=True).parts
        assert [part for part in parts if part.type != PART_IDS["recipe"]] == [
            part for part in own.parts if part.type != PART_IDS["recipe"]
        ]
        assert len(parts) == len(own.parts)
        assert (parts == own.parts) == ("jane" not in str(recipe_of(own)))


PROMPT = "a red kite, api_key=sk-proj-Zq8xW2rT9bLm4KfVnYc7 of jane@doe.example in C:\\Users\\jane.doe\\a.png"


@pytest.mark.parametrize("with_map", [False, True], ids=["alone", "beside a colour map"])
@pytest.mark.parametrize("form", FORMS)
def test_a_prompt_that_became_the_summary_is_public_too(run, form, with_map):
    """The local captioner takes the file's prompt for a caption, also where the recipe itself has no room."""
    own = replace(record(1), stream=words_of(PROMPT, with_map=with_map))
    archive_of("a.pxa", [own, record(2)])
    code, (line,), err = run("export", "a.pxa", "-o", f"t.{form}")
    assert (code, line["redacted"]) == (0, 1)
    assert "what is private in the words of 1;" in err
    assert not [word for word in ("sk-proj", "jane", "Users") if word in whole_text(f"t.{form}")]
    row, other = sorted(rows_of(f"t.{form}"), key=lambda row: row["id"] != own.id.hex())
    assert other["stream"] == record(2).stream
    shown, kept = (inspect(data, bare=True)["description"] for data in (row["stream"], own.stream))
    assert shown["summary"].startswith("a red kite, ****")
    assert shown == kept | {"summary": shown["summary"]}


def words_of(summary, *, with_map):
    """Give a stream whose words have this summary."""
    if not with_map:
        return stream(summary)
    pixels = Image.linear_gradient("L").resize((96, 64)).convert("RGB")
    words = parse_text(f"photo 1x2\nsummary: {summary}\nr1c1 blue: sky\nr1c2 beige: sand")
    return encode(pixels, description=words, effort=1, bare=True)


def recipe_of(stream_):
    parts = [part for part in stream_.parts if part.type == PART_IDS["recipe"]]
    return recipe_layer.decode(parts[0].payload) if parts else None


@pytest.mark.parametrize("form", FORMS)
def test_with_private_nothing_stays_out(run, form):
    kept = archive_of("a.pxa", mixed())
    code, (line,), err = run("export", "a.pxa", "-o", f"t.{form}", "--with-private")
    assert (code, line["redacted"], err) == (0, 0, "")
    text = whole_text(f"t.{form}")
    assert all(secret in text for secret in SECRETS)
    assert {row["id"]: row["stream"] for row in rows_of(f"t.{form}")} == {
        id_.hex(): each.stream for id_, each in kept.items()
    }


def test_places_are_mere_names():
    places = (
        Place("/home/x", "a/b.jpg", 1),
        Place("/mnt", "a/b.jpg", 1),
        Place("/", "home/jane.doe/c.jpg", 1),
        Place("", "home/jane.doe/pictures/d.jpg", 1),
        Place("", "2024/e.jpg", 1),
    )
    shown, recipe = private.public(replace(record(1), places=places), ())
    assert recipe == private.KEPT
    assert [place.path for place in shown.places] == ["a/b.jpg", "c.jpg", "d.jpg", "2024/e.jpg"]
    assert {place.root for place in shown.places} == {""}


def test_a_recipe_that_cannot_be_read_stays_out(run):
    """Nobody can tell what is private in it."""
    good = bitstream.read(stream(), bare=True)
    broken = Part(PART_IDS["recipe"], b"\x07jane.doe in a form of a later version")
    both = bitstream.write(replace(good, parts=(*good.parts, broken)), bare=True)
    alone = bitstream.write(Stream(9, 9, (broken,)), bare=True)
    archive_of("a.pxa", [replace(record(1), stream=both), replace(record(2), stream=alone)])
    code, lines, err = run("export", "a.pxa", "-o", "t.jsonl")
    assert code == 1
    assert (lines[-1]["records"], lines[-1]["left_out"], lines[-1]["damaged"]) == (1, 1, 1)
    assert "1 recipes that cannot be read" in err
    assert record(2).id.hex() in lines[0]["file"]
    assert [row["stream"] for row in rows_of("t.jsonl")] == [stream()]
    code, lines, _ = run("export", "a.pxa", "-o", "all.jsonl", "--with-private")
    assert (code, lines[-1]["records"], lines[-1]["newer"]) == (0, 2, 2)


def test_what_a_newer_version_reads_is_exported(run):
    newer = Part(50, b"later", critical=True)
    archive_of("a.pxa", [record(1, None, newer), record(2)])
    code, (line,), err = run("export", "a.pxa", "-o", "t.parquet")
    assert (code, line["newer"]) == (0, 1)
    assert "1 pictures have parts that only a newer version reads" in err
    table = {row["id"]: row for row in parquet.read_table("t.parquet").to_pylist()}
    assert table[record(1).id.hex()]["description"] is None
    assert table[record(1).id.hex()]["stream"] == record(1, None, newer).stream


def test_damage_is_listed(run):
    records = [record(number) for number in range(30)]
    damaged = bitstream.write(Stream(9, 9, (Part(PART_IDS["semantic"], bytes(9)),)), bare=True)
    archive_of(
        "a.pxa", [*records, replace(record(40), stream=damaged), replace(record(41), stream=b"\xff" * 9)]
    )
    data = Path("a.pxa").read_bytes()
    at = data.index(records[7].stream)
    Path("a.pxa").write_bytes(data[:at] + b"?" + data[at + 1 :])
    code, lines, err = run("export", "a.pxa", "-o", "t.jsonl")
    assert code == 1
    assert lines[-1]["records"] == 30
    files = [line["file"] for line in lines if not line["ok"]]
    assert {f"a.pxa: {record(40).id.hex()}", f"a.pxa: {record(41).id.hex()}"} <= set(files)
    assert len(files) == 3
    assert "archive verify" in err
    ids = {row["id"] for row in rows_of("t.jsonl")}
    assert ids == {each.id.hex() for each in records} - {records[7].id.hex()} | {record(40).id.hex()}
    code, lines, _ = run("export", "a.pxa", "-o", "all.jsonl", "--with-private")
    assert (code, lines[-1]["records"]) == (1, 31)


def test_what_is_exported(run, cli):
    archive_of("a.pxa", [record(number, tables.SETTINGS if number < 3 else None) for number in range(9)])
    for args, count in (
        (["3.jpg", record(4).id.hex()[:8]], 2),
        (["--query", "model:dream"], 3),
        (["--query", "kite", "--limit", "2"], 2),
        (["--query", "kite"], 9),
    ):
        code, (line,), _ = run("export", "a.pxa", *args, "-o", "t.csv", "--overwrite")
        assert (code, line["records"]) == (0, count)
    code, (line,), err = run("export", "a.pxa", "--query", "submarine", "-o", "t.csv", "--overwrite")
    assert (code, line["records"]) == (0, 0)
    assert "no picture matches" in err
    assert run("export", "a.pxa", "10.jpg", "-o", "u.csv")[0] == 2
    assert not Path("u.csv").exists()
    for args in (["3.jpg", "--query", "x"], ["--limit", "3"], ["--format", "csv"]):
        assert run("export", "a.pxa", *args, "-o", "u.csv")[0] == 2
    assert run("export", "a.pxa", "-o", "u.txt")[0] == run("export", "a.pxa", "-o", "-")[0] == 2
    assert run("export", "a.pxa", "-o", "a.pxa", "--overwrite")[0] == 2
    code, out, _ = cli("archive", "export", "a.pxa", "-o", "-", "--format", "jsonl")
    assert (code, len(out.splitlines())) == (0, 9)


def test_a_table_replaces_only_what_it_may(run):
    archive_of("a.pxa", [record(1)])
    Path("t.csv").write_text("mine")
    code, (line,), _ = run("export", "a.pxa", "-o", "t.csv")
    assert (code, line["error"]["kind"]) == (2, "exists")
    assert Path("t.csv").read_text() == "mine"
    assert run("export", "a.pxa", "-o", "t.csv", "--overwrite")[0] == 0
    assert {path.name for path in Path().iterdir()} == {"a.pxa", "t.csv"}


def test_without_pyarrow_the_way_out_is_named(run, monkeypatch):
    archive_of("a.pxa", [record(1)])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, (line,), _ = run("export", "a.pxa", "-o", "t.parquet")
    assert code == 4
    assert "promptcodec[archive]" in line["error"]["message"]
    assert run("export", "a.pxa", "-o", "t.csv")[0] == 0
    assert {path.name for path in Path().iterdir()} == {"a.pxa", "t.csv"}


def test_no_field_is_a_formula(tmp_path):
    texts = ["=1+2", "+1", "-1", "@x", "\tx", "'x", '"x', "a,b\r\nc"]
    records = [
        replace(
            record(number), places=(Place("", text, number),), tags=(text,), stream=stream(text[:3].strip())
        )
        for number, text in enumerate(texts)
    ]
    table = table_of(records, "csv").decode()
    read = list(csv.DictReader(io.StringIO(table, newline="")))
    for row, text in zip(read, texts, strict=True):
        assert not any(field.startswith(("=", "+", "-", "@", "\t", "\r")) for field in row.values())
        assert row["path"].removeprefix("'") == text.removeprefix("'") or text == "'x"
        assert json.loads(row["tags"]) == [text]
    assert read[5]["path"] == "''x"
    assert table.endswith("\r\n")


def check_words(frame):
    """Look at a table as those who search it do."""
    assert list(frame.columns) == list(NAMES)
    assert len(frame) == 12
    assert frame["summary"].str.contains("kite").all()
    assert set(frame["medium"]) == {"photo"}
    assert sorted(frame["seed"].dropna().unique()) == [12345]
    assert set(frame["model"].dropna()) == {"dream"}
    assert set(frame["prompt"].dropna()) == {"a kite over a beach"}
    assert set(frame["negative_prompt"].dropna()) == {"rain"}


@pytest.fixture
def exported(run):
    """Export an archive in all forms; give its records."""
    kept = archive_of("a.pxa", mixed())
    for form in FORMS:
        run("export", "a.pxa", "-o", f"t.{form}", "--with-private")
    return kept


def test_others_read_parquet(exported):
    frame = pd.read_parquet("t.parquet")
    check_words(frame)
    assert str(frame["time"].dtype) == "datetime64[ms, UTC]"
    assert all(inspect(data, bare=True)["text"].startswith("photo 1x2") for data in frame["stream"])
    query = "SELECT id, stream FROM 't.parquet' WHERE list_contains(keywords, 'kite') AND seed = 12345"
    hits = duckdb.sql(query).fetchall()
    assert len(hits) == 8
    assert all(exported[bytes.fromhex(id_)].stream == data for id_, data in hits)
    ((count, first),) = duckdb.sql(
        "SELECT count(*), min(time) FROM 't.parquet' WHERE year(time) = 2023"
    ).fetchall()
    assert (count, first.year) == (12, 2023)
    ((root, tag),) = duckdb.sql(
        "SELECT DISTINCT places[1].root, tags[1] FROM 't.parquet' WHERE root != ''"
    ).fetchall()
    assert (root, tag) == ("/home/jane.doe/Eve's laptop", "=1+2")


def test_others_read_csv_and_json_lines(exported):
    for frame in (pd.read_csv("t.csv"), pd.read_json("t.jsonl", lines=True)):
        check_words(frame)
        assert pd.to_datetime(frame["time"]).dt.year.eq(2023).all()
    for source in ("read_csv('t.csv')", "read_json('t.jsonl')"):
        query = f"SELECT id, from_base64(ltrim(stream, '''')) FROM {source} WHERE summary LIKE '%number 7.'"
        ((id_, data),) = duckdb.sql(query).fetchall()
        assert exported[bytes.fromhex(str(id_).replace("-", ""))].stream == data
    ((tag,),) = duckdb.sql("SELECT DISTINCT json(tags)->>0 FROM 't.csv'").fetchall()
    assert tag == "=1+2"


def test_datasets_reads_them(exported, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    for kind, name in (("parquet", "t.parquet"), ("json", "t.jsonl")):
        rows = datasets.load_dataset(kind, data_files=name, split="train", cache_dir=str(tmp_path / "hub"))
        assert rows.column_names == list(NAMES)
        hits = rows.filter(lambda row: row["seed"] == 12345 and "OPEN" in " ".join(row["keywords"]))
        assert len(hits) == 8
        if kind == "parquet":
            assert all(exported[bytes.fromhex(row["id"])].stream == row["stream"] for row in rows)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_export_leaves_no_table(tmp_path, number):
    archive_of(tmp_path / "a.pxa", [record(number) for number in range(3000)])
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", archive_kills.MAIN, "archive", "export", str(tmp_path / "a.pxa"), "-o"]
    with subprocess.Popen([*command, str(tmp_path / "out/t.csv")], stderr=subprocess.PIPE) as run:
        while run.poll() is None and not any(path.stat().st_size for path in (tmp_path / "out").iterdir()):
            time.sleep(0.002)
        run.send_signal(number)
        run.communicate(timeout=60)
    assert run.returncode in (-9, 143, 130)
    left = [path.name for path in (tmp_path / "out").iterdir()]
    assert left == [] if number != signal.SIGKILL else "t.csv" not in left


@pytest.mark.parametrize("cores", [1, 2])
def test_memory_does_not_grow_with_the_archive(tmp_path, monkeypatch, cores):
    """Records are taken as their rows are asked for, a few ahead."""
    monkeypatch.setattr(export_table, "_BATCH", 2)
    monkeypatch.setattr("promptcodec.cli.options.resolve_jobs", lambda *_: cores)
    monkeypatch.setattr("promptcodec.cli.workers.AHEAD", 4)
    archive = tmp_path / "a.pxa"
    archives.fill(archive, 200)
    assert contents(archive)
    taken = 0

    def counted(records):
        nonlocal taken
        for each in records:
            taken += 1
            yield each

    with store.open(archive) as opened:
        rows = export_table._rows_of(counted(opened.records()), lambda _: None, (), "", with_private=True)
        with closing(rows):
            next(rows)
    assert taken <= 2 * (1 + 4 * cores)


@pytest.mark.parametrize("name", ["duckdb", "pandas", "datasets"])
def test_the_examples_of_the_page_run(run, tmp_path, monkeypatch, capsys, name):
    page = Path(__file__).parent.parent / "docs/reference/export.md"
    example = re.search(rf"<!-- {name} -->\n```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)[1]
    archive_of("a.pxa", mixed())
    run("export", "a.pxa", "-o", "pictures.parquet")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hub")
    exec(compile(example, name, "exec"), {})  # the project's own page
    out = capsys.readouterr().out
    assert {"duckdb": "A red kite, number 7.", "pandas": "dream", "datasets": "7.jpg"}[name] in out
    if name == "duckdb":
        store.create("b.pxa").close()
        assert run("import", "b.pxa", "photos.parquet")[0] == 0
        assert len(contents("b.pxa")) == 12
