"""All pictures at once: rows of a few bytes, in an order that does not change by itself."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

pytest.importorskip("starlette", reason="needs the extra server")

from promptcodec.archive import store
from promptcodec.archive.indexing import index, looks
from promptcodec.archive.record import Place, Record
from promptcodec.server import gallery
from tests import serving, word_archives

NEWEST_FIRST = list(serving.COLOURS)[::-1]


@pytest.fixture(scope="module")
def client(pictures):
    with serving.client_of(pictures.path) as client:
        yield client


def snapshot_of(path):
    with store.open(path) as archive, index.open(archive) as own:
        return gallery.take(own.base)


def test_rows_have_id_size_and_colours(client, pictures):
    response = client.get("/gallery")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["gallery-total"] == "6"
    rows = [response.content[at : at + 88] for at in range(0, len(response.content), 88)]
    assert [row[:16] for row in rows] == [pictures.ids[name] for name in NEWEST_FIRST]
    with store.open(pictures.path) as archive:
        for row in rows:
            assert (int.from_bytes(row[16:20], "big"), int.from_bytes(row[20:24], "big")) == (96, 64)
            assert row[24:] == looks.measure(archive.get(row[:16]).stream).colours


def test_blocks_are_parts_of_the_whole(client):
    whole = client.get("/gallery").content
    assert client.get("/gallery?start=1&count=2").content == whole[88 : 3 * 88]
    assert client.get("/gallery?start=5&count=10").content == whole[5 * 88 :]
    assert client.get("/gallery?start=6").content == b""
    assert client.get("/gallery?start=6").headers["gallery-total"] == "6"


def test_what_is_known_already_is_not_sent_again(client):
    first = client.get("/gallery?count=3")
    tag = first.headers["etag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}"):
        again = client.get("/gallery?count=3", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/gallery?start=3&count=3", headers={"If-None-Match": tag}).status_code == 200
    assert client.get("/gallery?count=3", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_block_that_stays_is_another_once_there_are_more_pictures(pictures, tmp_path):
    path = serving.copied(pictures.path, tmp_path)
    with serving.client_of(path) as client:
        tag = client.get("/gallery?count=1").headers["etag"]
        with store.open(path, write=True) as archive:
            archive.put([word_archives.record("old.jpg", "An old kite.", time=0)])
        changed = client.get("/gallery?count=1", headers={"If-None-Match": tag})
        assert (changed.status_code, changed.headers["gallery-total"]) == (200, "7")


def many(count):
    """Make records of few different times; ids are spread."""
    stream = word_archives.stream()
    return [
        Record(
            hashlib.sha256(b"%d" % number).digest()[:16], stream, (Place("", f"{number}.jpg", number % 3),)
        )
        for number in range(count)
    ]


def test_equal_times_are_in_the_order_of_ids_however_the_index_was_made(tmp_path):
    records = many(50)
    with store.create(tmp_path / "a.pxa") as archive:
        for some in (records[:20], records[20:35], records[35:]):
            archive.put(some)
            index.update(archive)
    expected = [each.id for each in sorted(records, key=lambda each: (-each.places[0].time, each.id))]
    first = snapshot_of(tmp_path / "a.pxa")
    assert [first.id(at) for at in range(50)] == expected
    with store.open(tmp_path / "a.pxa") as archive:
        index.rebuild(archive).base.close()
    again = snapshot_of(tmp_path / "a.pxa")
    assert np.array_equal(first.rows, again.rows)


def test_a_snapshot_knows_where_a_picture_is(tmp_path):
    # The last two differ in their last byte alone.
    records = [
        *many(20),
        *(Record(bytes(15) + bytes([end]), word_archives.stream(), (Place("", "x", 9),)) for end in (1, 0)),
    ]
    with store.create(tmp_path / "a.pxa") as archive:
        archive.put(records)
        archive.remove([records[3].id])
    snapshot = snapshot_of(tmp_path / "a.pxa")
    assert len(snapshot) == 21
    for at in range(21):
        assert snapshot.position(snapshot.id(at)) == at
        assert snapshot.size(at) == (640, 480)
    assert snapshot.position(records[3].id) is None
    assert snapshot.position(b"\xff" * 16) is None
    assert {snapshot.size(position) for position in range(21)} == {(640, 480)}
    assert (snapshot.colours == looks.UNKNOWN).all()


def test_an_empty_archive_has_an_empty_gallery(tmp_path):
    store.create(tmp_path / "a.pxa").close()
    with serving.client_of(tmp_path / "a.pxa") as client:
        response = client.get("/gallery")
        assert (response.content, response.headers["gallery-total"]) == (b"", "0")
        assert client.get("/images").json()["images"] == []
        assert client.get("/images?query=kite").json()["total"] == 0
