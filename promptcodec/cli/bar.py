"""How far a run is, and a picture that takes its time: lines on standard error, where somebody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from promptcodec.cli import report, signals
from promptcodec.errors import Notice

if TYPE_CHECKING:
    import rich.progress

    from promptcodec.generators.watching import Progress

Item = TypeVar("Item")
_shown: list[rich.progress.Progress] = []
"""The bar of this run, while there is one."""


def of_items(items: Iterable[Item], total: int) -> Iterator[Item]:
    """Show how many of several items are done."""
    if total < 2 or not _is_seen():
        yield from items
        return
    with _bar(lasting=True) as bar:
        yield from bar.track(items, total=total, description="")


@contextmanager
def of_picture(file: str, *, shown: bool) -> Iterator[Callable[[Progress], None]]:
    """Give what a generator reports to while it draws a picture; its notes are printed once each.

    A signal that a library has taken for an error of its own ends the picture at the next report.

    Args:
        file: the stream, for notes; empty for several.
        shown: also show, in a line that goes when the picture is there, how far it is.
    """
    noted: set[str] = set()

    def note(progress: Progress) -> None:
        signals.check()
        if progress.note and progress.note not in noted:
            noted.add(progress.note)
            text = report.message(Notice(progress.note))
            report.warn(f"{file}: {text}" if file else text)

    if not (shown and _is_seen()):
        yield note
        return
    with _bar(lasting=False) as bar:
        line = bar.add_task("", total=None)

        stages: list[str] = []

        def show(progress: Progress) -> None:
            note(progress)
            total = None if progress.stage == "waiting" else progress.total or None
            fresh = progress.stage not in stages[-1:]  # is seen at once: some let no other thread run
            stages[:] = [progress.stage]
            text = words(progress)
            bar.update(line, total=total, completed=progress.done, description=text, refresh=fresh)

        try:
            yield show
        finally:
            bar.remove_task(line)


def words(progress: Progress) -> str:
    """Say what a picture is at: ``drawing 12 of 20, candidate 2 of 4``."""
    place = ""
    if progress.total:
        place = f" {progress.done} of {progress.total}"
    elif progress.done:
        place = f" {progress.done}"
    queue = " in the queue, place" if progress.stage == "waiting" and place else ""
    several = f", candidate {progress.candidate} of {progress.candidates}" if progress.candidates > 1 else ""
    return report.printable(f"{progress.stage}{queue}{place}{several}")


def _is_seen() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def _bar(*, lasting: bool) -> Iterator[rich.progress.Progress]:
    """Give the bar that is shown, or a new one."""
    if _shown:
        yield _shown[-1]
        return
    from rich.console import Console  # noqa: PLC0415 - only for people
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        (BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        if lasting
        else (BarColumn(), TimeElapsedColumn())
    )
    text = TextColumn("{task.description}", markup=False)
    console = Console(stderr=True)
    with Progress(*columns, text, console=console, redirect_stdout=False, transient=not lasting) as bar:
        _shown.append(bar)
        report.above.append(lambda line: console.out(line, highlight=False))
        try:
            yield bar
        finally:
            report.above.pop()
            _shown.pop()
