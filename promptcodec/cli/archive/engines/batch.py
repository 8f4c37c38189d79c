"""Files made what an archive keeps, described by a hosted model through its Batch API, for half the price."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptcodec.api.spending import limited
from promptcodec.archive.adding.durable import SECONDS
from promptcodec.archive.asking import journal
from promptcodec.archive.asking.batch import MOST_SOURCES, PRICE, Batched
from promptcodec.archive.asking.rounds import Rounds
from promptcodec.captioners.hosted import HostedCaptioner
from promptcodec.cli import report
from promptcodec.cli.archive.engines import Job, hosted, local
from promptcodec.errors import UsageError

if TYPE_CHECKING:
    from promptcodec.archive.sources.source import Source

_LINGER = 5.0
"""Seconds in which what is being kept can still be, once nobody waits any more."""

tasks = local.tasks


def check(given: dict[str, Any]) -> None:
    """Refuse options with which no hosted model is asked.

    Raises:
        UsageError: they are such, or the captioner cannot be used.
    """
    _captioner(given)


def _captioner(given: dict[str, Any]) -> HostedCaptioner:
    captioner = local.asked(given)
    if not isinstance(captioner, HostedCaptioner):
        raise UsageError(
            "a batch is for descriptions of a hosted model, and with these options none is asked",
            hint="name one with --captioner, or leave out --engine batch",
        )
    return captioner


def estimate_one(task: Any) -> dict[str, Any] | None:
    """Say what a file would cost in a batch; None where the archive has its content."""
    estimate = local.estimate_one(task)
    if estimate and estimate["cost"] is not None:
        estimate["cost"] *= PRICE
    return estimate


def outcomes(sources: Iterator[Source], job: Job) -> hosted.Outcomes:
    """Make of files what an archive keeps, their questions answered in batches.

    An interrupt leaves these at the server, where the same command finds them.
    """
    captioner = _captioner(job.given)
    with limited(job.limits):
        captioner.prepare()
    path = Path(f"{job.archive}{journal.SUFFIX}")
    carrier = Batched(journal.Journal(path), captioner.connection, job.limits)
    patience: float | None = _LINGER
    try:
        sources, workers = local.workers_for(sources, job)
        rounds = Rounds(sources, carrier, MOST_SOURCES)
        yield from hosted.through(rounds, job, workers, carrier.forget, PRICE, carrier.news, SECONDS)
        patience = None
    finally:
        local.archive_at.cache_clear()
        left = carrier.in_flight()
        carrier.close(patience)
        for line in carrier.news():
            report.warn(line)
        if left:
            report.warn(
                f"{left:,} questions are still in batches, which go on at the server; "
                "the same command fetches their answers"
            )
