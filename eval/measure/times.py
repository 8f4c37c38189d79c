"""How long something takes, asked many times; how much memory this process had."""

from __future__ import annotations

import re
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Spent(NamedTuple):
    """Milliseconds: of the clock on the wall, and of the processor, here and in processes waited for."""

    wall: float
    cpu: float


def taken(do: Callable[[T], object], values: Iterable[T]) -> list[Spent]:
    """Do something for each value; say how long each took."""
    every = []
    for value in values:
        wall, cpu = time.perf_counter(), _processor()
        do(value)
        every.append(Spent(1000 * (time.perf_counter() - wall), 1000 * (_processor() - cpu)))
    return every


def _processor() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def median(rounds: Sequence[Spent]) -> Spent:
    """Give the median of each clock."""
    return Spent(*map(statistics.median, zip(*rounds, strict=True)))


def percentiles(every: Sequence[Spent]) -> dict[str, float]:
    """Give the median, what 95 % stay below, and the most; of the processor's time the first two."""
    wall, cpu = (sorted(times) for times in zip(*every, strict=True))
    return {
        "p50_ms": statistics.median(wall),
        "p95_ms": _below(wall, 0.95),
        "max_ms": wall[-1],
        "cpu_p50_ms": statistics.median(cpu),
        "cpu_p95_ms": _below(cpu, 0.95),
    }


def _below(ordered: Sequence[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]


def peak_mb() -> int | None:
    """Give the most memory this process had, in MB; None where the system does not say it."""
    status = Path("/proc/self/status")
    match = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
    return int(match[1]) // 1024 if match else None
