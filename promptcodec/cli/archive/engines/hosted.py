"""Files made what an archive keeps, where a hosted model describes them: many questions are asked at once."""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptcodec.api import concessions
from promptcodec.api.concessions import Learnt
from promptcodec.api.postponed import Postponed, postponing
from promptcodec.api.spending import Limits, limited
from promptcodec.archive.adding.add import Outcome
from promptcodec.archive.asking.live import Live
from promptcodec.archive.asking.rounds import Replayed, Round, Rounds
from promptcodec.cli import report, signals
from promptcodec.cli.archive.engines import Job, local
from promptcodec.cli.encode_options import settings_of
from promptcodec.cli.tasks import as_done
from promptcodec.errors import PromptcodecError

if TYPE_CHECKING:
    from promptcodec.archive.sources.source import Source

_REPLAYED = "replayed"
_PATIENCE = 0.05
"""Seconds after which it is looked for answers where no process has done anything."""

Outcomes = Generator["Outcome | None", None, None]


@dataclass(frozen=True, slots=True)
class ReplayTask:
    """One round of a file.

    Attributes:
        round: the file, and what was answered.
        archive, limits, given: as of ``local.AddTask``.
        price: what a call costs, as a share of what it costs when it is made at once.
        learnt: what is known of servers.
    """

    round: Round
    archive: str
    limits: Limits
    given: dict[str, Any]
    price: float
    learnt: Learnt

    @property
    def source(self) -> str:
        """Give the file as errors name it."""
        return self.round.asked.source.source

    @property
    def held(self) -> int:
        """Give how many bytes of a file it carries."""
        return self.round.asked.source.held


def replay_one(task: ReplayTask) -> dict[str, Any]:
    """Work through a file with the answers that came, to its end or to the next question."""
    from promptcodec.archive.adding.content import Content, content_of  # noqa: PLC0415 - workers start light

    start = time.perf_counter()
    outcome: Content | PromptcodecError | None = None
    question = None
    concessions.adopt(task.learnt)
    with limited(task.limits), postponing(task.round.answers, task.price) as replay:
        try:
            data, settings = task.round.asked.source.read(), settings_of(task.given, bare=True)
            outcome = content_of(data, task.source, local.archive_at(task.archive), settings)
        except Postponed as postponed:
            question = postponed.question
        except PromptcodecError as error:  # the answers before it are to be paid for
            outcome = error
    seconds = time.perf_counter() - start
    return {_REPLAYED: Replayed(outcome, question, replay.bills, concessions.learnt(), seconds)}


def outcomes(sources: Iterator[Source], job: Job) -> Outcomes:
    """Make of files what an archive keeps, their questions asked at once, ``job.concurrency`` at a time.

    What is on its way at an interrupt is waited for, and given before it is raised. Where nobody takes it any
    more its answers are stored, so that they are not paid for twice.
    """
    carrier = Live(job.limits, job.concurrency)
    sources, workers = local.workers_for(sources, job)
    rounds = Rounds(sources, carrier, 2 * job.concurrency)
    work = functools.partial(through, rounds, job, workers, carrier.forget)
    try:
        yield from work()
    except KeyboardInterrupt:
        rounds.stop()
        yield from work()
        raise
    except GeneratorExit:
        if not signals.is_ending():
            rounds.stop()
            deque(work(), maxlen=0)
        raise
    finally:
        local.archive_at.cache_clear()


def through(
    rounds: Rounds,
    job: Job,
    workers: int,
    forget: Callable[[list[str]], None],
    price: float = 1.0,
    news: Callable[[], list[str]] = list,
    patience: float = 0.0,
) -> Outcomes:
    """Work through rounds while there are any.

    Args:
        rounds: who waits for what.
        job: what is to be done with each file.
        workers: processes.
        forget: called with keys of questions whose sources are kept.
        price: as of a ReplayTask.
        news: lines for people that have come up since they were asked for.
        patience: seconds after which a source that was given is kept.
    """
    tasks = (
        None
        if due is None
        else ReplayTask(due, job.archive, job.limits, job.given, price, concessions.learnt())
        for due in rounds.due()
    )
    given: deque[tuple[float, list[str]]] = deque()
    with closing(as_done(tasks, replay_one, workers, local.ready(job), patience=_PATIENCE)) as done:
        for each in done:
            for line in news():
                report.warn(line)
            ended = each and _returned(rounds, *each)
            now = time.monotonic()
            if ended:
                given.append((now, ended[1]))
            yield ended[0] if ended else None
            while given and given[0][0] <= now - patience:
                forget(given.popleft()[1])
    if given:
        time.sleep(patience)
        yield None
        forget([key for _, keys in given for key in keys])


def _returned(rounds: Rounds, task: Any, result: Any) -> tuple[Outcome, list[str]] | None:
    """Take what came of a round; what nobody expected is the end of its file."""
    replayed, error = result
    asked = task.round.asked
    return rounds.returned(
        asked, Replayed(error, None, {}, {}, 0.0) if error else _known(replayed[_REPLAYED])
    )


def _known(replayed: Replayed) -> Replayed:
    concessions.adopt(replayed.learnt)
    return replayed
