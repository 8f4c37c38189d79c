"""Batches of pictures encoded: a pure function, rows that go to other machines, caps that many share."""

from __future__ import annotations

import functools
import itertools
import json
import pickle
from dataclasses import replace

import pytest

pa = pytest.importorskip("pyarrow", reason="needs the extra archive: no pyarrow")

from hypothesis import given
from hypothesis import strategies as st

import promptcodec
from promptcodec import bitstream
from promptcodec.api.spending import Limits, counted, limited, reserve
from promptcodec.archive import store
from promptcodec.archive.cluster import encode, listing, outcome, staging
from promptcodec.archive.cluster.encode import encode_batch
from promptcodec.archive.cluster.purse import Purse
from promptcodec.archive.record import id_of
from promptcodec.archive.sources.source import Source
from promptcodec.cli import report
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, ImageError, PromptcodecError, SpendingError, UsageError
from promptcodec.settings import EncodeSettings
from tests import messy
from tests.archive_kills import QUICK
from tests.effort import examples

SETTINGS = EncodeSettings(layers=("texture",), effort=1, budget=60)
COLUMNS = [
    ("id", pa.string()),
    ("stream", pa.binary()),
    ("signature", pa.binary()),
    ("width", pa.int32()),
    ("height", pa.int32()),
    ("bytes", pa.int32()),
    ("seconds", pa.float32()),
    ("unread", pa.bool_()),
    ("warnings", pa.list_(pa.string())),
    ("cost", pa.float64()),
    ("requests", pa.int32()),
    ("error_kind", pa.string()),
    ("error_message", pa.string()),
    ("error_hint", pa.string()),
]


@functools.cache
def files():
    pictures = [messy.picture(number, "PNG") for number in range(5)]
    stream = promptcodec.encode(pictures[0], layers=("texture", "signature"), effort=1)
    return [*pictures, b"no picture", None, stream, stream[:-3], b"", pictures[1]]


def table(rows=None):
    rows = range(len(files())) if rows is None else rows
    images = pa.array([files()[row] for row in rows], pa.binary())
    return pa.table({"key": pa.array(rows, pa.int64()), "image": images, "tags": [["a", "b"]] * len(rows)})


def rows_of(encoded):
    """Give rows by key, without the time they took."""
    return {row["key"]: {k: v for k, v in row.items() if k != "seconds"} for row in encoded.to_pylist()}


@functools.cache
def expected():
    return rows_of(encode_batch(table(), SETTINGS))


def test_the_columns_are_those_agreed_upon():
    encoded = encode_batch(table(), SETTINGS)
    others = [("key", pa.int64()), ("tags", pa.list_(pa.string()))]
    assert [(field.name, field.type) for field in encoded.schema] == [*others, *COLUMNS]
    assert list(encode.schema()) == [pa.field(*each) for each in COLUMNS]


def test_a_row_is_what_encoding_gives():
    for number in range(5):
        row = expected()[number]
        assert row["stream"] == promptcodec.encode(
            files()[number], layers=("texture",), effort=1, budget=60, bare=True
        )
        assert row["id"] == id_of(files()[number]).hex()
        assert (row["width"], row["height"], row["bytes"]) == (32, 24, len(row["stream"]))
        assert len(row["signature"]) == 27
        assert (row["warnings"], row["unread"], row["cost"], row["requests"]) == ([], False, 0.0, 0)
        assert row["error_kind"] is row["error_message"] is row["error_hint"] is None
        assert row["tags"] == ["a", "b"]
    assert expected()[0]["id"] != expected()[1]["id"]
    assert {**expected()[10], "key": 1} == expected()[1]


def test_what_cannot_be_encoded_is_an_error_of_its_row():
    assert [expected()[row]["error_kind"] for row in (5, 6, 8, 9)] == ["image", "usage", "bitstream", "image"]
    for row in (5, 6, 8, 9):
        values = expected()[row]
        assert values["id"] == (None if row == 6 else id_of(files()[row]).hex())
        assert values["error_message"]
        assert {values[name] for name in ("stream", "signature", "width", "bytes", "requests")} == {None}


def test_a_stream_gets_its_bare_form():
    row, stream = expected()[7], bitstream.read(files()[7])
    assert row["stream"] == bitstream.write(stream, bare=True)
    assert row["signature"] is not None
    assert (row["width"], row["height"]) == (stream.width, stream.height)


@examples(0.4)
@given(st.permutations(range(11)), st.lists(st.integers(1, 10), max_size=4))
def test_a_row_comes_to_the_same_in_any_batch(order, cuts):
    ordered = table(order)
    edges = sorted({0, len(order), *cuts})
    parts = [ordered.slice(a, b - a) for a, b in itertools.pairwise(edges)]
    encoded = pa.concat_tables(encode_batch(part, SETTINGS) for part in parts)
    assert encoded["key"].to_pylist() == order
    assert rows_of(encoded) == expected()


def test_a_batch_gives_a_batch_and_a_table_a_table():
    (batch,) = table().combine_chunks().to_batches()
    encoded = encode_batch(batch, SETTINGS)
    assert isinstance(encoded, pa.RecordBatch)
    assert rows_of(encoded) == expected()
    assert isinstance(encode_batch(table(), SETTINGS), pa.Table)
    empty = encode_batch(batch.slice(0, 0), SETTINGS)
    assert (empty.num_rows, empty.schema) == (0, encoded.schema)


def test_it_goes_to_another_process():
    work = pickle.loads(pickle.dumps(functools.partial(encode_batch, settings=SETTINGS)))
    assert rows_of(work(table())) == expected()


def test_streams_are_bare_whatever_the_settings_say():
    assert rows_of(encode_batch(table(), replace(SETTINGS, bare=True))) == expected()
    (row,) = encode_batch(table([0])).to_pylist()
    assert row["stream"] == promptcodec.encode(files()[0], bare=True)


def test_pictures_may_lie_in_a_struct_with_their_names():
    """Data sets of Hugging Face have them so."""
    images = [{"bytes": data, "path": f"{number}.png"} for number, data in enumerate(files())]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    nested = table().set_column(1, "image", pa.array(images, kind))
    assert rows_of(encode_batch(nested, SETTINGS)) == expected()
    large = table().set_column(1, "image", pa.array(files(), pa.large_binary()))
    assert rows_of(encode_batch(large, SETTINGS)) == expected()


def test_a_name_says_that_a_file_ought_to_be_a_stream():
    data = {"image": pa.array([b"no picture"], pa.binary()), "path": ["/etc/../a.PXT"]}
    (row,) = encode_batch(pa.table(data), SETTINGS).to_pylist()
    assert (row["error_kind"], row["path"]) == ("bitstream", "/etc/../a.PXT")
    nested = pa.array([{"bytes": b"no picture", "path": "a.pxt"}])
    (row,) = encode_batch(pa.table({"image": nested}), SETTINGS).to_pylist()
    assert row["error_kind"] == "bitstream"


def test_columns_may_be_kept_as_numbers_or_in_views():
    data, names = pa.array([b"no picture"] * 2, pa.binary()), pa.array(["a.pxt", "a.png"])
    for image in (data, data.dictionary_encode(), data.cast(pa.binary_view()), data.cast(pa.binary(10))):
        for path in (names, names.dictionary_encode(), names.cast(pa.string_view())):
            plain = pa.table({"image": image, "path": path})
            nested = pa.table({"image": pa.StructArray.from_arrays([image, path], names=["bytes", "path"])})
            for batch in (plain, nested):
                assert encode_batch(batch)["error_kind"].to_pylist() == ["bitstream", "image"]


def test_a_struct_may_be_null_and_lie_anywhere():
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    rows = [{"bytes": b"", "path": "a.pxt"}, None, {"bytes": None, "path": "b"}, {"bytes": b"", "path": None}]
    images = pa.array(rows, kind)
    kinds = ["bitstream", "usage", "usage", "image"]
    for start, end in itertools.combinations(range(5), 2):
        batch = pa.record_batch({"image": images}).slice(start, end - start)
        assert encode_batch(batch)["error_kind"].to_pylist() == kinds[start:end]
        chunks = pa.chunked_array([images.slice(end), images.slice(start, end - start)])
        encoded = encode_batch(pa.table({"image": chunks}))
        assert encoded["error_kind"].to_pylist() == kinds[end:] + kinds[start:end]


def test_a_path_is_never_read(tmp_path):
    (tmp_path / "a.png").write_bytes(files()[0])
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    images = pa.array([{"bytes": None, "path": str(tmp_path / "a.png")}], kind)
    (row,) = encode_batch(pa.table({"image": images}), SETTINGS).to_pylist()
    assert (row["id"], row["error_kind"]) == (None, "usage")


@pytest.mark.parametrize("name", [name for name, _ in COLUMNS])
def test_a_column_that_would_be_replaced_is_refused(name):
    with pytest.raises(UsageError, match=f"'{name}'"):
        encode_batch(table().rename_columns(["key", "image", name]), SETTINGS)


@pytest.mark.parametrize("name", ["image", "path"])
def test_a_column_that_stands_twice_is_refused(name):
    columns = [pa.array([b""]), pa.array([b""]), pa.array(["a"])]
    batch = pa.Table.from_arrays(columns, names=["image", name, "path"])
    with pytest.raises(UsageError, match=f"several columns {name!r}"):
        encode_batch(batch)


@pytest.mark.parametrize("images", [["a"], [1], [{"path": "a.png"}]])
def test_a_column_without_bytes_is_refused(images):
    with pytest.raises(UsageError, match="'image'"):
        encode_batch(pa.table({"image": images}), SETTINGS)
    with pytest.raises(UsageError, match="'image'"):
        encode_batch(pa.table({"picture": [b""]}), SETTINGS)


def test_what_nobody_expected_is_an_error_of_its_row(monkeypatch):
    class Panic(BaseException):
        pass

    monkeypatch.setenv("SECRET_KEY", "hunter-two")
    for error in (ValueError("\udcff hunter-two"), MemoryError(), Panic("of Rust")):
        monkeypatch.setattr("promptcodec.encoding.encode_full", lambda *_, e=error: (_ for _ in ()).throw(e))
        (row,) = encode_batch(table([0]), SETTINGS).to_pylist()
        assert row["error_kind"] in ("unexpected", "error")
        assert "hunter" not in row["error_message"]
    monkeypatch.setattr(
        "promptcodec.encoding.encode_full", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        encode_batch(table([0]), SETTINGS)


def test_streams_and_errors_are_those_of_archive_add(cli):
    from pathlib import Path

    Path("in").mkdir()
    for number, data in enumerate(files()):
        if data is not None:
            Path(f"in/{number}.{'pxt' if number in (7, 8) else 'png'}").write_bytes(data)
    cli("archive", "create", "alike.pxa")
    _, out, _ = cli("archive", "add", "alike.pxa", "in", *QUICK, "--json", "--jobs", "1")
    lines = {int(Path(line["file"]).stem): line for line in map(json.loads, out.splitlines())}
    with store.open("alike.pxa") as archive:
        records = {record.id.hex(): record for record in archive.records()}
    for key, row in expected().items():
        if row["error_kind"] is None:
            assert records.pop(row["id"], None) is not None or key == 10
            assert lines[key]["bytes"] == row["bytes"]
        elif key != 6:
            error = outcome.outcome_of(row, 0, None)
            assert lines[key]["error"]["kind"] == error.kind
            assert lines[key]["error"]["message"] == report.message(error)
    assert not records


# Read back.


def test_rows_are_read_back_as_what_is_kept():
    rows = encode_batch(table(), SETTINGS).to_pylist()
    content = outcome.outcome_of(rows[0], 77, None)
    assert (content.id, content.size, content.stream) == (id_of(files()[0]), 77, rows[0]["stream"])
    assert (content.signature, content.dictionary, content.unread) == (rows[0]["signature"], None, False)
    kinds = {row: type(outcome.outcome_of(rows[row], 0, None)) for row in (5, 6, 8)}
    assert kinds == {5: ImageError, 6: UsageError, 8: BitstreamError}
    nothing = dict.fromkeys(encode.schema().names)
    assert outcome.outcome_of(nothing | {"id": "00" * 16}, 5, None).stream is None
    later = outcome.outcome_of(nothing | {"error_kind": "of a newer version"}, 5, None)
    assert type(later) is PromptcodecError


def test_a_dictionary_is_kept_where_a_stream_needs_it():
    dictionary = Dictionary.from_bytes(b"a small picture of nothing at all, in red and blue. " * 20)
    settings = EncodeSettings(text_coder="zstd", dictionary=dictionary, layers=("semantic",))
    (row,) = encode_batch(table([0]), settings).to_pylist()
    kept = outcome.outcome_of(row, 0, dictionary).dictionary
    assert kept is None or kept == dictionary


# Sources on their way.


@given(
    st.builds(
        Source,
        source=st.text(),
        base=st.text(),
        path=st.text(st.characters(codec=None, categories=["L", "Cs", "P"])),
        time=st.none() | st.integers(-(2**60), 2**60),
        in_place=st.booleans(),
    )
)
def test_a_source_is_read_as_it_was_written(source):
    text = listing.write(source)
    assert text.isascii()
    assert listing.read(text) == source


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"source":1}',
        "[" * 100_000,
        '{"origin":{"class":":Source","fields":{}}}',
        '{"origin":{"class":"..record:Place","fields":{}}}',
        '{"origin":{"class":".source:os","fields":{}}}',
        '{"origin":{"class":".nothing:X","fields":{}}}',
        '{"origin":{"class":".source:location","fields":{"root":"/","path":"a"}}}',
    ],
)
def test_what_is_no_source_is_refused(text):
    with pytest.raises(UsageError, match="no source is written there"):
        listing.read(text)


def test_an_origin_that_others_do_not_know_is_refused():
    with pytest.raises(UsageError, match="cannot be read on other machines"):
        listing.write(Source("a", "/", "a", 0, in_place=False, origin=iter(())))


def test_a_key_tells_a_source_from_others():
    source = Source("in/a.png", "/x/in", "a.png", 7, in_place=False)
    others = [
        source,
        replace(source, path="b.png"),
        replace(source, base="/y"),
        replace(source, time=8),
        replace(source, time=None),
        replace(source, in_place=True),
        replace(source, source="in/b"),
    ]
    assert len({listing.key_of(each, ()) for each in others}) == len(others)
    key = listing.key_of(source, ())
    assert listing.key_of(source, {key, key + 1}) == key + 2
    assert -(2**63) <= key < 2**63


# The folder between.


def test_a_staging_folder_lists_sources_and_goes(tmp_path):
    sources = {
        number: Source(f"{number}", "/in", f"{number}", number, in_place=False) for number in range(9000)
    }
    with staging.opened(str(tmp_path / "a.ray"), b"uid", "work") as place:
        assert place.write_sources(iter(sources.items())) == place.count() == 9000
        assert dict(place.listed()) == sources
        assert place.write_sources(iter(list(sources.items())[:3])) == place.count() == 3
        with (
            pytest.raises(UsageError, match="another run works in"),
            staging.opened(str(tmp_path / "a.ray"), b"uid", "work"),
        ):
            pass
        place.remove()
    assert not (tmp_path / "a.ray").exists()


def test_a_staging_folder_of_several_archives_keeps_the_others(tmp_path):
    with staging.opened(f"file://{tmp_path}/a.ray", b"one", "work") as place:
        place.write_sources(iter(()))
        (tmp_path / "a.ray" / "other").mkdir()
        place.remove()
    assert {each.name for each in (tmp_path / "a.ray").iterdir()} == {"other", "lock"}


def test_a_shard_that_is_not_whole_is_not_read(tmp_path):
    from pyarrow import parquet

    with staging.opened(str(tmp_path), b"uid", "work") as place:
        place.write_sources(iter(()))
        listed = table().append_column("source", pa.array(["{}"] * 11))
        parquet.write_table(encode_batch(listed, SETTINGS), f"{place.shards}/a.parquet")
        data = (tmp_path / place.shards / "a.parquet").read_bytes()
        (tmp_path / place.shards / "b.parquet").write_bytes(data[:-5])
        (tmp_path / place.shards / "c.parquet").write_bytes(b"")
        assert [file.rpartition("/")[2] for file in place.written()] == [
            "a.parquet",
            "b.parquet",
            "c.parquet",
        ]
        assert [place.rows(file) is None for file in place.written()] == [False, True, True]
        assert place.keys(place.written(), lambda row: row["error_kind"] is None) == {0, 1, 2, 3, 4, 7, 10}


@pytest.mark.parametrize("where", ["file", "nothing://x", "s3:///"])
def test_a_staging_folder_that_cannot_be_used_is_an_error(where, tmp_path):
    (tmp_path / "file").write_text("")
    path = str(tmp_path / where) if where == "file" else where
    with (
        pytest.raises(UsageError, match="the staging folder"),
        staging.opened(path, b"", ""),
    ):
        pass


# Caps that many share.


@given(st.integers(0, 40), st.integers(1, 9), st.lists(st.tuples(st.integers(0, 5), st.booleans())))
def test_a_purse_never_lends_more_than_there_is(requests, workers, takers):
    purse, lent, spent = Purse(Limits(1.0, requests), workers), [], 0
    for number, (wanted, comes_back) in enumerate(takers):
        share = purse.take()
        assert share.requests or sum(each.requests for each in lent) + spent == requests
        if comes_back or number % workers:
            used = min(wanted, share.requests)
            purse.give_back(share, used, share.cost * used / 10, refused=wanted > used)
            spent += used
        else:
            lent.append(share)
        assert sum(each.requests for each in lent) + spent <= requests
        assert sum(each.cost for each in lent) <= 1.0
    assert purse.left().limits.requests == requests - spent - sum(each.requests for each in lent)


def test_a_purse_without_end_has_none():
    purse = Purse(Limits(float("inf"), 10, strict=True), 4)
    share = purse.take()
    assert (share.cost, share.requests, share.strict) == (float("inf"), 3, True)
    purse.give_back(share, 1, 5.0, refused=False)
    assert (purse.left().limits.cost, purse.left().limits.requests) == (float("inf"), 9)


def test_what_a_run_has_spent_is_counted(kept_apart):
    share = Limits(1.0, 2)
    assert counted(share) == (0, 0.0)
    with limited(share):
        reserve(0.25)
        reserve(0.25)
        with pytest.raises(SpendingError):
            reserve(0.25)
    assert counted(share) == (2, 0.5)
