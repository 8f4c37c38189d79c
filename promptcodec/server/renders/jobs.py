"""The jobs there are: each picture is drawn once, by a thread of its generator; those who ask take turns."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from promptcodec.api.spending import NO_SPENDING, Limits, limited
from promptcodec.errors import PromptcodecError
from promptcodec.server import problems
from promptcodec.server.guard import Caller
from promptcodec.server.guard.logs import place
from promptcodec.server.problems import Problem
from promptcodec.server.renders.cache import Cache
from promptcodec.server.renders.drawing import draw
from promptcodec.server.renders.drawn import Drawn
from promptcodec.server.renders.job import CANCELLED, DONE, ENDED, FAILED, RUNNING, WAITING, Job
from promptcodec.server.renders.pool import FullError, Pool
from promptcodec.server.renders.wanted import TILE, Wanted
from promptcodec.server.settings import ServeSettings
from promptcodec.settings import GENERATOR

_log = logging.getLogger(__name__)
CORES = os.cpu_count() or 1
RETRY = {"Retry-After": "5"}
_LET_GO = 1.0
"""Seconds that a picture has to be done in when the server ends, before who waits for it is told of a job."""
_REMEMBERED, _SECONDS = 1000, 3600.0
"""How many jobs that failed or were cancelled are remembered, and how long."""


class Jobs:
    """The jobs there are. Its methods are called in the event loop, and do not block.

    Args:
        settings: of the server.
        cache: where pictures are kept.
        limits: what priced generators may spend for somebody.
        forget: is called with a job that need not outlive the process any more.

    Attributes:
        active: those that have not ended, by key.
        priced: the generators that ask paid services.
        stopping: no job is begun any more.
    """

    def __init__(
        self,
        settings: ServeSettings,
        cache: Cache,
        limits: Callable[[Caller], Limits],
        forget: Callable[[Job], object],
    ) -> None:
        self.active: dict[str, Job] = {}
        self.priced: frozenset[str] = frozenset()
        self.stopping = False
        self._settings, self._cache, self._limits, self._forget = settings, cache, limits, forget
        self._loop = asyncio.get_running_loop()
        self._pools: dict[str, Pool] = {}
        self._ended: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()

    def join(
        self, key: str, stream: bytes, wanted: Wanted, caller: Caller, *, forced: bool = False, turn: str = ""
    ) -> Job:
        """Give the job that draws a picture; begin it where there is none.

        Args:
            key: of the picture.
            stream: without magic and checksum.
            wanted: what is drawn of it.
            caller: who asks; who asks first pays.
            forced: however much waits.
            turn: whose turn it takes, where it is not the caller's.

        Raises:
            Problem: 429, too much of the caller's waits; 503, too much waits, or the server ends.
        """
        if job := self.active.get(key):
            return job
        if self.stopping:
            raise Problem(503, "the server is about to end", "busy", headers=RETRY)
        job = Job(key, stream, wanted, caller, turn or caller.name)
        job.work = functools.partial(self._draw, job)
        job.wake = functools.partial(self.post, job.changed)
        try:
            self._pool(job).put(job.turn, job.work, forced=forced)
        except FullError as error:
            raise Problem(429 if error.own else 503, str(error), "busy", headers=RETRY) from None
        self.active[key] = job
        return job

    def leave(self, job: Job, asker: str) -> None:
        """Take that somebody does not want a picture any more; its job ends when nobody does."""
        job.asked.discard(asker)
        if job.asked or job.state in ENDED:
            return
        job.stop()
        self._pool(job).remove(job.turn, job.work)
        self._end(job, Problem(409, "the job was cancelled", "cancelled"))

    def shown(self, job: Job) -> dict[str, Any]:
        """Give the object that says how a job is."""
        return job.shown(self._pool(job).place(job.turn, job.work) if job.state == WAITING else 0)

    def ended(self, key: str) -> dict[str, Any] | None:
        """Give the object of a job that failed or was cancelled, and not long ago."""
        at, shown = self._ended.get(key, (0.0, None))
        return shown if time.monotonic() - at < _SECONDS else None

    def stop(self) -> None:
        """Begin nothing more; nobody waits for what has not begun, or for what takes long."""
        if self.stopping:
            return
        self.stopping = True
        for pool in self._pools.values():
            pool.close()
        for job in self.active.values():
            if job.state == WAITING:
                job.free()
            else:
                self._loop.call_later(_LET_GO, job.free)

    async def finish(self, seconds: float) -> None:
        """Wait for what is being drawn; what is not done by then is ended, and nobody waits for it."""
        running = [job for job in self.active.values() if job.state == RUNNING]
        if running:
            waits = [asyncio.ensure_future(job.over.wait()) for job in running]
            _, late = await asyncio.wait(waits, timeout=seconds)
            for each in late:
                each.cancel()
        for job in self.active.values():
            job.stop()
            job.free()

    def post(self, call: Callable[..., object], *args: Any) -> None:
        """Have something called in the event loop, from any thread, where there still is one."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *args)

    def _pool(self, job: Job) -> Pool:
        generator = job.wanted.generator
        if generator not in self._pools:
            # Others hold models: a second thread would load them once more.
            threads = CORES if _is_builtin(generator) else 1
            self._pools[generator] = Pool(generator, threads, self._settings.waiting)
        return self._pools[generator]

    def _draw(self, job: Job) -> None:
        """Draw the picture of a job, in a thread of its generator."""
        self.post(self._started, job)
        outcome: Drawn | Problem
        try:
            priced = job.wanted.generator in self.priced
            with limited(self._limits(job.caller) if priced else NO_SPENDING):
                outcome = draw(job, self._settings.archive)
            self._cache.write(outcome)
        except PromptcodecError as error:
            outcome = problems.of(error)
            if outcome.status == HTTPStatus.BAD_GATEWAY and _is_builtin(job.wanted.generator):
                # No other server failed: the stream holds nothing that it draws.
                outcome.status = HTTPStatus.UNPROCESSABLE_ENTITY
        except Exception as error:  # noqa: BLE001 - a fault of this package, of a plugin or of a library below
            _log.error("a picture could not be drawn: %s", place(error))
            outcome = Problem(500, "the generator failed in a way that nobody expected", "unexpected")
        self.post(self._end, job, outcome)

    def _started(self, job: Job) -> None:
        if job.state == WAITING:
            job.state = RUNNING
            job.changed()

    def _end(self, job: Job, outcome: Drawn | Problem) -> None:
        if job.state in ENDED:
            return  # it was cancelled, and is only now done with
        failed = isinstance(outcome, Problem)
        cancelled = isinstance(outcome, Problem) and outcome.kind == "cancelled"
        if cancelled and self.stopping and job.asked:
            return  # it goes on with the next process
        job.end(outcome, CANCELLED if cancelled else FAILED if failed else DONE)
        del self.active[job.key]
        self._forget(job)
        self._ended.pop(job.key, None)  # of an earlier job, which is not how the picture is now
        if failed and job.wanted.format != TILE:
            self._ended[job.key] = time.monotonic(), job.shown()
            if len(self._ended) > _REMEMBERED:
                self._ended.popitem(last=False)


def _is_builtin(generator: str) -> bool:
    return generator.partition(":")[0] == GENERATOR
