"""How servers are started: those for tests on 127.0.0.1, in this thread or in one of their own."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

_OFTEN = 0.005
"""Seconds between two looks whether a server is to end."""


def need() -> None:
    """End the program with what to install, where what servers for tests are made of is missing."""
    if names := absent():
        sys.exit(f"this server needs {', '.join(names)}: pip install 'promptcodec[server]'")


def absent() -> list[str]:
    """Give what servers are made of and is not installed."""
    names = ("starlette", "uvicorn", "python-multipart")
    return [name for name in names if importlib.util.find_spec(name.replace("-", "_")) is None]


def listen(port: int = 0, host: str = "127.0.0.1") -> socket.socket:
    """Open a socket of this machine; port 0 is any free one.

    Raises:
        OSError: the machine has no such address, or the port is taken.
    """
    family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    # Named, so that asyncio sends answers at once: else each waits 40 ms for the client to confirm its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def address(listener: socket.socket) -> str:
    """Give the base URL of a socket: of one that stands for all addresses, the one of this machine alone."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def running(app: Any) -> Iterator[str]:
    """Run an ASGI application in a thread of this process; give its base URL."""
    with listen() as at:
        server = _server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        try:
            yield address(at)
        finally:
            server.should_exit = True
            thread.join(10)


def _server(app: Any) -> Any:
    """Give a server that ends as soon as it has answered; tests start hundreds.

    uvicorn's own looks every tenth of a second whether it is to end, and then whether it has.
    """
    import uvicorn  # noqa: PLC0415 - heavy

    class Server(uvicorn.Server):
        async def main_loop(self) -> None:
            await self.on_tick(0)  # the headers that all answers have
            await _until(lambda: self.should_exit)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for each in (*self.servers, *(sockets or ())):
                each.close()
            state = self.server_state
            for connection in list(state.connections):
                connection.shutdown()
            await _until(lambda: not (state.connections or state.tasks))
            await self.lifespan.shutdown()

    return Server(uvicorn.Config(app, log_level="critical"))


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - another thread, and uvicorn, tell of no event
        await asyncio.sleep(_OFTEN)


def run(app: Any, port: int, path: str = "") -> None:
    """Serve until interrupted; the first line on standard output says where, as ``{"base_url": ...}``."""
    import uvicorn  # noqa: PLC0415 - heavy

    with listen(port) as at:
        print(json.dumps({"base_url": address(at) + path}), flush=True)  # noqa: T201
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[at])
