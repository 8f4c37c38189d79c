"""What a person sees of files being added: a bar with the rate and what was saved, and a line at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from promptcodec.archive.adding.add import Kept
from promptcodec.archive.adding.states import ADDED, CHANGED, DUPLICATE, FAILED, FAILED_BEFORE, STATES
from promptcodec.cli.find import words_of
from promptcodec.cli.summary import in_bytes
from promptcodec.errors import PromptcodecError, SpendingError


@dataclass(slots=True)
class Total:
    """A run while it goes on.

    Attributes:
        left_out: what was not looked at, by reason.
        states: how many files came to what.
        errors: of those that failed: their number is that of ``states``, and the first of each kind is kept.
        bytes_in, bytes_out: of files that are new, and of their streams.
        capped: of those that failed, those that a cap on spending stopped.
        unread: how many pictures hold lettering that was not read.
        start: of ``time.perf_counter``.
    """

    left_out: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    errors: dict[str, PromptcodecError] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    capped: int = 0
    unread: int = 0
    start: float = field(default_factory=time.perf_counter)

    def add(self, kept: Kept) -> None:
        """Count a file."""
        self.states[kept.state] += 1
        is_new = kept.state in (ADDED, CHANGED)  # a duplicate may have been encoded too, at the same time
        if is_new and kept.content and kept.record and kept.content.stream is not None:
            self.bytes_in += kept.content.size
            self.bytes_out += len(kept.record.stream)
            self.unread += kept.content.unread

    def fail(self, error: PromptcodecError) -> bool:
        """Count a file that failed; say whether to tell it: a cap that is reached stops all that follow."""
        is_first = error.kind not in self.errors
        self.states[FAILED] += 1
        self.capped += isinstance(error, SpendingError)
        self.errors.setdefault(error.kind, error)
        return is_first or not isinstance(error, SpendingError)

    @property
    def count(self) -> int:
        """Give how many files something came of."""
        return self.states.total()

    @property
    def rate(self) -> float:
        """Give how many that was in a second."""
        return self.count / max(time.perf_counter() - self.start, 1e-6)

    def line(self) -> str:
        """Give the line at the end: ``9 found: 7 added, 2 known; 4.5 MB -> 1.2 kB in the archive, ...``."""
        plural = {DUPLICATE: "s"} if self.states[DUPLICATE] > 1 else {}
        states = self.states - Counter({FAILED: self.capped})
        counts = [f"{states[state]} {state}{plural.get(state, '')}" for state in STATES if states[state]]
        counts += [f"{self.capped} not tried as no more may be spent"] if self.capped else []
        left_out = self.left_out.total()
        counts += [f"{left_out} skipped: {words_of(self.left_out)}"] if left_out else []
        seconds = time.perf_counter() - self.start
        saved = f"{in_bytes(self.bytes_in)} -> {in_bytes(self.bytes_out)} in the archive"
        return (
            f"{self.count + left_out} found: {', '.join(counts) or 'nothing to add'}; {saved}, "
            f"{seconds:.1f} s, {self.rate:.1f} pictures/s"
        )


@contextmanager
def bar(total: Total, files: Callable[[], int | None]) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error where somebody looks at it; give what draws it anew.

    Args:
        total: what it shows.
        files: counts the files that there are, about; None where that is not known.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415 - only for people
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as progress:
        task = progress.add_task("", total=files())

        def draw() -> None:
            seen = total.count + total.left_out[FAILED_BEFORE]
            saved = in_bytes(max(total.bytes_in - total.bytes_out, 0))
            progress.update(task, completed=seen, description=f"{total.rate:.1f}/s, {saved} saved")

        yield draw
