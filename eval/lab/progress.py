"""How far a run is, on standard error: a line rewritten on a terminal, else one every 15 seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from eval.missing import NOT_REACHED

_EVERY = 15.0


class Progress:
    """Counts rows and says how long the rest may take."""

    def __init__(self, total: int, before: int) -> None:
        self.total, self.before = total, before
        self.done = self.errors = 0
        self._start = self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self.before:
            self._say(f"{self.before} rows are there already", end="\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._say(self._text(), end="\n")

    def step(self, row: Mapping[str, Any]) -> None:
        """Count a row."""
        self.done += 1
        self.errors += bool(row["error"]) and not row["error"].startswith(NOT_REACHED)
        now = time.monotonic()
        if self._terminal or now - self._last > _EVERY:
            self._last = now
            self._say(self._text(), end="" if self._terminal else "\n")

    def _text(self) -> str:
        gone = time.monotonic() - self._start
        rest = gone / self.done * (self.total - self.done) if self.done else 0
        errors = f", {self.errors} failed" if self.errors else ""
        return f"{self.done} of {self.total} rows{errors}, {gone:.0f} s, about {rest:.0f} s left"

    def _say(self, text: str, *, end: str) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        print(f"{start}{text}", end=end, file=sys.stderr, flush=True)
