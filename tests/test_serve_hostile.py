"""What is sent to a server to harm it: each is refused with a clear status, and the server goes on."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import struct
import threading
import time
import zipfile
import zlib

import numpy as np
import pytest

pytest.importorskip("starlette", reason="needs the extra server")
pytest.importorskip("uvicorn", reason="needs the extra server")

from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from promptcodec.server.guard import Gate, Guard
from promptcodec.server.guard.bodies import Pace
from promptcodec.server.problems import Problem, response
from promptcodec.server.protocol import Deadlines
from promptcodec.server.settings import ServeSettings
from tests.live_server import (
    answer,
    ask,
    chunked,
    connected,
    ends_within,
    exchange,
    form,
    head,
    lines_of,
    live,
)

UPLOAD, PIXELS = 200_000, 10_000
DEADLINES = Deadlines(head=0.3, idle=0.5, unread=0.3)
PACE = Pace(0.3, 1_000_000)
OF_STREAM = "Content-Type: application/octet-stream"
OF_FORM = "Content-Type: multipart/form-data; boundary=b0undary"
FILE = 'Content-Disposition: form-data; name="file"; filename="../../etc/passwd"'


@pytest.fixture(scope="module")
def guard():
    return Guard(ServeSettings("none.pxa", upload_bytes=UPLOAD, upload_pixels=PIXELS))


@pytest.fixture(scope="module")
def port(guard):
    """Give the port of a server whose routes read bodies through the guard."""

    async def picture(request):
        data = await guard.body(request)
        guard.check_pixels(data)
        return JSONResponse({"bytes": len(data)})

    async def about(request):
        return JSONResponse(await guard.json(request))

    async def endless(_request):
        async def pieces():
            while True:
                yield bytes(65536)
                await asyncio.sleep(0)

        return StreamingResponse(pieces())

    async def problem(_request, error):
        return response(error)

    routes = [
        Route("/picture", picture, methods=["POST"]), Route("/json", about, methods=["POST"]),
        Route("/endless", endless), Route("/", lambda _: Response("here")),
    ]  # fmt: skip
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Gate, guard=guard, pace=PACE)],
        exception_handlers={Problem: problem},
    )
    with live(app, deadlines=DEADLINES, most=20) as at:
        yield at


@pytest.fixture(autouse=True)
def _is_there_after(port, guard):
    yield
    assert ask(port).body == b"here"
    assert guard.room.taken == 0


def png(size=(8, 8)):
    file = io.BytesIO()
    Image.fromarray(np.zeros((*size[::-1], 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width=40_000, height=40_000):
    """A PNG file of some hundred bytes that says it has many pixels."""
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", zlib.compress(bytes(9999))) + chunk(b"IEND", b"")


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.png", png())
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (bomb(), 413, "40000x40000"),
        (bomb(0, 5), 200, ""),
        (bomb(0xFFFFFFFF, 0xFFFFFFFF), 413, "pixels"),
        (b"P6 100000 100000 255\n", 413, "100000x100000"),
        (png((101, 100)), 413, "101x100"),
        (png((100, 100)), 200, ""),
        (zipped(), 415, "ZIP"),
        (zipped() + png(), 415, "ZIP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", 415, "SVG"),
        (b"<!doctype html><script>alert(1)</script>", 415, "web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", 415, "instructions"),
        (b"%PDF-1.7", 415, "PDF"),
        (bytes(1000), 415, "no image"),
        (b"\x89PNG\r\n\x1a\n", 200, ""),
        (b"\xff\xd8\xff\xe0", 200, ""),
    ],
)  # fmt: skip
def test_what_is_no_picture_or_too_large_a_one(port, data, status, says):
    """What is damaged passes: whoever decodes it says how."""
    for sent in (
        ask(port, "POST", "/picture", "Content-Type: image/png", body=data),
        ask(port, "POST", "/picture", OF_FORM, body=form((FILE, data))),
    ):
        assert sent.status == status, sent
        assert says in (sent.problem["detail"] if says else "")


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        ((OF_STREAM,), b"", 400),
        (("Content-Type: text/html",), b"x", 415),
        (("Content-Type: application/x-www-form-urlencoded",), b"file=x", 415),
        ((OF_STREAM, "Content-Encoding: gzip"), b"x", 415),
        ((OF_STREAM,), bytes(UPLOAD + 1), 413),
        (("Content-Type: multipart/form-data",), form((FILE, b"x")), 400),
        (("Content-Type: multipart/form-data; boundary=" + 80 * "b",), form((FILE, b"x")), 400),
        ((OF_FORM,), form((FILE, b"x"), end=False), 400),
        ((OF_FORM,), form((FILE.replace('"file"', '"other"'), b"x")), 400),
        ((OF_FORM,), form((FILE, b"")), 400),
        ((OF_FORM,), form((FILE, b"x"), (FILE, b"y")), 400),
        ((OF_FORM,), form(*[("Content-Disposition: form-data; name=a", b"x")] * 17), 400),
        ((OF_FORM,), form(("X: " + 5000 * "x", b"x")), 400),
        ((OF_FORM,), form(("\r\n".join(f"X{n}: x" for n in range(17)), b"x")), 400),
        ((OF_FORM,), b"--b0undary\r\nno header\r\n\r\nx", 400),
        ((OF_FORM,), bytes(1000), 400),
    ],
)
def test_bodies_of_another_kind(port, lines, body, status):
    assert ask(port, "POST", "/picture", *lines, body=body).problem["status"] == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"a":' * 30_000, 400),
        (b"9" * 5000, 400),
        (b"NaN", 400),
        (b'{"a": 1', 400),
        (b"\xff\xfe\x00", 400),
        (b"", 400),
        (b'{"a":"\\ud800"}', 400),
        (b'{"a":1}', 200),
    ],
)
def test_json(port, body, status):
    assert ask(port, "POST", "/json", "Content-Type: application/json", body=body).status == status


def test_json_too_large_and_of_another_type(port, guard):
    assert ask(port, "POST", "/json", "Content-Type: text/plain", body=b"{}").status == 415
    long = b'"' + 150_000 * b"x" + b'"'
    assert ask(port, "POST", "/json", "Content-Type: application/json", body=long).status == 200


def test_bodies_in_chunks_are_counted(port):
    start = head("POST", "/picture", OF_STREAM, "Transfer-Encoding: chunked")
    assert exchange(port, start + chunked(png())).status == 200
    assert exchange(port, start + chunked(*[bytes(60_000)] * 4)).problem["status"] == 413


def test_lengths_that_are_not_true(port):
    start = head("POST", "/picture", OF_STREAM, "Content-Length: 10")
    assert exchange(port, start + b"short").problem["status"] == 408
    # What is behind the end is the next request, or none.
    with connected(port) as connection:
        connection.sendall(start + png() + b"\r\n\r\n")
        assert answer(connection).status == 200
        assert ends_within(connection, 2)
    for lengths in (("-1",), ("x",), ("5", "6"), ("9" * 30,)):
        lines = [f"Content-Length: {length}" for length in lengths]
        assert exchange(port, head("POST", "/picture", OF_STREAM, *lines) + b"short").status in {400, 413}
    both = head("POST", "/picture", OF_STREAM, "Content-Length: 3", "Transfer-Encoding: chunked")
    assert exchange(port, both + chunked(b"abc")).status in {400, 415}


def test_slow_bodies(port):
    with connected(port) as connection:
        connection.sendall(head("POST", "/picture", OF_STREAM, "Content-Length: 1000"))
        for _ in range(6):
            connection.sendall(b"x")
            time.sleep(0.06)
        assert answer(connection).problem["status"] == 408
        assert ends_within(connection, 2)


def test_slow_heads_and_idle_connections(port, capsys):
    with connected(port) as silent, connected(port) as slow, connected(port) as idle, connected(port) as left:
        idle.sendall(head("GET", "/"))
        assert answer(idle).status == 200
        left.sendall(head("POST", "/none", "Content-Length: 100000"))  # a body that nobody reads
        assert answer(left).status == 404
        for byte in head("GET", "/")[:8]:
            with contextlib.suppress(OSError):
                slow.sendall(bytes([byte]))
                left.sendall(b"x")
            time.sleep(0.05)
        for connection in (silent, slow, idle, left):
            assert ends_within(connection, 1.5)


def test_answers_that_nobody_reads(port, capsys):
    with connected(port) as connection:
        connection.sendall(head("GET", "/endless"))
        (line,) = lines_of(capsys)
    assert line["path"] == "/endless"


def test_more_connections_than_there_may_be(port):
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(connected(port)) for _ in range(30)]
        assert ask(port).status == 200
        assert ends_within(waiting[0], 2)
        for each in waiting:
            each.close()
        for _ in range(30):  # bodies that never come
            connection = stack.enter_context(connected(port))
            connection.sendall(head("POST", "/encode", "Content-Length: 9"))
        assert ask(port).status == 200


@pytest.mark.parametrize(
    ("data", "statuses"),
    [
        (b"\x16\x03\x01\x02\x00" + bytes(100), {400}),
        (b"GET / HTTP/9.9\r\n\r\n", {400, 421}),
        (b"GET / HTTP/1.0\r\n\r\n", {421}),
        (b"GET / HTTP/1.1\r\n\r\n", {400}),
        (head("GET", "/", "Host: localhost"), {400}),
        (b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
        (head("GET", "/", "X: " + 100_000 * "x"), {400, 431}),
        (head("GET", "/", *[f"X{n}: {100 * 'x'}" for n in range(400)]), {400, 431}),
        (head("GET", "/" + 9000 * "x"), {414}),
        (head("GET", "/?" + 9000 * "x"), {414}),
        (head("GET", "/a%00b"), {400}),
        (head("GET", "/a%0d%0aSet-Cookie:x"), {400}),
        (head("GET", "/%ff%fe"), {404}),
        (head("GET", "http://evil.example/"), {404}),
        (head("CONNECT", "evil.example:443"), {400, 404, 405}),
        (head("TRACE", "/"), {405}),
        (head("GET", "/", "Upgrade: websocket", "Connection: Upgrade"), {200}),
        (head("GET", "/", "X-Bad: a\rb"), {400}),
        (head("GET", "/", "Range: bytes=0-" + 50 * "9"), {200, 416}),
    ],
)  # fmt: skip
def test_heads(port, data, statuses):
    assert exchange(port, data).status in statuses


def test_what_is_no_http_is_logged(port, capsys):
    assert exchange(port, b"\r\nnonsense secret\r\n\r\n").status == 400
    (line,) = lines_of(capsys)
    assert (line["status"], line["error"]) == (400, "not HTTP")
    assert "secret" not in json.dumps(line)


def test_bodies_of_many_at_once_have_a_limit(port, guard):
    """Each is small enough; all of them are not."""
    statuses = []

    def send():
        with connected(port) as connection:
            connection.sendall(head("POST", "/picture", OF_STREAM, f"Content-Length: {UPLOAD}"))
            with contextlib.suppress(OSError):
                connection.sendall(bytes(UPLOAD - 1))
            statuses.append(answer(connection).status)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= statuses.count(503) <= 4
    assert statuses.count(408) == 8 - statuses.count(503)
