"""A server on a bare socket, for answers that no HTTP framework would send."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Reply = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """A server that answers each request by the next of its replies, the last one for ever."""

    replies: list[bytes | Reply]
    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self.requests.append(_read(connection))
            reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
            if callable(reply):
                reply(connection)
            else:
                connection.sendall(reply)


@contextlib.contextmanager
def raw_server(*replies: bytes | Reply) -> Iterator[RawServer]:
    """Answer on a free port until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(list(replies), listener.getsockname()[1])

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=server.answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # closing alone would leave the thread waiting
        listener.close()


def http(body: bytes | object, status: str = "200 OK", *headers: str) -> bytes:
    """Make an HTTP response; a body that is no bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"HTTP/1.1 {status}", "connection: close", f"content-length: {len(data)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + data


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or b"\r\n\r\n"
        if data[:1] == b"\x16":  # TLS: its handshake has no end that could be looked for
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].partition(b":")[2]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536) or b" " * length
    return head + b"\r\n\r\n" + body
