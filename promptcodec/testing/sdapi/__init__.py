"""Servers of ``/sdapi/v1`` on this machine that draw without any model.

    python -m promptcodec.testing.sdapi --port 0 --server a1111 --log calls.jsonl --fault nan

Each takes what the real server takes, refuses what it refuses, and parses prompts by a grammar of its own,
so that the log says which syntax reached it. It proves the plumbing; it says nothing about quality.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from promptcodec.testing.sdapi.faults import KINDS, parse
from promptcodec.testing.sdapi.lists import SERVERS
from promptcodec.testing.serving import running

if TYPE_CHECKING:
    from promptcodec.testing.sdapi.service import Service

__all__ = ["KINDS", "SERVERS", "serve"]


@contextlib.contextmanager
def serve(
    server: str, faults: Sequence[str] = (), log: Path | None = None, key: str = ""
) -> Iterator[tuple[str, Service]]:
    """Run a server in a thread of this process; give its base URL, and what it keeps.

    Args:
        server: one of SERVERS.
        faults: ``KIND`` or ``KIND:N``, as on the command line.
        log: JSON lines go there, one for each request.
        key: the one that is accepted, ``user:password`` or a token; empty accepts any.
    """
    from promptcodec.testing.sdapi.app import make  # noqa: PLC0415 - heavy
    from promptcodec.testing.sdapi.service import Service  # noqa: PLC0415 - heavy

    service = Service(server, [parse(fault) for fault in faults], log, key)
    with running(make(service)) as url:
        yield url, service
