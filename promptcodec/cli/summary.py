"""What a run came to, in one line at its end."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptcodec.cli.find import words_of
from promptcodec.errors import PromptcodecError, SpendingError
from promptcodec.files import STDIO

DONE_BEFORE = "done before"


@dataclass(slots=True)
class Tally:
    """A run while it goes on.

    Attributes:
        skipped: what was left out, by reason.
        done: items.
        errors: of those that failed.
        bytes_in, bytes_out: of the files of what was done.
        start: of ``time.perf_counter``.
    """

    skipped: Counter[str]
    done: int = 0
    errors: list[PromptcodecError] = field(default_factory=list)
    bytes_in: int = 0
    bytes_out: int = 0
    start: float = field(default_factory=time.perf_counter)

    def add(self, result: dict[str, Any]) -> None:
        """Count an item that is done."""
        self.done += 1
        self.bytes_in += _size(result.get("file"))
        self.bytes_out += _size(result.get("out"))

    def fail(self, error: PromptcodecError) -> bool:
        """Count an item that failed; say whether to tell it: a cap that is reached stops all that follow."""
        repeated = isinstance(error, SpendingError) and any(
            isinstance(each, SpendingError) for each in self.errors
        )
        self.errors.append(error)
        return not repeated

    def line(self, verb: str, total: str) -> str:
        """Give the line: ``9 found: 6 done, 3 skipped: 1 HEIC, 2 not images; 4.5 MB -> 1.2 kB in 8.1 s``.

        Args:
            verb: what was done with items.
            total: what to say in place of bytes; empty for these.
        """
        skipped = sum(self.skipped.values())
        counts = [f"{self.done} {verb}"]
        failed, capped = len(self.errors), sum(isinstance(error, SpendingError) for error in self.errors)
        counts += [f"{failed} failed" + (f" ({capped} at the cap)" if capped else "")] if failed else []
        counts += [f"{skipped} skipped: {words_of(self.skipped)}"] if skipped else []
        items = self.done + failed + skipped
        written = f" -> {in_bytes(self.bytes_out)}" if self.bytes_out else ""
        seconds = f" in {time.perf_counter() - self.start:.1f} s"
        return f"{items} found: {', '.join(counts)}; {total or in_bytes(self.bytes_in) + written + seconds}"


def _size(path: str | None) -> int:
    try:
        return Path(path).stat().st_size if path and path != STDIO else 0
    except (OSError, ValueError):
        return 0


def in_bytes(count: int) -> str:
    """Say how many bytes, as people read it: ``4.5 MB``."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
