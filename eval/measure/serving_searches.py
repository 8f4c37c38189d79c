"""What a server over many pictures takes to list and to search them, from a start with nothing in memory."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from eval.measure.archive_queries import queries
from eval.measure.serving import Running, started

KINDS = ("words", "word", "colour")
ROWS = (12, 48)
"""How many pictures a search gives."""
TYPING = 2.0
"""Seconds from the list to the first search; a server loads what searches need as soon as it has started."""


def searches(archive: Path) -> Iterator[dict[str, Any]]:
    """Ask servers that have just started; give a row for what a page asks first, and for searches.

    Args:
        archive: with its index; neither is written.
    """
    wanted = [query for kind in KINDS for query in queries(kind)]
    for rows in ROWS:
        forget(archive)
        with tempfile.TemporaryDirectory() as folder, started(archive, Path(folder)) as server:
            yield _first(server, rows)
            yield _searched(server, wanted, rows)


def forget(archive: Path) -> None:
    """Have the system drop what it keeps of the files, so that they are read from the disk."""
    for path in (archive, Path(f"{archive}.index")):
        if path.exists():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _first(server: Running, rows: int) -> dict[str, Any]:
    """Take the time of the list's first request, of a second one, and of the gallery's colours."""
    lists = [_ms(lambda: server.get(f"/images?limit={rows}")) for _ in range(2)]
    gallery = [_ms(lambda: server.read("/gallery")) for _ in range(2)]
    total = server.get("/images?limit=1")["total"]
    return {"what": "list", "pictures": total, "rows": rows, "list_ms": lists, "gallery_ms": gallery}


def _searched(server: Running, wanted: list[str], rows: int) -> dict[str, Any]:
    """Search for each once, then once more while the ranking is remembered."""
    time.sleep(TYPING)
    first, again = [], []
    for query in wanted:
        path = f"/images?{urlencode({'query': query, 'limit': rows})}"
        first.append(_ms(lambda path=path: server.get(path)))
        again.append(_ms(lambda path=path: server.get(path)))
    slowest = max(range(len(first)), key=first.__getitem__)
    return {
        "what": "searches", "searches": len(wanted), "rows": rows,
        "p50_ms": sorted(first)[len(first) // 2], "worst_ms": first[slowest], "slowest": wanted[slowest],
        "over_100_ms": sum(each > 100 for each in first), "again_worst_ms": max(again),
        "memory_mb": round(server.memory(), 1),
    }  # fmt: skip


def _ms(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return round(1000 * (time.perf_counter() - start), 1)
