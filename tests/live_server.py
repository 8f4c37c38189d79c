"""The real server in a thread of this process, and requests as no client would send them."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import threading
import time
from dataclasses import dataclass

from promptcodec.server import run
from promptcodec.server.protocol import DEADLINES, MOST
from promptcodec.testing import serving


@dataclass(frozen=True)
class Answer:
    """One answer; ``headers`` by name in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self):
        assert self.headers["content-type"] == "application/problem+json", self
        return json.loads(self.body)


@contextlib.contextmanager
def live(app, *, deadlines=DEADLINES, most=MOST):
    """Serve an application as ``promptcodec serve`` does; give its port."""
    with serving.listen() as at:
        server = run.server(app, lambda: None, deadlines, most)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        try:
            yield at.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


def head(method, path, *headers, host="localhost"):
    """Give the bytes of a request's head."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def ask(port, method="GET", path="/", *headers, body=b"", host="localhost"):
    """Send one request with these header lines, and the length of its body."""
    lengths = (f"Content-Length: {len(body)}",) if body else ()
    return exchange(port, head(method, path, *headers, *lengths, host=host) + body)


def exchange(port, data, seconds=3):
    """Send bytes; give the answer, None where the connection ends without one."""
    with connected(port, seconds) as connection:
        with contextlib.suppress(OSError):  # answered before it has read everything
            connection.sendall(data)
        return answer(connection)


def connected(port, seconds=3):
    """Connect."""
    return socket.create_connection(("127.0.0.1", port), seconds)


def answer(connection):
    """Read one answer; None where the connection ends without one."""
    reading = http.client.HTTPResponse(connection)
    try:
        reading.begin()
        body = reading.read()
    except (http.client.HTTPException, ConnectionError):
        return None
    return Answer(reading.status, {name.lower(): value for name, value in reading.getheaders()}, body)


def ends_within(connection, seconds):
    """Say whether the server ends a connection in time."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def chunked(*pieces):
    """Give a body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def form(*parts, boundary="b0undary", end=True):
    """Give a multipart body: of parts, each its header lines and its data."""
    file = io.BytesIO()
    for headers, data in parts:
        file.write(f"--{boundary}\r\n{headers}\r\n\r\n".encode() + data + b"\r\n")
    file.write(f"--{boundary}--\r\n".encode() if end else b"")
    return file.getvalue()


def lines_of(capsys, count=1, seconds=5.0):
    """Give the lines that were logged, as objects, when there are so many."""
    text, end = "", time.monotonic() + seconds
    while text.count("\n") < count and time.monotonic() < end:
        text += capsys.readouterr().err
        time.sleep(0.005)
    return [json.loads(line) for line in text.splitlines()]
