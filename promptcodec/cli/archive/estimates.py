"""What adding would cost: of pictures that only pass by, estimated at once, so that none of them is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptcodec.cli.archive.engines import Engine, Job
from promptcodec.cli.tasks import Result, Work, attempt

if TYPE_CHECKING:
    from promptcodec.archive.sources.source import Source


@dataclass(frozen=True, slots=True)
class _Estimated:
    """A task that was done already."""

    source: str
    result: Result


def of(sources: Iterable[Source], engine: Engine, job: Job) -> tuple[list[Any], Work]:
    """Give tasks of what is to be added, and what estimates each."""
    tasks: list[Any] = []
    for source in sources:
        for task in engine.tasks(iter([source]), job):
            is_passing = source.held > 0
            tasks.append(
                _Estimated(source.source, attempt(engine.estimate_one, task)) if is_passing else task
            )

    def estimate_one(task: Any) -> dict[str, Any] | None:
        if not isinstance(task, _Estimated):
            return engine.estimate_one(task)
        result, error = task.result
        if error:
            raise error
        return result

    return tasks, estimate_one
