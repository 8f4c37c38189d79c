"""Exports are sent while they are written: by pieces, at the reader's pace, and cut where they cannot end."""

from __future__ import annotations

import http.client
import io
import json
import socket
import time
import zipfile
from contextlib import suppress

import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("uvicorn", reason="needs the extra server")

from promptcodec.archive import store
from promptcodec.archive.indexing import index
from promptcodec.archive.store import Archive
from promptcodec.archive.transfer import formats
from promptcodec.errors import HeldUpError
from promptcodec.server import exports
from promptcodec.server import tokens as secrets
from promptcodec.server.app import make
from promptcodec.server.settings import ServeSettings
from promptcodec.server.shelf import Opened
from tests.live_server import ask, connected, exchange, head, lines_of, live
from tests.serving import copied

KINDS = "Content-Type: application/json"
MANY = 500


@pytest.fixture
def in_small_pieces(monkeypatch):
    monkeypatch.setattr(exports, "PIECE_BYTES", 1)


@pytest.fixture
def own(pictures, tmp_path):
    """Give settings of a server over a copy of the small archive."""
    tokens = (secrets.of("anna", "a" * 16), secrets.of("otto", "o" * 16))
    return ServeSettings(copied(pictures.path, tmp_path), cache=tmp_path / "served", tokens=tokens)


def order(form="jsonl", who="a", version="1.1"):
    """Give the bytes of a request for everything."""
    body = json.dumps({"query": "", "format": form}).encode()
    start = head(
        "POST", "/export", KINDS, f"Content-Length: {len(body)}", f"Authorization: Bearer {who * 16}"
    )
    return start.replace(b"HTTP/1.1", f"HTTP/{version}".encode()) + body


def rows_of(data, form):
    if form == "streams":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            assert packed.testzip() is None
            return packed.namelist()
    return list(formats.read(io.BytesIO(data), form))


@pytest.mark.parametrize("form", exports.FORMATS)
@pytest.mark.usefixtures("in_small_pieces")
def test_a_picture_that_is_removed_meanwhile_is_passed_over(pictures, own, form):
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="needs the extra archive")
    first, *_, last = ids = sorted(pictures.ids.values())
    with (
        store.open(own.archive) as archive,
        store.open(own.archive, write=True, patience=0) as other,
        index.open(archive) as known,
    ):
        opened = Opened(archive, known, None)
        pieces = exports.pieces(b"".join(ids), form, own)
        assert next(pieces) == b""
        data = pieces.send(opened)
        assert data
        assert other.remove([first, last]) == 2  # nothing holds it up
        with suppress(StopIteration):
            while True:
                data += pieces.send(opened)
    assert len(rows_of(data, form)) == len(ids) - 1


def test_a_zip_can_be_unpacked_as_it_comes(pictures, own):
    with store.open(own.archive) as archive, index.open(archive) as known:
        pieces = exports.pieces(b"".join(pictures.ids.values()), "streams", own)
        next(pieces)
        data = pieces.send(Opened(archive, known, None))
    flags, method = data[6:8], data[8:10]
    assert flags == method == bytes(2)  # lengths stand in front, so that nothing stands behind
    assert any(data[18:22])


@pytest.mark.usefixtures("in_small_pieces")
def test_what_goes_wrong_later_cuts_the_connection(own, monkeypatch, capsys):
    get, count = Archive.get, 0

    def held_up(archive, id_):
        nonlocal count
        count += 1
        if count == 4:
            raise HeldUpError("another program is in the way")
        return get(archive, id_)

    with live(make(own)) as port:
        for form in ("jsonl", "streams"):
            monkeypatch.setattr(Archive, "get", held_up)
            with connected(port) as connection:
                connection.sendall(order(form))
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                assert answer.status == 200
                assert answer.headers["Export-Pictures"] == "6"
                with pytest.raises(http.client.IncompleteRead) as cut:
                    answer.read()
            assert cut.value.partial
            (line,) = lines_of(capsys)
            assert line["error"].startswith("Problem")
            monkeypatch.setattr(Archive, "get", get)
            count = 0
        assert exchange(port, order()).body.count(b"\n") == 6


def test_a_slow_reader_holds_up_nobody_and_lets_go(own, monkeypatch):
    given, real = 0, exports.pieces

    def endless(ids, form, settings):
        def zeros():
            nonlocal given
            yield b""
            for _ in range(MANY):
                given += 1
                yield bytes(1 << 16)

        return zeros() if form == "csv" else real(ids, form, settings)

    monkeypatch.setattr(exports, "pieces", endless)
    with live(make(own)) as port:
        slow = socket.socket()
        with slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
            slow.connect(("127.0.0.1", port))
            slow.sendall(order("csv"))
            before = -1
            while before != given:
                before = given
                time.sleep(0.05)
            assert 0 < given < MANY // 2  # what fits between the two, and no more
            assert exchange(port, order("streams", "o")).status == 200
            assert exchange(port, order("streams")).problem["status"] == 429
            assert given == before
        end = time.monotonic() + 5
        while exchange(port, order("streams")).status == 429:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_http_1_0_gets_no_file_whose_end_it_cannot_know(own):
    with live(make(own)) as port:
        assert "1.1" in exchange(port, order("csv", version="1.0")).problem["hint"]
        assert rows_of(exchange(port, order("streams", version="1.0")).body, "streams")
        assert ask(port).status == 200
