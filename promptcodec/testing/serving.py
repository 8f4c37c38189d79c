"""How every server for tests is started: on 127.0.0.1, in this thread or in one of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any


def need() -> None:
    """End the program with what to install, where what servers for tests are made of is missing."""
    names = ("starlette", "uvicorn", "python_multipart")
    if absent := [name for name in names if importlib.util.find_spec(name) is None]:
        sys.exit(f"this server needs {', '.join(absent)}: pip install 'promptcodec[server]'")


def listen(port: int = 0) -> socket.socket:
    """Open a socket on 127.0.0.1; port 0 is any free one."""
    # Named, so that asyncio sends answers at once: else each waits 40 ms for the client to confirm its head.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1024)
    return listener


def address(listener: socket.socket) -> str:
    """Give the base URL of a socket."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def running(app: Any) -> Iterator[str]:
    """Run an ASGI application in a thread of this process; give its base URL."""
    import uvicorn  # noqa: PLC0415 - heavy

    with listen() as at:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        try:
            yield address(at)
        finally:
            server.should_exit = True
            thread.join(10)


def run(app: Any, port: int, path: str = "") -> None:
    """Serve until interrupted; the first line on standard output says where, as ``{"base_url": ...}``."""
    import uvicorn  # noqa: PLC0415 - heavy

    with listen(port) as at:
        print(json.dumps({"base_url": address(at) + path}), flush=True)  # noqa: T201
        uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[at])
