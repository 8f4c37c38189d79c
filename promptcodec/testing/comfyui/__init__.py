"""A server on this machine that speaks ComfyUI's protocol and draws without any model.

    python -m promptcodec.testing.comfyui --port 0 --log calls.jsonl --fault slow:2

It takes the graphs that ComfyUI takes and refuses what it refuses, runs core nodes in miniature, and fails on
demand. It proves the plumbing; its pictures are noise that depends on every input. Nothing is written but the
log: uploads and pictures stay in memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from promptcodec.testing.comfyui.faults import KINDS, Faults
from promptcodec.testing.serving import running

__all__ = ["KINDS", "serve"]


@contextlib.contextmanager
def serve(
    faults: Sequence[str] = (), log: Path | None = None, key: str = "", *, jobs: bool = True
) -> Iterator[str]:
    """Run the server in a thread of this process; give its base URL.

    Args:
        faults: ``KIND`` or ``KIND:ARGUMENT``, as on the command line.
        log: JSON lines go there: ``{method, path, status}`` for each request, ``{job, event}`` for each job.
        key: the one key that is accepted; empty accepts any.
        jobs: it has ``/api/jobs``, as servers since 2025 do.
    """
    from promptcodec.testing.comfyui.app import make  # noqa: PLC0415 - heavy

    with running(make(Faults(faults), log, key, jobs=jobs)) as url:
        yield url
