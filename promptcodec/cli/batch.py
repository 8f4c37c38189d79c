"""Run one function over many files: in parallel, with progress, errors collected."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Protocol

import click

from promptcodec.cli import report
from promptcodec.errors import PromptcodecError, UsageError
from promptcodec.files import STDIO, read_file, write_whole

if TYPE_CHECKING:
    from promptcodec.entropy.dictionary import Dictionary


class Task(Protocol):
    """What a worker is given; it must survive pickling."""

    @property
    def source(self) -> str:
        """The input, ``-`` for standard input."""
        ...


Result = tuple[dict[str, Any], PromptcodecError | None]


def run(
    tasks: Sequence[Task],
    work: Callable[[Any], dict[str, Any]],
    show: Callable[[dict[str, Any]], str],
    *,
    jobs: int,
    as_json: bool,
    judge: Callable[[dict[str, Any]], int] = lambda _: 0,
    note: Callable[[dict[str, Any]], None] = lambda _: None,
) -> int:
    """Work through all tasks; one that fails does not stop the others.

    Args:
        tasks: what ``work`` is called with.
        work: gives the result's JSON object; raises PromptcodecError.
        show: the line a person reads for a result; empty for none.
        jobs: worker processes.
        as_json: print JSON lines.
        judge: gives the exit code a finished result asks for.
        note: is given every finished result first, and may take out of it what is not to be printed.

    Returns:
        The exit code: the error's own for a single task, 1 where some of several failed,
        else the highest that ``judge`` gave.
    """
    errors = []
    code = 0
    for result, error in _progress(_results(tasks, work, jobs), len(tasks)):
        if error is None:
            note(result)
        if as_json:
            report.emit(result)
        elif error is None and (line := show(result)):
            report.say(line)
        if error is None:
            code = max(code, judge(result))
        else:
            report.warn(f"{result['file']}: {report.message(error)}")
            errors.append(error)
    if len(tasks) > 1 and errors:
        report.warn(f"{len(errors)} of {len(tasks)} failed")
        return 1
    return errors[0].exit_code if errors else code


def _results(tasks: Sequence[Task], work: Callable[[Any], dict[str, Any]], jobs: int) -> Iterator[Result]:
    workers = min(jobs, len(tasks))
    if workers <= 1:
        yield from (_attempt(work, task) for task in tasks)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        with _no_interrupt():
            futures = [pool.submit(_attempt, work, task) for task in tasks]
        for task, future in zip(tasks, futures, strict=True):
            yield _outcome(task, future)
    finally:
        pool.shutdown(cancel_futures=True)  # what is being worked on is finished


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Start workers that leave Ctrl-C to this process: they inherit that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _outcome(task: Task, future: Future[Result]) -> Result:
    try:
        return future.result()
    except BrokenProcessPool:
        error = PromptcodecError("a worker process died, perhaps for lack of memory; try a lower --jobs")
        return report.error_object(task.source, error), error


def _attempt(work: Callable[[Any], dict[str, Any]], task: Task) -> Result:
    try:
        return work(task), None
    except PromptcodecError as error:
        failed = error
    except MemoryError:
        failed = PromptcodecError("there is not enough memory for it; scale it down or use a lower --jobs")
    return report.error_object(task.source, failed), failed


def _progress(results: Iterable[Result], total: int) -> Iterator[Result]:
    """Show a bar on standard error where there is more than one item and somebody to look at it."""
    if total < 2 or not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console  # noqa: PLC0415 - only for people
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415

    columns = (*Progress.get_default_columns()[1:3], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as bar:
        yield from bar.track(results, total=total)


def read_input(path: str) -> bytes:
    """Read a file or, for ``-``, standard input.

    Raises:
        UsageError: it cannot be read.
    """
    if path == STDIO:
        return sys.stdin.buffer.read()
    return read_file(path)


def read_dictionaries(path: str | None) -> list[Dictionary]:
    """Read the dictionary of ``--dictionary``, where there is one.

    Raises:
        UsageError: it cannot be read.
    """
    from promptcodec.entropy.dictionary import Dictionary  # noqa: PLC0415 - heavy

    try:
        return [Dictionary.from_bytes(read_file(path))] if path else []
    except UsageError as error:
        raise UsageError(f"the dictionary {path} {error}") from None


def write_output(path: str, data: bytes, *, overwrite: bool) -> None:
    """Write a file whole or, for ``-``, to standard output."""
    if path == STDIO:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_whole(path, data, overwrite=overwrite)


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Report an error of a command that works on one file with that file's name, and exit."""
    try:
        yield
    except PromptcodecError as error:
        sys.exit(report.fail(error, file))


def check_stdout(out: str, *, as_json: bool) -> None:
    """Refuse to mix a file and JSON lines on standard output."""
    if as_json and out == STDIO:
        raise click.UsageError("--json and the result both want standard output; name a file with -o")
