"""Every captioner, generator and check asked what it says of itself; foreign ones may raise, hang or lie."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from promptcodec import plugins, unexpected
from promptcodec.errors import UsageError
from promptcodec.readiness import Examined, Readiness, start

ROLES = ("captioners", "generators", "checks")
SECONDS = 1.0
"""A plugin is waited for so long while it is made, and again while it is examined."""
_MOST = 2000
"""Characters of a name, a reason or a licence that are kept."""
_SILENT = "installed; it says no more of itself"


class _Work:
    """A plugin that is made and then examined in a thread of its own, which nobody has to wait for."""

    def __init__(self, role: str, spec: str) -> None:
        self.spec = spec
        self._made_up = threading.Event()
        self._future = start(lambda: self._rows(role))
        # One after the other: modules that import each other do not stand being imported by two threads.
        self._made_up.wait(SECONDS)
        self._end = time.monotonic() + SECONDS

    def _rows(self, role: str) -> list[Readiness]:
        try:
            plugin = plugins.create(role, self.spec)
        finally:
            self._made_up.set()
        if not isinstance(plugin, Examined):
            return [Readiness(self.spec, ok=True, why=_SILENT)]
        return _checked(self.spec, plugin.examine())

    def result(self) -> list[Readiness]:
        """Wait until the time is over; give the rows, or one that says why there are none."""
        left = max(0.0, self._end - time.monotonic())
        try:
            if self._made_up.is_set() and self._future.exception(left) is None:
                return self._future.result()
        except TimeoutError:
            pass
        return [Readiness(self.spec, ok=False, why=self._failure())]

    def _failure(self) -> str:
        if not self._future.done():
            doing = "did not say whether it works" if self._made_up.is_set() else "was not loaded"
            return f"it {doing} within {SECONDS:g} s: a server, a disk or the plugin itself hangs"
        error = self._future.exception()
        assert error is not None
        failed = unexpected.as_error(error)
        return _short("; ".join(filter(None, (str(failed), failed.hint))))


def examine() -> Callable[[], Mapping[str, list[Readiness]]]:
    """Begin to examine all that is installed or in the configuration file.

    Returns:
        What waits for the rows of each role and gives them.
    """
    works = {role: [_Work(role, spec) for spec in specs(role)] for role in ROLES}
    return lambda: {role: [row for one in each for row in one.result()] for role, each in works.items()}


def specs(role: str) -> list[str]:
    """Name what is installed, then the configuration's own profiles."""
    try:
        own = plugins.profiles(role)
    except UsageError:  # each of them will say so
        own = []
    return [*dict.fromkeys([*plugins.installed(role), *own])]


def _checked(spec: str, rows: Any) -> list[Readiness]:
    """Hold a plugin's rows to what they are to be, under the name by which it was made."""
    if not isinstance(rows, list | tuple):
        raise UsageError("the plugin's examine gives no list of Readiness: tell those who made it")
    checked = [_row(spec, row, alone=len(rows) == 1) for row in rows]
    return checked or [Readiness(spec, ok=True, why=_SILENT)]


def _row(spec: str, row: Any, *, alone: bool) -> Readiness:
    texts = (row.name, row.why, row.licence) if isinstance(row, Readiness) else (None,)
    if not all(isinstance(text, str) for text in texts):
        raise UsageError("the plugin's examine gives something else than Readiness: tell those who made it")
    _, colon, variant = row.name.partition(":")
    name = spec if alone else spec + colon + variant
    return Readiness(_short(name), row.ok is True, _short(row.why) or _SILENT, _short(row.licence))


def _short(text: str) -> str:
    return text if len(text) <= _MOST else text[:_MOST] + "..."
