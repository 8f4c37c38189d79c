"""Pictures taken away as one file: tables that an import reads, and a zip of streams."""

from __future__ import annotations

import io
import json
import threading
import zipfile

import pytest

pytest.importorskip("starlette", reason="needs the extra server")

from promptcodec import reading
from promptcodec.archive import store
from promptcodec.archive.record import Place, Record
from promptcodec.archive.transfer import formats
from promptcodec.server import exports
from promptcodec.server import tokens as secrets
from promptcodec.server.routes import export
from tests import serving, word_archives


@pytest.fixture(scope="module")
def client(pictures):
    with serving.client_of(pictures.path) as client:
        yield client


def rows_of(response, form):
    assert response.status_code == 200, response.text
    return [row for _, row in formats.read(io.BytesIO(response.content), form)]


def streams_of(response):
    assert response.status_code == 200, response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.mark.parametrize("form", exports.FORMATS)
def test_what_matches_nothing_is_an_empty_file(client, form):
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra archive")
    response = client.post("/export", json={"query": "zyzzyva", "format": form})
    assert response.headers["export-pictures"] == "0"
    assert (streams_of(response) if form == "streams" else rows_of(response, form)) in ({}, [])


@pytest.mark.parametrize("form", formats.FORMATS)
def test_tables_are_read_by_an_import(client, pictures, form):
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra archive")
    response = client.post("/export", json={"query": "", "format": form})
    rows = rows_of(response, form)
    assert {row["id"] for row in rows} == {id_.hex() for id_ in pictures.ids.values()}
    assert all(row["signature"] for row in rows)
    assert response.headers["export-pictures"] == "6"
    assert response.headers["content-disposition"] == f'attachment; filename="pictures.{form}"'
    assert b"jane" not in response.content


def test_streams_are_those_that_are_served(client, pictures):
    ids = [pictures.ids[name].hex() for name in ("leaf.png", "drawn.png")]
    files = streams_of(client.post("/export", json={"ids": [*ids, ids[0]], "format": "streams"}))
    assert list(files) == ["leaf.png.pxt", "drawn.png.pxt"]
    assert list(files.values()) == [client.get(f"/images/{id_}/stream").content for id_ in ids]


def test_a_query_exports_all_that_matches_best_first(client):
    response = client.post("/export", json={"query": "tag:holiday", "format": "jsonl"})
    names = [json.loads(line)["name"] for line in response.content.splitlines()]
    assert names == [image["name"] for image in client.get("/images?query=tag:holiday").json()["images"]]


def test_private_things_are_exported_where_that_was_asked_for(pictures):
    with serving.client_of(pictures.path, with_private=True) as client:
        response = client.post("/export", json={"query": "", "format": "jsonl"})
        roots = {row["name"]: row["root"] for row in map(json.loads, response.content.splitlines())}
        assert roots["sea.png"] == serving.FOLDER
        files = streams_of(client.post("/export", json={"query": "castle", "format": "streams"}))
        assert "jane" in json.dumps(reading.inspect(files["drawn.png.pxt"]))


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        ([], "no object"),
        ({"query": "", "format": "csv", "path": "/etc"}, "no object"),
        ({"format": "csv"}, "either ids or query"),
        ({"query": "a", "ids": [], "format": "csv"}, "either ids or query"),
        ({"query": ""}, "format"),
        ({"query": "", "format": "xmp"}, "format"),
        ({"query": "", "format": ["csv"]}, "format"),
        ({"query": 5, "format": "csv"}, "query"),
        ({"query": "a" * 1001, "format": "csv"}, "query"),
        ({"query": "foo:bar", "format": "csv"}, "query"),
        ({"query": ".", "format": "csv"}, "query"),
        ({"ids": "a", "format": "csv"}, "ids"),
        ({"ids": [], "format": "csv"}, "ids"),
        ({"ids": [5], "format": "csv"}, "ids"),
        ({"ids": ["../../etc"], "format": "csv"}, "ids"),
    ],
)
def test_a_wrong_order_is_named(client, order, fault):
    assert fault in serving.problem(client.post("/export", json=order), 400)["detail"]


def test_what_is_not_there_is_left_out(client, pictures):
    ids = ["0" * 32, pictures.ids["sea.png"].hex()]
    response = client.post("/export", json={"ids": ids, "format": "streams"})
    assert response.headers["export-pictures"] == "1"
    assert list(streams_of(response)) == ["sea.png.pxt"]


def test_names_in_a_zip_are_harmless_and_unlike(tmp_path):
    names = ("a.jpg", "A.jpg", "../../up.jpg", "/root.jpg", "bad\udcff.jpg")
    with store.create(tmp_path / "a.pxa") as archive:
        for number, name in enumerate(names):
            stream = word_archives.stream(word_archives.description(f"A kite {number}."))
            archive.put([Record(bytes([number]) * 16, stream, (Place("", name, number),))])
    with serving.client_of(tmp_path / "a.pxa") as client:
        files = streams_of(client.post("/export", json={"query": "", "format": "streams"}))
    assert list(files) == [  # the newest first
        "bad.jpg.pxt", "root.jpg.pxt", "up.jpg.pxt", "A.jpg.pxt", "a.jpg.00000000.pxt",
    ]  # fmt: skip


def test_exports_come_one_after_another_and_few_wait(pictures, monkeypatch, tmp_path):
    started, go_on = threading.Event(), threading.Event()
    ids_of = exports.ids_of

    def slow(*args):
        started.set()
        assert go_on.wait(10)
        return ids_of(*args)

    monkeypatch.setattr(exports, "ids_of", slow)
    monkeypatch.setattr(export, "MOST", 1)
    order = {"query": "", "format": "streams"}
    tokens = (secrets.of("anna", "a" * 16), secrets.of("otto", "o" * 16))
    with serving.client_of(pictures.path, tokens=tokens, cache=tmp_path) as client:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(client.post("/export", json=order)))
        thread.start()
        assert started.wait(10)
        own = client.post("/export", json=order)
        refused = client.post("/export", json=order, headers={"Authorization": f"Bearer {'a' * 16}"})
        assert client.get("/images").status_code == 200  # others are not held up
        go_on.set()
        thread.join()
        for each, status in ((own, 429), (refused, 503)):
            assert each.headers["retry-after"]
            serving.problem(each, status)
        assert len(streams_of(answers[0])) == 6
        assert client.post("/export", json=order).status_code == 200
