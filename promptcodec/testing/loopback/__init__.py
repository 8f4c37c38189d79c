"""An OpenAI-compatible server on this machine that draws and describes without any model.

    python -m promptcodec.testing.loopback --port 0 --log calls.jsonl --fault 429:2

It answers through the captioner ``local`` and the generator ``builtin``, refuses what the real API
refuses, and fails on demand. It proves the plumbing; it says nothing about quality.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from promptcodec.testing.loopback.faults import KINDS, parse
from promptcodec.testing.loopback.rules import MOST_BYTES, MOST_LINES

__all__ = ["KINDS", "serve"]


def listen(port: int = 0) -> socket.socket:
    """Open a socket on 127.0.0.1; port 0 is any free one."""
    # Named, so that asyncio sends answers at once: else each waits 40 ms for the client to confirm its head.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1024)
    return listener


@contextlib.contextmanager
def serve(
    faults: Sequence[str] = (),
    log: Path | None = None,
    key: str = "",
    most_lines: int = MOST_LINES,
    most_bytes: int = MOST_BYTES,
) -> Iterator[str]:
    """Run the server in a thread of this process; give its base URL.

    Args:
        faults: ``KIND``, ``KIND:N``, ``KIND:N/EVERY`` or ``KIND:P%``, as on the command line.
        log: JSON lines ``{method, path, status, input_sha256}`` go there: one for each request, and one of
            the method ``BATCH`` for each line of a batch that is worked off.
        key: the one key that is accepted; empty accepts any.
        most_lines: of a batch.
        most_bytes: of its file.
    """
    import uvicorn  # noqa: PLC0415 - heavy

    from promptcodec.testing.loopback.app import make  # noqa: PLC0415

    with listen() as at:
        app = make([parse(fault) for fault in faults], log, key, most_lines, most_bytes)
        config = uvicorn.Config(app, log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{at.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            thread.join(10)
