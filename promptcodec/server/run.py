"""The process: one, with one event loop, that ends when it is asked to and leaves nothing half done."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from promptcodec.errors import UsageError
from promptcodec.server import protocol
from promptcodec.server.guard import logs
from promptcodec.server.protocol import Connection, Deadlines
from promptcodec.testing import serving

_ENDING = tuple(number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)))
_LAST_SECONDS = 2
"""For answers on their way."""

Stop = Callable[[], None]


class Server(uvicorn.Server):
    """uvicorn's server, that lets nobody wait for what takes long once it ends.

    Args:
        config: of uvicorn.
        stop: called first: whoever waits for a picture is let go, and nothing new is begun. What is being
            drawn ends with the application.
    """

    def __init__(self, config: uvicorn.Config, stop: Stop) -> None:
        super().__init__(config)
        self._stop = stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End every connection, then the application."""
        self._stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End when asked to; signals that are ignored, as ``nohup`` has it, stay so."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [number for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._captured_signals:  # whoever had them before ends the program by them
            signal.raise_signal(self._captured_signals[0])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; for a second signal at once: nothing here is left half written by that."""
        if self.should_exit:
            os._exit(128 + sig)
        super().handle_exit(sig, frame)


def server(
    app: Any, stop: Stop, deadlines: Deadlines = protocol.DEADLINES, most: int = protocol.MOST
) -> Server:
    """Make the server of an application.

    Args:
        app: ASGI.
        stop: as of ``Server``.
        deadlines: of connections.
        most: connections.
    """
    connection = type("Connection", (Connection,), {"deadlines": deadlines, "most": most})
    config = uvicorn.Config(
        app,
        http=connection,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=most + 1,
        timeout_keep_alive=math.ceil(deadlines.idle),
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
    return Server(config, stop)


def run(app: Any, stop: Stop, listener: socket.socket) -> None:
    """Serve until a signal; the first line on standard output says where, as ``{"base_url": ...}``."""
    logs.take()
    with listener:
        print(json.dumps({"base_url": serving.address(listener)}), flush=True)  # noqa: T201
        server(app, stop).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Open the socket.

    Raises:
        UsageError: it cannot be.
    """
    try:
        return serving.listen(port, host)
    except socket.gaierror as error:
        raise UsageError(f"the host {host} has no address: {error.strerror}") from None
    except OSError as error:
        way_out = {
            errno.EADDRINUSE: "another program listens there; name another port, or 0 for any free one",
            errno.EADDRNOTAVAIL: "this machine has no such address; 0.0.0.0 stands for all of its own",
            errno.EACCES: "ports below 1024 are the administrator's; name a higher one",
        }.get(error.errno or 0, "name another host or port")
        raise UsageError(f"{host}, port {port}: {error.strerror}; {way_out}") from None
