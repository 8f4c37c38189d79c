"""Small pictures of a gallery, many at once: those that are kept first, the others as they are drawn."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from promptcodec.errors import PromptcodecError
from promptcodec.server.guard import Caller
from promptcodec.server.problems import Problem
from promptcodec.server.renders.cache import Cache
from promptcodec.server.renders.drawn import Drawn
from promptcodec.server.renders.files import Files
from promptcodec.server.renders.job import DONE, FAILED
from promptcodec.server.renders.jobs import CORES, Jobs
from promptcodec.server.renders.wanted import Wanted, key_of

_SOME = 16
"""Files that are read before the first is sent."""
_TURN = "tiles"
"""With the name of who asks, whose turn tiles take: they wait for each other, and renders come between."""
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Tiles:
    """Small pictures that one request asks for.

    Attributes:
        jobs: draw them.
        cache: keeps them.
        files: read the cache.
        wanted: what is drawn of each stream.
        caller: who asks.
        asker: a name of this request alone.
        room: for as many as it has drawn at a time.
    """

    jobs: Jobs
    cache: Cache
    files: Files
    wanted: Wanted
    caller: Caller
    asker: str = field(default_factory=lambda: f"{_TURN} {next(_numbers)}")
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CORES))

    async def of(self, streams: Sequence[tuple[bytes, bytes]]) -> AsyncIterator[tuple[bytes, bytes]]:
        """Give ids with JPEG files, empty for what cannot be drawn; see ``Renders.tiles``."""
        missing: list[tuple[bytes, bytes, str]] = []
        for start in range(0, len(streams), _SOME):
            read = functools.partial(self._kept, streams[start : start + _SOME])
            for id_, stream, key, drawn in await self.files.run(read):
                if key and drawn is None:
                    missing.append((id_, stream, key))
                else:
                    yield id_, drawn.data if drawn else b""
        tasks = [asyncio.ensure_future(self._drawn(*each)) for each in missing]
        try:
            for task in asyncio.as_completed(tasks):
                id_, data = await task
                if data is not None:
                    yield id_, data
        finally:
            for each in tasks:
                each.cancel()

    def _kept(self, some: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes, str, Drawn | None]]:
        keys = [_key_or_none(stream, self.wanted) for _, stream in some]
        return [
            (*each, key, self.cache.read(key) if key else None) for each, key in zip(some, keys, strict=True)
        ]

    async def _drawn(self, id_: bytes, stream: bytes, key: str) -> tuple[bytes, bytes | None]:
        """Have one drawn; None where the server ends before."""
        async with self.room:
            if key not in self.jobs.active and (drawn := await self.files.run(lambda: self.cache.read(key))):
                return id_, drawn.data  # somebody else has wanted it meanwhile
            try:
                job = self.jobs.join(
                    key, stream, self.wanted, self.caller, forced=True, turn=f"{_TURN} {self.caller.name}"
                )
            except Problem:
                return id_, None
            job.asked.add(self.asker)
            try:
                await job.freed.wait()
            finally:
                self.jobs.leave(job, self.asker)
        if job.state == DONE and job.drawn:
            return id_, job.drawn.data
        return id_, b"" if job.state == FAILED else None


def _key_or_none(stream: bytes, wanted: Wanted) -> str:
    try:
        return key_of(stream, wanted)
    except PromptcodecError:
        return ""
