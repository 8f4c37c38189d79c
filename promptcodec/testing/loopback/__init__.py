"""An OpenAI-compatible server on this machine that draws and describes without any model.

    python -m promptcodec.testing.loopback --port 0 --log calls.jsonl --fault 429:2

It answers through the captioner ``local`` and the generator ``builtin``, refuses what the real API
refuses, and fails on demand. It proves the plumbing; it says nothing about quality.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from promptcodec.testing.loopback.faults import KINDS, parse
from promptcodec.testing.loopback.limits import MOST_BYTES, MOST_LINES
from promptcodec.testing.serving import running

__all__ = ["KINDS", "serve"]


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
    from promptcodec.testing.loopback.app import make  # noqa: PLC0415 - heavy

    app = make([parse(fault) for fault in faults], log, key, most_lines, most_bytes)
    with running(app) as url:
        yield f"{url}/v1"
