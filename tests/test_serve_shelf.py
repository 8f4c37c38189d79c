"""The archive behind a server: others change it, hold it up, damage it and take it away meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("starlette", reason="needs the extra server")

from promptcodec.archive import store
from promptcodec.archive.adding.content import Content, coded
from promptcodec.archive.indexing import index
from promptcodec.archive.record import Place, Record
from promptcodec.server import keeper, shelf
from promptcodec.server.problems import Problem
from promptcodec.settings import EncodeSettings
from tests import serving, word_archives

KITE = word_archives.record("kite.jpg", "A red kite.", time=serving.FIRST_TIME + 99 * serving.DAY)


@pytest.fixture
def path(pictures, tmp_path):
    return serving.copied(pictures.path, tmp_path)


@pytest.fixture
def client(path):
    with serving.client_of(path) as client:
        assert client.get("/images").json()["total"] == 6
        yield client


@pytest.fixture
def own(path):
    """Give a shelf and what waits for its answers."""
    opened = shelf.Shelf(path)
    yield opened
    opened.close()


def put(path, *records):
    """Put records as another program would: nobody tells the server or the index."""
    with store.open(path, write=True) as archive:
        archive.put(records)


def content_of(number=70, name="new.png"):
    return coded(serving.picture((90, 90, 90), number), name, EncodeSettings(budget=200, bare=True))


def test_what_another_program_puts_and_removes_is_seen_at_once(client, path):
    put(path, KITE)
    assert client.get("/images?limit=1").json()["images"][0]["id"] == KITE.id.hex()
    assert client.get("/images?query=kite").json()["total"] == 1
    with store.open(path, write=True) as archive:
        archive.remove([KITE.id])
    assert client.get("/images?query=kite").json()["total"] == 0
    assert client.get("/images").json()["total"] == 6
    serving.problem(client.get(f"/images/{KITE.id.hex()}"), 404)


def test_one_thread_catches_up_and_the_others_read_what_there_is(client, path, monkeypatch):
    begun, go_on, calls = threading.Event(), threading.Event(), []
    opener = index.open

    def slow(*args, **more):
        calls.append(threading.current_thread().name)
        begun.set()
        assert go_on.wait(10)
        return opener(*args, **more)

    monkeypatch.setattr(index, "open", slow)
    monkeypatch.setattr(keeper, "WAIT", 0.05)
    put(path, KITE)
    with ThreadPoolExecutor(6) as threads:
        totals = list(threads.map(lambda _: client.get("/images").json()["total"], range(6)))
    assert begun.is_set()
    assert totals == [6] * 6
    go_on.set()
    while client.get("/images").json()["total"] == 6:
        pass
    assert len(calls) == 1
    assert calls[0].startswith("keeper")


def test_without_an_index_pictures_are_served_and_searches_asked_to_come_again(path, monkeypatch):
    go_on, opener = threading.Event(), index.open
    monkeypatch.setattr(index, "open", lambda *args: go_on.wait(10) and opener(*args))
    monkeypatch.setattr(keeper, "WAIT", 0.05)
    path.with_name(path.name + ".index").unlink()
    with serving.client_of(path) as client:
        for address in ("/images", "/images?query=castle", "/gallery"):
            response = client.get(address)
            serving.problem(response, 503)
            assert int(response.headers["retry-after"]) > 0
        with store.open(path) as archive:
            id_ = next(archive.ids()).hex()
        assert client.get(f"/images/{id_}/stream").status_code == 200
        go_on.set()
        while client.get("/images").status_code == 503:
            pass
        assert client.get("/images").json()["total"] == 6


def test_who_writes_for_long_is_waited_for_a_little_and_then_named(path, monkeypatch):
    monkeypatch.setattr(shelf, "PATIENCE", 0.1)
    with serving.client_of(path) as client:
        assert client.get("/images").status_code == 200
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        response = client.get("/images")
        body = serving.problem(response, 503)
        assert "another program" in body["detail"]
        assert response.headers["retry-after"]
        holder.execute("ROLLBACK")
        holder.close()
        assert client.get("/images").status_code == 200


def test_a_damaged_archive_is_named_without_saying_where_it_is(client, path):
    id_ = client.get("/images?limit=1").json()["images"][0]["id"]
    path.write_bytes(b"\xff" * 200 + path.read_bytes()[200:])
    for address in ("/images", f"/images/{id_}", f"/images/{id_}/stream"):
        response = client.get(address)
        assert "no archive" in serving.problem(response, 500)["detail"]
        assert str(path.parent) not in response.text


def test_a_damaged_record_is_one_answer_and_is_left_out_of_lists(path, pictures):
    id_ = pictures.ids["leaf.png"]
    data = bytearray(path.read_bytes())
    with store.open(path) as archive:
        stream = archive.get(id_).stream
    at = data.find(stream) + len(stream) // 2
    assert data.count(stream) == 1
    data[at] ^= 1
    path.write_bytes(data)
    with serving.client_of(path) as client:
        assert "damaged" in serving.problem(client.get(f"/images/{id_.hex()}"), 500)["detail"]
        names = [image["name"] for image in client.get("/images").json()["images"]]
        assert "leaf.png" not in names
        assert len(names) == 5
        others = [each.hex() for each in pictures.ids.values()]
        tiles = client.get(f"/tiles?ids={','.join(others)}&side=16")
        assert tiles.status_code == 200
        assert tiles.content.count(b"\xff\xd8\xff") == 5


def test_a_damaged_index_is_made_anew_by_one_thread(client, path):
    beside = path.with_name(path.name + ".index")
    data = beside.read_bytes()
    beside.write_bytes(data[:4096] + bytes(len(data) - 4096))
    answers = [client.get("/images?query=castle") for _ in range(3)]
    assert {answer.status_code for answer in answers} <= {200, 503}
    while client.get("/images?query=castle").status_code == 503:
        pass
    assert client.get("/images?query=castle").json()["images"][0]["name"] == "drawn.png"
    assert client.get("/images").json()["total"] == 6


def test_another_archive_in_its_place_is_read(client, path, tmp_path):
    with store.create(tmp_path / "other.pxa") as archive:
        archive.put([KITE])
    (tmp_path / "other.pxa").replace(path)
    body = client.get("/images").json()
    assert [image["name"] for image in body["images"]] == ["kite.jpg"]
    assert client.get("/images?query=castle").json()["total"] == 0


def test_an_archive_that_is_gone_is_asked_for_again(client, path):
    elsewhere = path.rename(path.with_name("elsewhere.pxa"))
    response = client.get("/images")
    assert "moved" in serving.problem(response, 503)["detail"]
    assert str(path.parent) not in response.text
    elsewhere.rename(path)
    assert client.get("/images").json()["total"] == 6


def test_what_is_put_is_durable_and_can_be_searched(own, path):
    content = content_of()
    record = asyncio.run(own.put(content, "../folder/new.png", ["mine"]))
    assert (record.name, record.tags) == ("new.png", ("mine",))
    assert record.places[0].root == ""
    with store.open(path) as archive:
        assert archive.get(content.id) == record
        with index.open(archive) as opened:
            assert index.signatures_of(opened.base)(content.id) == content.signature
    snapshot = asyncio.run(own.snapshot())
    assert snapshot.id(0) == content.id


def test_the_same_content_again_gets_names_and_tags_and_stays_where_it_is(own, pictures, path):
    id_ = pictures.ids["leaf.png"]
    before = asyncio.run(own.record(id_.hex()))
    again = Content(id_, 1)
    assert asyncio.run(own.put(again, "leaf.png")) == before
    newest = asyncio.run(own.read(lambda opened: opened.archive.newest()))
    assert asyncio.run(own.put(again, "leaf.png", ["holiday"])) == before
    assert asyncio.run(own.read(lambda opened: opened.archive.newest())) == newest  # nothing was written
    more = asyncio.run(own.put(again, "copy.png", ["green"]))
    assert [place.path for place in more.places] == ["leaf.png", "copy.png"]
    assert more.tags == ("holiday", "green")
    assert more.stream == before.stream
    assert asyncio.run(own.read(lambda opened: opened.index.place("", "copy.png")))[0] == id_


def test_content_that_was_removed_meanwhile_is_to_be_sent_again(own):
    with pytest.raises(Problem) as raised:
        asyncio.run(own.put(Content(bytes(16), 1), "a.png"))
    assert raised.value.status == 409


def test_nothing_is_put_while_another_program_writes_for_long(own, path, monkeypatch):
    monkeypatch.setattr(keeper, "PATIENCE", 0.1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    content = content_of()
    with pytest.raises(Problem) as raised:
        asyncio.run(own.put(content, "new.png"))
    assert raised.value.status == 503
    holder.execute("ROLLBACK")
    holder.close()
    with store.open(path) as archive:
        assert archive.get(content.id) is None
    assert asyncio.run(own.put(content, "new.png")).id == content.id


def test_edited_pictures_know_what_they_were_made_of(client, path, pictures):
    parent = pictures.ids["sea.png"].hex()
    stream = word_archives.stream(word_archives.description("A sea."))
    tags = {
        b"\1" * 16: f"parent:{parent}",
        b"\2" * 16: f"parent:{parent}",
        b"\3" * 16: f"not parent {parent}",
    }
    put(path, *(Record(id_, stream, (Place("", "x.png", 5),), (tag,)) for id_, tag in tags.items()))
    assert client.get(f"/images/{parent}").json()["edits"] == ["01" * 16, "02" * 16]
    child = client.get(f"/images/{'01' * 16}").json()
    assert (child["parent"], child["edits"]) == (parent, [])


def test_reading_threads_share_a_snapshot_and_take_another_only_for_another_archive(own, path):
    first = asyncio.run(own.snapshot())
    assert asyncio.run(own.snapshot()) is first
    put(path, KITE)
    second = asyncio.run(own.snapshot())
    assert second is not first
    assert (len(first), len(second)) == (6, 7)


def test_a_shelf_of_no_archive_is_refused_at_once(tmp_path):
    (tmp_path / "a.pxa").write_bytes(b"no archive")
    for name in ("a.pxa", "none.pxa"):
        with pytest.raises(Exception, match="archive"):
            shelf.Shelf(tmp_path / name)
