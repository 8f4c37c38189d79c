"""How a server bears load: cached pictures, one picture that many want, a long mixture, a kill and a restart.

The server is the real one, in a process of its own with a cache of its own, on the client's machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.measure.asking import ask
from promptcodec.server.renders.cache import Cache

ROOT = Path(__file__).parent.parent.parent
SIDE, TILE = 320, 160
PICTURES = 100
"""That are asked for, at most."""
SETTLED = 1000
"""Requests of the mixture before memory is looked at first."""
PARKED = 12
"""Jobs that a killed server has."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked.

    Attributes:
        cached: renders that are cached.
        mixed: requests of the mixture.
        connections: at a time.
    """

    cached: int
    mixed: int
    connections: int


@dataclass(frozen=True, slots=True)
class Running:
    """A server.

    Attributes:
        process: of it.
        port: of this machine.
    """

    process: subprocess.Popen[str]
    port: int

    def read(self, path: str, **headers: str) -> bytes:
        """Ask for something."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=600) as answer:
            body: bytes = answer.read()
        return body

    def get(self, path: str, **headers: str) -> Any:
        """Ask for JSON."""
        return json.loads(self.read(path, **headers))

    def cpu(self) -> float:
        """Give the seconds of processor it has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Give its resident memory in MB."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * _PAGE / 1e6


@contextlib.contextmanager
def started(archive: Path, cache: Path) -> Iterator[Running]:
    """Start a server; end it by SIGTERM if it is still there."""
    command = [sys.executable, "-m", "promptcodec", "serve", str(archive.absolute()), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--cache", str(cache)],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["base_url"]
        yield Running(process, int(url.rpartition(":")[2]))
    finally:
        process.terminate()
        process.communicate()


def measure(archive: Path, load: Load) -> Iterator[dict[str, Any]]:
    """Measure all of it; give one row for each thing.

    Args:
        archive: its pictures are asked for; it is not written.
        load: how much is asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        with started(archive, cache) as server:
            rows = server.get(f"/images?limit={PICTURES}")["images"]
            ids = [row["id"] for row in rows]
            yield {"what": "pictures", "pictures": len(ids)}
            yield _single(server, _large(rows), load)
            yield _tiles(server, ids)
            yield from _cached(server, ids, load)
            yield _mixed(server, ids, load)
        yield from _killed(archive, cache, ids)


def _large(rows: list[dict[str, Any]]) -> str:
    """Give the picture with the most pixels, whose drawing takes a while."""
    largest: str = max(rows, key=lambda row: row["width"] * row["height"])["id"]
    return largest


def _render(id_: str, query: str = f"size={SIDE}") -> str:
    return f"/images/{id_}/render?{query}"


def _single(server: Running, id_: str, load: Load) -> dict[str, Any]:
    """Draw one picture for one client, then another of its kind for all of them at once."""
    asyncio.run(ask(server.port, [(_render(id_, "size=800&seed=1"), "")], 1))  # what is loaded once is loaded
    before = server.cpu()
    asyncio.run(ask(server.port, [(_render(id_, "size=800&seed=2"), "Prefer: wait=100\r\n")], 1))
    one = server.cpu() - before
    requests = [(_render(id_, "size=800&seed=3"), "Prefer: wait=100\r\n")] * load.connections
    before = server.cpu()
    taken = asyncio.run(ask(server.port, requests, load.connections))
    cpu = {"cpu_s_alone": round(one, 2), "cpu_s": round(server.cpu() - before, 2)}
    return {"what": "one picture, all at once", **taken.row(), **cpu}


def _tiles(server: Running, ids: list[str]) -> dict[str, Any]:
    before, path = server.cpu(), f"/tiles?ids={','.join(ids[:96])}&side={TILE}"
    taken = asyncio.run(ask(server.port, [(path, "")], 1))
    cpu = server.cpu() - before
    count = len(ids[:96])
    return {"what": "tiles", "tiles": count, **taken.row(), "cpu_ms_per_tile": round(1000 * cpu / count, 1)}


def _cached(server: Running, ids: list[str], load: Load) -> Iterator[dict[str, Any]]:
    asyncio.run(ask(server.port, [(_render(id_), "Prefer: wait=100\r\n") for id_ in ids], 2))
    paths = itertools.islice(itertools.cycle([(_render(id_), "") for id_ in ids]), load.cached)
    before = server.cpu()
    taken = asyncio.run(ask(server.port, paths, load.connections))
    cpu = round(1000 * (server.cpu() - before) / load.cached, 2)
    yield {"what": "cached renders", **taken.row(), "cpu_ms_each": cpu}
    # Any tag of theirs is taken for the picture's by a server that would draw it anew.
    same = itertools.islice(
        itertools.cycle([(_render(id_), "If-None-Match: *\r\n") for id_ in ids]), load.cached
    )
    yield {"what": "not modified", **asyncio.run(ask(server.port, same, load.connections)).row()}


def _mixed(server: Running, ids: list[str], load: Load) -> dict[str, Any]:
    """Ask for cached renders, tiles, and JSON in turn; look at memory after some and after all."""
    some = ",".join(ids[:24])
    kinds = itertools.cycle(
        [
            *(lambda id_=id_: _render(id_) for id_ in ids),
            *(lambda id_=id_: f"/images/{id_}" for id_ in ids[: len(ids) // 2]),
            *(lambda start=start: f"/images?start={start}&limit=20" for start in range(0, len(ids), 5)),
            *(lambda: f"/tiles?ids={some}&side={TILE}" for _ in range(5)),
        ]
    )
    settled = min(SETTLED, load.mixed // 2)
    requests = ((make(), "") for make in itertools.islice(kinds, load.mixed))
    asyncio.run(ask(server.port, itertools.islice(requests, settled), load.connections))
    before = server.memory()
    taken = asyncio.run(ask(server.port, requests, load.connections))
    after = server.memory()
    memory = {"memory_mb": [round(before, 1), round(after, 1)], "growth_mb": round(after - before, 1)}
    return {"what": "mixture", **taken.row(), **memory}


def _killed(archive: Path, cache: Path, ids: list[str]) -> Iterator[dict[str, Any]]:
    """Kill a server while it draws; look at what it leaves; start another that goes on."""
    jobs: list[str] = []
    with started(archive, cache) as server:
        for id_ in ids[:PARKED]:
            with contextlib.suppress(urllib.error.HTTPError):
                jobs.append(server.get(_render(id_, "seed=9"), Prefer="respond-async")["job"]["id"])
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    kept = Cache(cache, 1 << 40)
    keys = [path.name for path in (cache / "pictures").glob("*/*")]
    broken = sum(kept.read(key) is None for key in keys)
    parked = [path.stem for path in (cache / "parked").glob("*.json")]
    yield {"what": "killed", "jobs": len(jobs), "parked": len(parked), "entries": len(keys), "broken": broken}
    start = time.perf_counter()
    with started(archive, cache) as server:
        while any(server.get(f"/jobs/{key}")["state"] in {"waiting", "running"} for key in jobs):
            time.sleep(0.2)
        states = [server.get(f"/jobs/{key}")["state"] for key in jobs]
    yield {
        "what": "gone on with",
        "jobs": len(jobs),
        "done": states.count("done"),
        "left": len(list((cache / "parked").glob("*.json"))),
        "seconds": round(time.perf_counter() - start, 1),
    }
