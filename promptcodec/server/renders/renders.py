"""Pictures drawn on demand: each once, however many ask for it at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

from promptcodec.api.spending import Limits
from promptcodec.errors import PromptcodecError
from promptcodec.generators import PricedGenerator
from promptcodec.server.guard import Caller
from promptcodec.server.problems import Problem
from promptcodec.server.renders import lock, parked
from promptcodec.server.renders.cache import Cache
from promptcodec.server.renders.drawing import generator_of
from promptcodec.server.renders.drawn import Drawn
from promptcodec.server.renders.files import Files
from promptcodec.server.renders.heavy import Heavy
from promptcodec.server.renders.job import ENDED, RUNNING, Job, shown_of
from promptcodec.server.renders.jobs import Jobs
from promptcodec.server.renders.tiles import Tiles
from promptcodec.server.renders.wanted import TILE, Wanted, key_of
from promptcodec.server.settings import ServeSettings
from promptcodec.settings import GENERATOR

_log = logging.getLogger(__name__)
Value = TypeVar("Value")
_KEY = re.compile("[0-9a-f]{64}")
_FILES = 4
"""Threads that read the cache."""
_HEARTBEAT, _PACE = 5.0, 0.1
"""Seconds after which who watches hears that nothing is new, and between two news."""


class Renders:
    """Pictures drawn on demand. Its methods are called in the event loop, which none blocks.

    Args:
        settings: of the server.
        limits: what priced generators may spend for somebody.
    """

    def __init__(self, settings: ServeSettings, limits: Callable[[Caller], Limits]) -> None:
        self.settings = settings
        self._cache = Cache(settings.cache, settings.cache_bytes)
        self._files, self._notes, self._heavy = Files(_FILES), Files(1), Heavy()
        self._jobs = Jobs(settings, self._cache, limits, self._forget)
        self._parked = settings.cache / "parked"

    async def start(self, named: Callable[[str], Caller]) -> None:
        """Open the cache, and go on with the jobs that were parked.

        Args:
            named: gives who has a name.
        """
        alone = await self._files.run(lambda: lock.take(self.settings.cache))
        await self._files.run(lambda: self._cache.open(alone=alone))
        self._jobs.priced = await self._files.run(lambda: _priced(self.settings.generators))
        if not alone:
            _log.warning("another server uses the same cache: parked jobs are left to it")
            return
        for each in await self._files.run(lambda: list(parked.resume(self._parked, self.settings))):
            caller = named(each.caller)
            if self.priced(each.wanted.generator) and not caller.may_spend:
                parked.forget(self._parked, each.key)
                continue
            job = self._jobs.join(each.key, each.stream, each.wanted, caller, forced=True)
            job.asked |= set(each.asked)
            job.parked = frozenset(each.asked)

    def stop(self) -> None:
        """Begin nothing more; who waits for a picture is soon told of a job, which stays parked."""
        self._jobs.stop()

    async def close(self) -> None:
        """Wait for what has begun, as long as settings allow; the rest stays parked."""
        self.stop()
        await asyncio.gather(self._jobs.finish(self.settings.grace), self._heavy.finish(self.settings.grace))

    def end(self) -> None:
        """Let the cache go, after the last answer."""
        self._files.close()
        self._notes.close()
        lock.give(self.settings.cache)

    def priced(self, generator: str) -> bool:
        """Say whether a generator asks paid services."""
        return generator in self._jobs.priced

    def needs_drawing(self, key: str) -> bool:
        """Say whether a picture is neither kept nor being drawn."""
        return key not in self._jobs.active and not self._cache.has(key)

    @property
    def kept_bytes(self) -> int:
        """Give how many bytes of pictures are kept, about."""
        return self._cache.kept_bytes

    def counts(self) -> tuple[int, int]:
        """Give how many jobs wait, and how many run."""
        active = self._jobs.active.values()
        running = sum(job.state == RUNNING for job in active)
        return len(active) - running, running

    async def kept(self, key: str) -> Drawn | None:
        """Give a picture that was drawn before."""
        return await self._files.run(lambda: self._cache.read(key)) if _KEY.fullmatch(key) else None

    async def picture(self, stream: bytes, wanted: Wanted, caller: Caller, wait: float) -> Drawn | Job:
        """Give the picture of a stream, or the job that draws it.

        Args:
            stream: without magic and checksum.
            wanted: what is drawn of it.
            caller: who asks; who asks first pays.
            wait: seconds until who asks is told of a job.

        Raises:
            Problem: it cannot be drawn, too much waits, the job was cancelled.
            BitstreamError: the stream cannot be read.
        """
        key = key_of(stream, wanted)
        drawn = await self.kept(key)
        if drawn is None and not self.needs_drawing(key) and key not in self._jobs.active:
            drawn = await self.kept(key)  # its job ended while the disk was asked
        if drawn:
            return drawn
        job = self._jobs.join(key, stream, wanted, caller)
        job.asked.add(caller.name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await job.freed.wait()
        if job.state not in ENDED:
            await self._park(job)
        return _outcome(job) if job.state in ENDED else job

    def tiles(
        self, streams: Sequence[tuple[bytes, bytes]], side: int, caller: Caller
    ) -> AsyncIterator[tuple[bytes, bytes]]:
        """Give small pictures by ``builtin``, each as soon as it is there.

        Args:
            streams: ids and bare streams.
            side: the longest, in pixels.
            caller: who asks.

        Returns:
            Ids with JPEG files, empty for what cannot be drawn.
        """
        wanted = Wanted(GENERATOR, side=side, format=TILE)
        return Tiles(self._jobs, self._cache, self._files, wanted, caller).of(streams)

    async def heavy(self, work: Callable[[], Value], caller: str = "") -> Value:
        """Do what takes the processor for long, in one of few threads, in this context.

        Args:
            work: is called in another thread; once begun it ends, whoever waits for it.
            caller: whose turn it takes.

        Raises:
            Problem: 429, too much waits already; 503, the server ends; whatever ``work`` raises.
        """
        return await self._heavy.run(work, caller)

    async def state(self, key: str) -> dict[str, Any]:
        """Give how a job is.

        Raises:
            Problem: 404, nobody knows of it.
        """
        if job := self._jobs.active.get(key):
            return self._jobs.shown(job)
        if shown := self._jobs.ended(key):
            return shown
        if drawn := await self.kept(key):
            return shown_of(drawn)
        raise Problem(404, "there is no such job; ask for the picture again", "missing")

    async def watch(self, key: str) -> AsyncIterator[dict[str, Any] | None]:
        """Give how a job is, at once and whenever that changes; None where nothing has, for a while.

        Who takes it slowly gets what is newest: nothing is queued.
        """
        job = self._jobs.active.get(key)
        if job is None:
            yield await self.state(key)
            return
        news, preview = asyncio.Event(), ""
        last: dict[str, Any] = {}
        job.listeners.add(news)
        try:
            while True:
                news.clear()
                shown = self._jobs.shown(job)
                fresh = {"preview": job.preview} if job.preview != preview else {}
                yield {**shown, **fresh} if fresh or shown != last else None
                last, preview = shown, job.preview
                if job.freed.is_set():
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_HEARTBEAT):
                        await news.wait()
                    async with asyncio.timeout(_PACE):
                        await job.freed.wait()
        finally:
            job.listeners.discard(news)

    async def cancel(self, key: str, caller: Caller) -> dict[str, Any]:
        """Take back that somebody asked for a picture; its job ends when nobody is left.

        Raises:
            Problem: 404, nobody knows of it; 403, the caller has not asked for it.
        """
        job = self._jobs.active.get(key)
        if job is None:
            return await self.state(key)
        if caller.name not in job.asked:
            raise Problem(403, "somebody else has asked for this picture", "forbidden")
        self._jobs.leave(job, caller.name)
        if job.state not in ENDED and job.parked:
            await self._park(job)
        return self._jobs.shown(job)

    async def _park(self, job: Job) -> None:
        """Write a job down, before who asks is told of it."""
        if job.parked == job.asked:
            return
        job.parked = frozenset(job.asked)
        written = parked.Parked(job.key, job.stream, job.wanted, job.caller.name, tuple(sorted(job.asked)))
        await self._notes.run(lambda: parked.park(self._parked, written))
        if job.state in ENDED:
            self._forget(job)

    def _forget(self, job: Job) -> None:
        if job.parked:
            self._notes.later(lambda: parked.forget(self._parked, job.key))


def _outcome(job: Job) -> Drawn:
    if job.problem:
        problem, link = job.problem, f'</jobs/{job.key}>; rel="monitor"'
        raise Problem(problem.status, problem.detail, problem.kind, headers={**problem.headers, "Link": link})
    assert job.drawn is not None
    return job.drawn


def _priced(generators: Sequence[str]) -> frozenset[str]:
    """Give those of some generators that ask paid services, and those of which nobody can tell yet."""
    return frozenset(filter(_may_cost, generators))


def _may_cost(name: str) -> bool:
    try:
        return isinstance(generator_of(name), PricedGenerator)
    except PromptcodecError:
        return True
