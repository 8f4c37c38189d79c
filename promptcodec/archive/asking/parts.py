"""One batch from its file to its results: sent, waited for, and what came of each of its questions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from promptcodec.api import batches, failures, spending
from promptcodec.api.batches import Batch, DeniedError, GoneError, Line, UnsureError
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.failures import CallError
from promptcodec.api.postponed import Question
from promptcodec.api.spending import Limits, limited
from promptcodec.archive.asking.journal import Asking, Journal, Part
from promptcodec.errors import ApiError, PromptcodecError

_FIRST_PAUSE, _LAST_PAUSE = 0.5, 60.0
"""Seconds between two looks at a batch: each is half as long again as the one before."""
_AT_ONCE, _BYTES_AT_ONCE = 256, 16 << 20
"""Lines of results, and their bytes, from which on they are kept, in one transaction."""
_GOOD = 200
_FULL, _TOO_LARGE, _CANCELLED = "token_limit_exceeded", "too_many_tasks", "batch_cancelled"
_TAG = "promptcodec"
"""Of a batch's metadata: what its part is called."""


class StoppedError(Exception):
    """Nobody waits any more; the batch goes on at the server."""


@dataclass(slots=True)
class Server:
    """What all parts of a run share.

    Attributes:
        connection: where they go.
        journal: where what comes of them is kept.
        limits: of the run.
        stop: set where nobody waits any more.
        tell: called with lines for people.
        moving: held while a file is sent, or read.
    """

    connection: Connection
    journal: Journal
    limits: Limits
    stop: threading.Event
    tell: Callable[[str], None]
    moving: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(2))

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: nobody waits any more.
        """
        if self.stop.wait(seconds):
            raise StoppedError


def send(server: Server, part: Part, lines: IO[bytes] | None) -> None:
    """Bring a part to the server as far as it is not there, and have it answered.

    Args:
        server: where.
        part: is changed, and noted.
        lines: its file; None where an earlier run has sent it, or has lost it.

    Raises:
        GoneError: its file is not there, here or there: it is to be asked by another part.
        ApiError, UsageError: it could not be sent.
    """
    name = f"{_TAG}-{part.uuid}.jsonl"
    batch = None
    if lines is None:
        batch = batches.find(server.connection, part.file, {_TAG: part.uuid})
        if not part.file and not batch:
            part.file = next(iter(batches.files_named(server.connection, name)), "")
            if not part.file:
                raise GoneError("its file was never sent")
    elif not part.file:
        with server.moving:
            size = lines.seek(0, 2)
            part.file = batches.upload(server.connection, lines, size, name)  # type: ignore[arg-type]
        server.journal.note(part)
    batch = batch or _created(server, part)
    part.file, part.batch = batch.input_file or part.file, batch.id
    server.journal.note(part)


def _created(server: Server, part: Part) -> Batch:
    """Have a file answered; where it is not sure whether it is, look before it is asked for once more."""
    tag, pause = {_TAG: part.uuid}, _FIRST_PAUSE
    for tried in range(server.connection.profile.retries + 1):
        try:
            return batches.create(server.connection, part.file, part.endpoint, tag)
        except UnsureError:
            server.pause(pause)
            if batch := batches.find(server.connection, part.file, tag):
                return batch
            if tried == server.connection.profile.retries:
                raise
            pause = min(2 * pause, _LAST_PAUSE)
    raise AssertionError  # the last try returns or raises


def ended(server: Server, part: Part, progress: Callable[[Batch], None]) -> Batch | None:
    """Wait until a batch is over; None where the server does not have it any more.

    Raises:
        StoppedError: nobody waits any more.
        DeniedError: the key is not accepted any more.
        ApiError, UsageError: it could not be asked for even once.
    """
    pause, was_seen = _FIRST_PAUSE, False
    while True:
        try:
            batch = batches.state(server.connection, part.batch)
        except GoneError:
            return None
        except DeniedError:
            raise
        except (ApiError, UnusableAnswerError) as error:
            if not was_seen:
                raise
            server.tell(f"{error}; the batch is looked for again")
        else:
            was_seen = True
            progress(batch)
            if batch.is_over:
                return batch
        server.pause(pause)
        pause = min(1.5 * pause, _LAST_PAUSE)


def is_full(batch: Batch | None) -> bool:
    """Say whether a batch failed since the server takes no more at present."""
    return _failed_for(batch, _FULL)


def is_too_large(batch: Batch | None) -> bool:
    """Say whether a batch failed since the server never takes as many lines."""
    return _failed_for(batch, _TOO_LARGE)


def _failed_for(batch: Batch | None, code: str) -> bool:
    return batch is not None and any(code in problem for problem in batch.problems)


def join(server: Server, part: Part, batch: Batch | None) -> Iterator[str]:
    """Keep what came of the questions of a batch that is over; give the key of each.

    What is there twice, or was never asked, is passed over. What has no result, or a damaged one, was lost:
    it may be asked once more, as what failed in a way that passes.
    """
    if batch and (batch.output_file or batch.error_file):
        lost: list[str] = []
        try:
            with server.moving:
                for some in _grouped(server, batches.results(server.connection, batch, lost.append)):
                    yield from _entered(server, part, some)
        except GoneError as error:
            server.tell(f"{error}: what it holds is asked for again")
        if lost:
            server.tell(f"{len(lost)} lines of results cannot be read: {lost[0]}")
    rest = server.journal.waiting(part)
    why = "; ".join(batch.problems) if batch else "the server does not have the batch any more"
    if batch and batch.status == "failed":
        # It never began.
        call = CallError(ApiError(f"the batch failed: {why or 'nobody says why'}"), billed=False)
    elif batch and batch.status == "cancelled":
        call = CallError(ApiError("the batch was cancelled at the server"), billed=False)
    else:
        undone = batch is not None and batch.status == "expired"
        call = CallError(ApiError("there is no result"), billed=not undone, wait=0.0)
    for start in range(0, len(rest), _AT_ONCE):
        some_of_rest = rest[start : start + _AT_ONCE]
        _keep(server, [(asking, call) for asking in some_of_rest])
        yield from (asking.key for asking in some_of_rest)


def _grouped(server: Server, lines: Iterable[Line]) -> Iterator[dict[str, bytes | CallError]]:
    """Give what came of questions, by key, some at a time; of each line no more than that is held."""
    some: dict[str, bytes | CallError] = {}
    size = 0
    for line in lines:
        if not _is_key(line.custom_id) or line.custom_id in some:
            continue
        outcome = some[line.custom_id] = _outcome(server, line)
        size += len(outcome) if isinstance(outcome, bytes) else 0
        if len(some) >= _AT_ONCE or size >= _BYTES_AT_ONCE:
            yield some
            some, size = {}, 0
    yield some


def _entered(server: Server, part: Part, some: Mapping[str, bytes | CallError]) -> list[str]:
    """Keep some results."""
    waiting = server.journal.waiting(part, some)
    _keep(server, [(asking, some[asking.key]) for asking in waiting])
    return [asking.key for asking in waiting]


def _is_key(name: str) -> bool:
    return len(name) == 64 and set(name) <= set("0123456789abcdef")


def _outcome(server: Server, line: Line) -> bytes | CallError:
    """Give the body of an answer, or why there is none."""
    host, profile = server.connection.host, server.connection.profile
    if line.status == _GOOD and line.body is not None:
        return json.dumps(line.body).encode()
    message = line.message or ""
    if line.code == _CANCELLED:
        return CallError(ApiError(f"{profile.model} at {host}: {message}"), billed=False)
    if line.status is None or line.status == _GOOD:
        # Not answered, for want of time or by a fault of the server.
        return CallError(
            ApiError(f"{profile.model} at {host} did not answer: {message}"),
            billed=line.status == _GOOD,
            wait=0.0,
        )
    return failures.answered(line.status, line.code, message, host, profile)


def _keep(server: Server, outcomes: Iterable[tuple[Asking, bytes | CallError]]) -> None:
    """Keep what came of questions; those that failed are settled."""
    answered: list[tuple[str, bytes]] = []
    failed: list[tuple[str, CallError, float]] = []
    again: list[tuple[str, float]] = []
    bills = []
    for asking, outcome in outcomes:
        if isinstance(outcome, bytes):
            answered.append((asking.key, outcome))
            continue
        cost = asking.estimate if outcome.billed else 0.0
        bills.append((asking, cost))
        if outcome.wait is not None and asking.tries <= server.connection.profile.retries:
            again.append((asking.key, cost))
        else:
            failed.append((asking.key, outcome, cost))
    server.journal.enter(answered, failed, again)
    for asking, cost in bills:
        question = _question_of(asking, server.connection)
        with limited(within(server.limits, asking.run)):
            spending.enter(server.connection.bill(question, cost))


def _question_of(asking: Asking, connection: Connection) -> Question:
    """Give a question that was asked, without what was asked."""
    return Question(asking.key, asking.name, connection.profile, "", {}, asking.estimate, drawn=False)


def within(limits: Limits, run: str) -> Limits:
    """Give limits under which what another run has reserved is settled."""
    return Limits(limits.cost, limits.requests, limits.strict, run)


def release(server: Server, part: Part) -> list[str]:
    """Leave the questions of a part to others: it was not answered, and will not be; give their keys."""
    rest = server.journal.waiting(part)
    _delete_files(server, part, None)
    server.journal.release(part)
    for asking in rest:
        with limited(within(server.limits, asking.run)):
            spending.give_back(asking.estimate)
    return [asking.key for asking in rest]


def tidy(server: Server, part: Part, batch: Batch | None) -> None:
    """Be done with a part that all is kept of."""
    _delete_files(server, part, batch)
    server.journal.end(part)


def _delete_files(server: Server, part: Part, batch: Batch | None) -> None:
    """Delete the files of a part at the server, where pictures must not stay; say where that fails."""
    files = [part.file, *((batch.output_file, batch.error_file) if batch else ())]
    for file in filter(None, files):
        try:
            batches.delete_file(server.connection, file)
        except PromptcodecError as error:
            server.tell(f"the file {file} stays at {server.connection.host}: {error}")
