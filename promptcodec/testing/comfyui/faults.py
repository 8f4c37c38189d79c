"""What can go wrong at a ComfyUI server, on demand."""

from __future__ import annotations

import threading
from collections.abc import Sequence

_COUNTED = {
    "node-errors-200": "N prompts are queued, and the answer names a node that is left out",
    "queue-error": "N jobs fail: a node raises",
    "interrupted": "N jobs are interrupted by somebody else",
    "lost": "N jobs vanish, as when the server is started anew",
    "nan": "N pictures are not a number, that is black",
    "disconnect": "N answers about a job break off in the middle",
}
_NAMING = {
    "slow": "each job takes ARGUMENT seconds",
    "busy": "ARGUMENT jobs of others are ahead of the first, of a tenth of a second each",
    "missing-node": "there is no node of the class ARGUMENT",
    "missing-model": "there is no checkpoint",
    "html": "every answer is a page, as of another server",
}
KINDS = {**_COUNTED, **_NAMING}


class Faults:
    """The faults of one server.

    Args:
        given: ``KIND`` or ``KIND:ARGUMENT`` each.

    Raises:
        ValueError: an unknown kind, or an argument that is no number where one stands.
    """

    def __init__(self, given: Sequence[str]) -> None:
        self._arguments: dict[str, str] = {}
        self._left: dict[str, int] = {}
        self._lock = threading.Lock()
        for text in given:
            kind, _, argument = text.partition(":")
            if kind not in KINDS:
                raise ValueError(f"unknown fault {kind!r}; there are {', '.join(KINDS)}")
            if kind in _COUNTED:
                self._left[kind] = int(argument or 1)
            self._arguments[kind] = argument

    def strike(self, kind: str) -> bool:
        """Hit once, where there are hits left."""
        with self._lock:
            hit = self._left.get(kind, 0) > 0
            self._left[kind] = self._left.get(kind, 0) - hit
            return hit

    def has(self, kind: str) -> bool:
        """Say whether it was asked for."""
        return kind in self._arguments

    def argument(self, kind: str) -> str:
        """Give what was named with it, ``""`` where nothing was."""
        return self._arguments.get(kind, "")

    def number(self, kind: str) -> float:
        """Give the number that was named with it, 0 where none was."""
        return float(self._arguments.get(kind) or 0)
