"""Files made what an archive keeps, in processes of this machine."""

from __future__ import annotations

import functools
import os
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from promptcodec.api.spending import Limits, limited
from promptcodec.cli import options, spending
from promptcodec.cli.archive.engines import PATIENCE, Job
from promptcodec.cli.encode_options import ready_for, settings_of
from promptcodec.cli.tasks import ROOM, ahead, as_done
from promptcodec.errors import PromptcodecError
from promptcodec.settings import CAPTIONER

if TYPE_CHECKING:
    from promptcodec.archive.adding.add import Outcome
    from promptcodec.archive.sources.source import Source
    from promptcodec.archive.store import Archive
    from promptcodec.captioners import PaidCaptioner

_CONTENT = "content"

_FEW = 8
"""Files from which on several processes are worth their start, see ``options.resolve_jobs``."""


@dataclass(frozen=True, slots=True)
class AddTask:
    """One file to add.

    Attributes:
        origin: the file.
        archive: where its content is looked up.
        limits: what hosted models may cost.
        given: the options of encoding, files as paths.
    """

    origin: Source
    archive: str
    limits: Limits
    given: dict[str, Any]

    @property
    def source(self) -> str:
        """Give the file as errors name it."""
        return self.origin.source

    @property
    def held(self) -> int:
        """Give how many bytes of a file it carries."""
        return self.origin.held


@functools.lru_cache(maxsize=1)
def archive_at(path: str) -> Archive:
    """Open an archive once for all tasks of a process."""
    from promptcodec.archive import store  # noqa: PLC0415 - heavy

    return store.open(path)


def add_one(task: AddTask) -> dict[str, Any]:
    """Make of a file what an archive keeps."""
    from promptcodec.archive.adding.content import content_of  # noqa: PLC0415 - workers and --help start light

    data, settings = task.origin.read(), settings_of(task.given, bare=True)
    with limited(task.limits):
        return {_CONTENT: content_of(data, task.source, archive_at(task.archive), settings)}


def estimate_one(task: AddTask) -> dict[str, Any] | None:
    """Say what hosted captioners would cost; None where the archive has the content."""
    from promptcodec import encoding  # noqa: PLC0415 - heavy
    from promptcodec.archive.adding.content import is_stream  # noqa: PLC0415
    from promptcodec.archive.record import id_of  # noqa: PLC0415

    data = task.origin.read()
    if is_stream(data, task.source) or archive_at(task.archive).has([id_of(data)]):
        return None
    estimate = encoding.estimate(data, settings_of(task.given, bare=True))
    return spending.estimate_object(task.source, estimate.requests, estimate.cost, exact=estimate.exact)


def tasks(sources: Iterator[Source], job: Job) -> Iterator[AddTask]:
    """Give a task for each file."""
    archive = os.path.abspath(job.archive)  # noqa: PTH100 - links must stay; an open one is known by it
    return (AddTask(source, archive, job.limits, job.given) for source in sources)


def workers_for(sources: Iterator[Source], job: Job) -> tuple[Iterator[Source], int]:
    """Give the sources, and how many processes are worth their start."""
    first = list(ahead(sources, _FEW, ROOM, lambda source: source.held))
    workers = options.resolve_jobs(job.jobs, len(first))
    if len(first) < _FEW:
        workers = min(workers, len(first))
    return chain(first, sources), workers


def ready(job: Job) -> tuple[str, ...]:
    """Give the modules that worker processes share."""
    contents = "promptcodec.archive.adding.content", "promptcodec.layers.signature"
    return __name__, *contents, *ready_for(job.given)


def asked(given: dict[str, Any]) -> PaidCaptioner | None:
    """Give the captioner that asks a paid service about pictures; None where none does.

    Raises:
        PromptcodecError: there is no such captioner, or its profile is wrong.
    """
    if given["captioner"] == CAPTIONER or given["description"] or given["recipe"] == "only":
        return None
    if "semantic" not in given["layers"]:
        return None
    from promptcodec import plugins  # noqa: PLC0415 - who asks nobody needs none
    from promptcodec.captioners import PaidCaptioner  # noqa: PLC0415

    captioner = plugins.create("captioners", given["captioner"])
    return captioner if isinstance(captioner, PaidCaptioner) else None


def check(_given: dict[str, Any]) -> None:
    """Take all options."""


def outcomes(sources: Iterator[Source], job: Job) -> Generator[Outcome | None, None, None]:
    """Make of files what an archive keeps, in worker processes where there are enough of them."""
    captioner = None
    with suppress(PromptcodecError):  # what is wrong with it every file says
        captioner = asked(job.given)
    if captioner:
        from promptcodec.cli.archive.engines import hosted  # noqa: PLC0415 - heavy

        yield from hosted.outcomes(sources, job)
        return
    sources, workers = workers_for(sources, job)
    coming = tasks(sources, job)
    try:
        with closing(as_done(coming, add_one, workers, ready(job), patience=PATIENCE)) as done:
            for each in done:
                if each is None:
                    yield None
                    continue
                task, (result, error) = each
                assert isinstance(task, AddTask)
                assert result is not None
                yield task.origin, error or result[_CONTENT]
    finally:
        archive_at.cache_clear()
