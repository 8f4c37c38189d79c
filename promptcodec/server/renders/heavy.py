"""Work that takes the processor for long, in few threads."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
from collections.abc import Callable
from typing import Any, TypeVar

from promptcodec.server.problems import Problem
from promptcodec.server.renders.pool import FullError, Pool

Value = TypeVar("Value")
_WAITING = 64


class Heavy:
    """Work that takes the processor for long, in few threads."""

    def __init__(self) -> None:
        self._pool = Pool("heavy", os.cpu_count() or 1, _WAITING)
        self._outcomes: set[asyncio.Future[Any]] = set()

    async def run(self, work: Callable[[], Value], caller: str) -> Value:
        """Do something in this context; see ``Renders.heavy``."""
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        outcome: asyncio.Future[Value] = loop.create_future()

        def run() -> None:
            error, value = None, None
            try:
                value = context.run(work)
            except Exception as raised:  # noqa: BLE001 - is raised where it is waited for
                error = raised
            with contextlib.suppress(RuntimeError):  # nobody is there any more
                loop.call_soon_threadsafe(_settle, outcome, error, value)

        try:
            self._pool.put(caller, run)
        except FullError as error:
            raise Problem(429, str(error), "busy", headers={"Retry-After": "5"}) from None
        self._outcomes.add(outcome)
        try:
            return await outcome
        finally:
            self._outcomes.discard(outcome)
            self._pool.remove(caller, run)

    async def finish(self, seconds: float) -> None:
        """Wait for what has begun and what waits; refuse what is not done by then."""
        if self._outcomes:
            await asyncio.wait(self._outcomes, timeout=seconds)
        self._pool.close()
        ends = Problem(503, "the server is about to end", "busy", headers={"Retry-After": "5"})
        for outcome in set(self._outcomes):
            _settle(outcome, ends, None)


def _settle(outcome: asyncio.Future[Any], error: Exception | None, value: object) -> None:
    if outcome.done():
        return
    if error:
        outcome.set_exception(error)
    else:
        outcome.set_result(value)
