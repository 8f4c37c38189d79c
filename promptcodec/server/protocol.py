"""Connections that end where nothing comes of them: slow heads, idle ones, answers that nobody reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from promptcodec.server.guard.logs import Entry


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds after which a connection ends.

    Attributes:
        head: of a request, from its first byte, or from the start of the connection.
        idle: between requests.
        unread: of an answer whose reader takes nothing more.
    """

    head: float = 10.0
    idle: float = 30.0
    unread: float = 30.0


DEADLINES = Deadlines()
MOST = 512
"""Connections at one time; for another the one ends that has waited longest for a whole request."""


class Connection(H11Protocol):
    """One connection, as uvicorn has it, that ends in time."""

    deadlines = DEADLINES
    most = MOST

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._due: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self.waits_since = 0.0
        self._begun = False

    @property
    def is_waiting(self) -> bool:
        """Say whether no request is being worked on."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_idle(self) -> bool:
        """Say whether it is the other side's turn: a request is to come, or the rest of its body."""
        return self.is_waiting or self.cycle.more_body

    def connection_made(self, transport: Any) -> None:
        """Begin; end another one where there are too many."""
        waiting = [each for each in self.connections if isinstance(each, Connection) and each.is_idle]
        if len(self.connections) >= self.most and waiting:
            longest = min(waiting, key=lambda each: each.waits_since)
            self.connections.discard(longest)  # it is lost only later
            longest.transport.abort()
        super().connection_made(transport)
        self._wait(self.deadlines.head)
        self._begun = True

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        for timer in (self._due, self._unread):
            if timer:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the first of a head begin its time, which is also that of a body that nobody reads."""
        if self.is_waiting and not self._begun:
            self._wait(self.deadlines.head)
            self._begun = True
        super().data_received(data)

    def handle_events(self) -> None:
        """Do what the bytes say; a request that began has its answer to come."""
        super().handle_events()
        if not self.is_waiting and self._due:
            self._due.cancel()
            self._due = None

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._wait(self.deadlines.idle)
        super().on_response_complete()
        self._unset_keepalive_if_required()

    def _wait(self, seconds: float) -> None:
        if self._due:
            self._due.cancel()
        self._begun = False
        self.waits_since = self.loop.time()
        self._due = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        self.transport.abort()

    def pause_writing(self) -> None:
        """Stop: who asked does not read."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.deadlines.unread, self._late)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        super().send_400_response(msg)
        Entry("", "", int(HTTPStatus.BAD_REQUEST), error="not HTTP").write()
