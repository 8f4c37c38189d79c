"""Questions gathered into batches, which a server answers within a day, for half the price."""

from __future__ import annotations

import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import IO, TypeVar

from promptcodec.api import batches, concessions, postponed, spending
from promptcodec.api.batches import Batch, GoneError
from promptcodec.api.client import Connection
from promptcodec.api.failures import CallError
from promptcodec.api.postponed import Answer, Question
from promptcodec.api.spending import Bill, Limits, Spent, limited
from promptcodec.archive.asking import parts
from promptcodec.archive.asking.journal import ANSWERED, WAITING, Asking, Journal, Part
from promptcodec.archive.asking.parts import Server, StoppedError
from promptcodec.errors import MissingError, PromptcodecError

PRICE = 0.5
"""Of a line, as a share of what a call costs."""
MOST_SOURCES = 100_000
"""That wait at a time."""
_MOST_PARTS = 64
"""That are at the server at a time, before new sources are begun."""
_Value = TypeVar("_Value")
_FIRST_WAIT, _LAST_WAIT = 5.0, 300.0
"""Seconds until a batch that the server had no room for is sent again."""


@dataclass(slots=True)
class _Gathered:
    """Questions that are written into a file without a name, until there are enough for a part."""

    endpoint: str
    file: IO[bytes]
    size: int = 0
    questions: dict[str, Asking] = field(default_factory=dict)


@dataclass(slots=True)
class _Progress:
    """A part of this run, for people."""

    number: int
    lines: int
    shown: int = 0


class Batched:
    """Has questions asked in batches. A thread carries each part; the journal outlives them all."""

    def __init__(
        self,
        journal: Journal,
        connection: Connection,
        limits: Limits,
    ) -> None:
        """Go on with what is in flight.

        Args:
            journal: of the archive.
            connection: to the model.
            limits: what questions may cost.
        """
        self._journal = journal
        self._limits = limits
        self._most_lines = batches.LINES
        self._gathered: _Gathered | None = None
        self._refused: dict[str, Answer] = {}
        self._new: SimpleQueue[str] = SimpleQueue()
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._broken: SimpleQueue[BaseException] = SimpleQueue()
        self._server = Server(connection, journal, limits, threading.Event(), self._lines.put)
        self._threads: list[threading.Thread] = []
        self._progress: dict[str, _Progress] = {}
        self._lock = threading.Lock()
        concessions.adopt(journal.learnt())
        known = journal.parts()
        own = [part for part in known if part.url == connection.profile.url]
        if len(own) < len(known):
            self._lines.put(f"{len(known) - len(own)} batches of another address are left alone")
        for part in own:
            self._start(part, None)

    # What Rounds ask for.

    def put(self, question: Question) -> None:
        """Take a question, see ``Carrier``."""
        key = question.key
        if self._gathered and key in self._gathered.questions:
            return
        state, tries = self._journal.state(key)
        if state == ANSWERED:
            self._new.put(key)
        elif state != WAITING:
            try:
                with limited(self._limits):
                    spending.reserve(question.estimate)
            except PromptcodecError as error:
                self._refused[key] = postponed.failed(question, CallError(error, billed=False), Spent())
                self._new.put(key)
            else:
                self._gather(question, tries + 1)

    def _gather(self, question: Question, tries: int) -> None:
        line = batches.line(question.key, question.endpoint, question.request)
        gathered = self._gathered
        if gathered and (
            len(gathered.questions) >= self._most_lines
            or gathered.size + len(line) > batches.BYTES
            or gathered.endpoint != question.endpoint
        ):
            self.flush()
        with _written():
            if not self._gathered:
                self._gathered = _Gathered(question.endpoint, tempfile.TemporaryFile())  # noqa: SIM115
            self._gathered.file.write(line)
        self._gathered.size += len(line)
        self._gathered.questions[question.key] = Asking(
            question.key, question.name, self._limits.run, question.estimate, tries
        )

    def flush(self) -> None:
        """Send what is gathered."""
        gathered, self._gathered = self._gathered, None
        if not gathered:
            return
        with _written():
            gathered.file.flush()
        profile = self._server.connection.profile
        part = Part(uuid.uuid4().hex, profile.url, profile.model, gathered.endpoint, len(gathered.questions))
        self._journal.learn(concessions.learnt())
        self._journal.begin(part, gathered.questions.values())
        self._start(part, gathered.file)

    def arrived(self) -> Iterator[str]:
        """Give the keys of which something came, see ``Carrier``."""
        yield from _taken(self._new)
        for error in _taken(self._broken):
            raise error

    def answers(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Give what came of questions."""
        asked = set(keys)
        refused = {key: self._refused[key] for key in asked & self._refused.keys()}
        return refused | self._journal.answers(asked - refused.keys())

    def settle(self, key: str, bill: Bill) -> None:
        """Enter what a question came to, in the run that reserved it; a run before this may have done so."""
        run = self._journal.unsettled(key)
        if run is not None:
            with limited(parts.within(self._limits, run)):
                spending.enter(bill)

    def forget(self, keys: Sequence[str]) -> None:
        """Forget questions whose sources are kept."""
        for key in keys:
            self._refused.pop(key, None)
        self._store_unread(keys)
        self._journal.forget(keys)

    def _store_unread(self, keys: Sequence[str] | None = None) -> None:
        """Store, as all others are, answers that no source has come to read: they are paid for."""
        for answer in self._journal.unread(keys):
            self._server.connection.store(answer)

    def has_room(self) -> bool:
        """Say whether the server has not too many parts."""
        return sum(thread.is_alive() for thread in self._threads) < _MOST_PARTS

    def stop(self) -> set[str]:
        """Send nothing more; batches go on at the server."""
        self._server.stop.set()
        self._gathered = None
        return set()

    # What people see.

    def news(self) -> list[str]:
        """Give lines for people that have come up."""
        return list(_taken(self._lines))

    def in_flight(self) -> int:
        """Give how many questions are at the server."""
        return sum(len(self._journal.waiting(part)) for part in self._journal.parts() if part.file)

    def close(self, patience: float | None = None) -> None:
        """Let go of what is in flight, and end what is being kept.

        Where nothing is in flight and all sources are done, answers that none of them has needed are stored
        as all others are, and the journal is removed.

        Args:
            patience: seconds to wait at most, None where all sources are done.
        """
        self.stop()
        until = None if patience is None else time.monotonic() + patience
        for thread in self._threads:
            thread.join(until and max(0.0, until - time.monotonic()))
        is_over = patience is None and not self._journal.parts()
        if is_over:
            self._store_unread()
        self._journal.close(remove=is_over)

    # Parts.

    def _start(self, part: Part, file: IO[bytes] | None) -> None:
        self._progress[part.uuid] = _Progress(len(self._progress) + 1, part.lines)
        thread = threading.Thread(
            target=self._carry, args=(part, file), name="promptcodec-batch", daemon=True
        )
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _carry(self, part: Part, file: IO[bytes] | None) -> None:
        """Carry a part from its file to its results; what breaks that ends the run, not the part."""
        try:
            self._through(part, file)
        except StoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised again where somebody hears of it
            self._broken.put(error)

    def _through(self, part: Part, file: IO[bytes] | None) -> None:
        server, wait = self._server, _FIRST_WAIT
        batch = parts.ended(server, part, lambda _: None) if part.is_joined else None
        while not part.is_joined:
            try:
                if not part.batch:
                    parts.send(server, part, file)
            except GoneError:
                if file:
                    raise  # there is no Batch API
                self._announce(parts.release(server, part))
                return
            if file:
                file.close()
                file = None
            batch = parts.ended(server, part, lambda batch: self._tell(part, batch))
            is_large = parts.is_too_large(batch)
            if part.lines > 1 and (is_large or (parts.is_full(batch) and self._is_alone())):
                self._most_lines = max(1, part.lines // 2)
                self._lines.put(f"the server has no room for {part.lines:,} questions at a time")
                self._announce(parts.release(server, part))
                return
            if not parts.is_full(batch):
                self._announce(parts.join(server, part, batch))
                part.is_joined = True
                server.journal.note(part)
            else:
                part.batch = ""
                server.journal.note(part)
                self._lines.put(
                    f"the server has no room for another batch; {wait:.0f} s until it is asked again"
                )
                server.pause(wait)
                wait = min(2 * wait, _LAST_WAIT)
        parts.tidy(server, part, batch)

    def _announce(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._new.put(key)

    def _is_alone(self) -> bool:
        return sum(thread.is_alive() for thread in self._threads) < 2

    def _tell(self, part: Part, batch: Batch) -> None:
        """Say how far a part is, where that has changed."""
        with self._lock:
            progress = self._progress[part.uuid]
            done = batch.completed + batch.failed
            if done == progress.shown and not batch.is_over:
                return
            progress.shown = done
            lines = f"{done:,} of {progress.lines:,} answered"
            self._lines.put(f"batch {progress.number} of {len(self._progress)}: {lines}")


@contextmanager
def _written() -> Iterator[None]:
    """End the run where questions cannot be written: half of one may be in the file."""
    try:
        yield
    except OSError as error:
        words = f"questions cannot be kept in {tempfile.gettempdir()}: {error.strerror}"
        raise MissingError(f"{words}; name another folder, TMPDIR") from None


def _taken(queue: SimpleQueue[_Value]) -> Iterator[_Value]:
    while True:
        try:
            yield queue.get_nowait()
        except Empty:
            return
