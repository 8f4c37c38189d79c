"""Run one function over many files: in parallel, with progress, errors collected, a summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptcodec.cli import bar, faults, report, signals
from promptcodec.cli.find import Selection
from promptcodec.cli.summary import DONE_BEFORE, Tally
from promptcodec.cli.tasks import Result, Task, Work, results
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, read_file, read_open, write_whole

if TYPE_CHECKING:
    from promptcodec.entropy.dictionary import Dictionary


USED = "dictionary_used"
"""Of a result where a dictionary was given: whether a stream needs it."""
UNUSED = "--dictionary was not used: no text here is coded with it"


def run(
    tasks: Sequence[Task],
    work: Work,
    show: Callable[[dict[str, Any]], str],
    *,
    jobs: int,
    as_json: bool,
    ready: Sequence[str] = (),
    selection: Selection | None = None,
    judge: Callable[[dict[str, Any]], int] = lambda _: 0,
    note: Callable[[dict[str, Any]], None] = lambda _: None,
    verb: str = "done",
    total: Callable[[], str] = lambda: "",
    outcomes: Generator[Result, None, None] | None = None,
) -> int:
    """Work through all tasks; one that fails does not stop the others.

    Where there are several, or something was left out, a line on standard error sums up.

    Args:
        tasks: what ``work`` is called with.
        work: gives the result's JSON object, None where it was done before; what it raises is the item's.
        show: the line a person reads for a result; empty for none.
        jobs: worker processes.
        as_json: print JSON lines.
        ready: modules that worker processes share, as of ``workers.results``.
        selection: what the arguments stood for: what it left out is counted, what failed in it fails here.
        judge: gives the exit code a finished result asks for.
        note: is given every finished result first, and may take out of it what is not to be printed.
        verb: what is done with items, for the summary.
        total: gives what the summary says in place of bytes and seconds.
        outcomes: the results, where they do not come of ``work`` on each task alone.

    Returns:
        The exit code: the error's own for a single item, 1 where some of several failed,
        else the highest that ``judge`` gave.
    """
    selection = selection or Selection()
    tally = Tally(selection.left_out.copy())
    used: list[bool] = []
    unread = [(report.error_object(file, error), error) for file, error in selection.failed]
    code = 0
    with closing(outcomes or results(tasks, work, min(jobs, len(tasks)), ready)) as each:
        for result, error in chain(unread, bar.of_items(each, len(tasks))):
            if result is None:
                tally.skipped[DONE_BEFORE] += 1
                continue
            if error is None:
                tally.add(result)
                used += [result[USED]] if USED in result else []
                note(result)
                code = max(code, judge(result))
            elif tally.fail(error):
                report.warn(f"{result['file']}: {report.message(error)}")
            if as_json:
                report.emit(result)
            elif error is None and (line := show(result)):
                report.say(line)
    if used and not any(used):
        report.warn(UNUSED)
    several = len(tasks) + len(unread) > 1
    if several or selection.left_out:
        report.warn(tally.line(verb, total()))
    if tally.errors:
        return 1 if several else tally.errors[0].exit_code
    return code


def read_input(path: str) -> bytes:
    """Read a file or, for ``-``, standard input.

    Raises:
        UsageError: it cannot be read.
    """
    if path != STDIO:
        return read_file(path)
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    try:
        return read_open(sys.stdin.buffer)
    except OSError as error:
        raise UsageError(f"standard input cannot be read: {error.strerror}") from None


def read_dictionaries(path: str | None) -> list[Dictionary]:
    """Read the dictionary of ``--dictionary``, where there is one.

    Raises:
        UsageError: it cannot be read.
    """
    if not path:
        return []
    try:
        about = Path(path).stat()
        return [_dictionary(path, about.st_mtime_ns, about.st_size)]
    except OSError as error:
        raise UsageError(f"the dictionary {path} cannot be read: {error.strerror}") from None
    except UsageError as error:
        raise UsageError(f"the dictionary {path} {error}") from None


@lru_cache(maxsize=1)
def _dictionary(path: str, _changed: int, _size: int) -> Dictionary:
    """Read a dictionary once for all items of a run."""
    from promptcodec.entropy.dictionary import Dictionary  # noqa: PLC0415 - heavy

    return Dictionary.from_bytes(read_file(path))


def dictionary_used(path: str | None, streams: Iterable[bytes]) -> dict[str, bool]:
    """Give what a result says of the dictionary that was given: whether a stream needs it."""
    from promptcodec.reading import dictionary_ids  # noqa: PLC0415 - heavy

    given = {dictionary.id for dictionary in read_dictionaries(path)}
    return {USED: any(given & dictionary_ids(data) for data in streams)} if given else {}


def warn_of_unused(path: str | None, streams: Iterable[bytes]) -> None:
    """Print that a dictionary was given which none of the streams needs."""
    if not dictionary_used(path, streams).get(USED, True):
        report.warn(UNUSED)


def write_output(path: str, data: bytes, *, overwrite: bool) -> None:
    """Write a file whole or, for ``-``, to standard output."""
    if path == STDIO:
        report.write(data)
    else:
        write_whole(path, data, overwrite=overwrite)


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Report an error of a command that works on one file with that file's name, and exit."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, signals.Ended, report.StandardStreamError, click.ClickException):
        raise
    except BaseException as error:  # noqa: BLE001 - as of an item of many
        signals.check()
        sys.exit(report.fail(faults.as_error(error, file), file))


def check_stdout(out: str, *, as_json: bool) -> None:
    """Refuse to mix a file and JSON lines on standard output."""
    if as_json and out == STDIO:
        raise click.UsageError("--json and the result both want standard output; name a file with -o")
