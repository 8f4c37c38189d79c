"""Tasks and their results, worked through here or in other processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from promptcodec.cli import faults, report, signals
from promptcodec.errors import PromptcodecError


class Task(Protocol):
    """What a worker is given; it must survive pickling."""

    @property
    def source(self) -> str:
        """The input, ``-`` for standard input."""
        ...


Work = Callable[[Any], dict[str, Any] | None]
"""Gives the JSON object of a result; None where it was done before."""
Result = tuple[dict[str, Any] | None, PromptcodecError | None]

ROOM = 256 << 20
"""Bytes of tasks that are taken before their turn, where these carry the files that they are about."""
_Taken = TypeVar("_Taken")


def held(task: Task) -> int:
    """Give how many bytes of a file a task carries."""
    return getattr(task, "held", 0)


def ahead(
    coming: Iterator[_Taken], number: int, room: int, carried: Callable[[_Taken], int]
) -> Iterator[_Taken]:
    """Take so many, fewer where they carry more than ``room`` bytes."""
    while number > 0 and room > 0:
        try:
            each = next(coming)
        except StopIteration:
            return
        yield each
        number -= 1
        room -= carried(each)


def results(
    tasks: Iterable[Task], work: Work, jobs: int, ready: Sequence[str] = ()
) -> Generator[Result, None, None]:
    """Give the result of each task, in their order.

    Args:
        tasks: what ``work`` is called with, taken as they are needed.
        work: what is done with each.
        jobs: processes; with one it is done here.
        ready: modules with what the tasks need, as of ``workers.results``.
    """
    if jobs > 1:
        from promptcodec.cli import workers  # noqa: PLC0415 - who starts none needs nothing of it

        yield from workers.results(tasks, work, jobs, ready)
    else:
        yield from (attempt(work, task) for task in tasks)


def as_done(
    tasks: Iterable[Task | None], work: Work, jobs: int, ready: Sequence[str] = (), *, patience: float
) -> Generator[tuple[Task, Result] | None, None, None]:
    """Give each task with its result as soon as that is there, None after ``patience`` seconds without.

    What is being worked on at an interrupt is given before it is raised. Arguments are as of ``results``, but
    for tasks that are None: there is none for now.
    """
    if jobs > 1:
        from promptcodec.cli import workers  # noqa: PLC0415 - who starts none needs nothing of it

        yield from workers.as_done(tasks, work, jobs, ready, patience=patience)
        return
    for task in tasks:
        if task is None:
            time.sleep(patience)
            yield None
        else:
            yield task, attempt(work, task)


def attempt(work: Work, task: Task) -> Result:
    """Do one task. Whatever it raises is this task's error: only signals and lost streams end a run.

    Exceptions that are no ``Exception`` too: libraries in Rust raise them where they panic.
    """
    try:
        result = work(task), None
    except (KeyboardInterrupt, signals.Ended, report.StandardStreamError):
        raise
    except BaseException as error:  # noqa: BLE001
        signals.check()
        failed = _alone(faults.as_error(error, task.source))
        return report.error_object(task.source, failed), failed
    signals.check()
    return result


def _alone(error: PromptcodecError) -> PromptcodecError:
    """Give an error without where it came from: that holds what was worked on, however large, for long."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error
