"""A client that takes little of a core: many connections that stay open, each with one request at a time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Taken:
    """What requests took.

    Attributes:
        ms: of each, in the order of their ends.
        statuses: how often each was answered.
        bytes: of all bodies.
        seconds: from the first to the last.
    """

    ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    bytes: int = 0
    seconds: float = 0.0

    def row(self) -> dict[str, object]:
        """Give the figures."""
        ordered = sorted(self.ms)
        return {
            "requests": len(ordered),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "p50_ms": round(_at(ordered, 0.5), 1),
            "p99_ms": round(_at(ordered, 0.99), 1),
            "worst_ms": round(ordered[-1], 1),
            "per_second": round(len(ordered) / self.seconds, 1),
            "mb": round(self.bytes / 1e6, 1),
        }


def _at(ordered: list[float], share: float) -> float:
    """Give the value that this share of all does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


async def ask(port: int, requests: Iterable[tuple[str, str]], connections: int) -> Taken:
    """Send requests from so many connections, each as soon as its last one is answered.

    Args:
        port: of this machine.
        requests: addresses, and header lines that end in CRLF.
        connections: at most.
    """
    taken, left = Taken(), iter(requests)
    start = time.perf_counter()
    await asyncio.gather(*(_one(port, left, taken) for _ in range(connections)))
    taken.seconds = time.perf_counter() - start
    return taken


async def _one(port: int, left: Iterator[tuple[str, str]], taken: Taken) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        for path, headers in left:
            start = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode())
            status, size = await _answer(reader)
            taken.ms.append(1000 * (time.perf_counter() - start))
            taken.statuses[status] = taken.statuses.get(status, 0) + 1
            taken.bytes += size
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Read an answer to its end; give its status and the bytes of its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    if status in {204, 304}:
        return status, 0
    _, known, rest = head.partition(b"\r\ncontent-length:")
    if known:
        size = int(rest.partition(b"\r\n")[0])
        await reader.readexactly(size)
        return status, size
    total = 0
    while size := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(size + 2)
        total += size
    await reader.readexactly(2)
    return status, total
