"""What can go wrong at a hosted model, on demand."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

KINDS = {
    "429": "too many requests, with retry-after",
    "quota": "429 for want of money: trying again does not help",
    "500": "the server fails",
    "slow": "the answer takes three seconds",
    "drop": "the connection breaks in the middle of the body",
    "badjson": "the body is no JSON",
    "truncated": "the model's answer stops at its limit of tokens, in the middle of its JSON",
    "schema": "the model's answer is JSON that breaks the schema",
    "refusal": "the model, or its filter, refuses",
    "empty": "the answer holds no picture",
    "size": "the picture has another shape than was asked for",
    "echo": "a caption repeats the whole question as its summary",
    "obey": "a verdict says yes to everything, as a model would that a statement gives orders to",
    "leak": "401, quoting the key that was sent",
}
TEXT_ONLY = {"truncated", "schema", "echo", "obey"}
PICTURE_ONLY = {"empty", "size"}


@dataclass
class Fault:
    """A kind of failure and how many requests it still hits."""

    kind: str
    left: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fits(self, *, picture: bool) -> bool:
        """Say whether it can hit a request for text or for a picture."""
        return self.kind not in (TEXT_ONLY if picture else PICTURE_ONLY)

    def strike(self, *, picture: bool) -> bool:
        """Hit one request, where there are hits left."""
        with self.lock:
            hit = self.left > 0 and self.fits(picture=picture)
            self.left -= hit
            return hit


def parse(text: str) -> Fault:
    """Read ``KIND`` or ``KIND:N``.

    Raises:
        ValueError: an unknown kind or no number.
    """
    kind, _, count = text.partition(":")
    if kind not in KINDS:
        raise ValueError(f"unknown fault {kind!r}; there are {', '.join(KINDS)}")
    return Fault(kind, int(count or 1))


def choose(faults: Sequence[Fault], *, picture: bool) -> str:
    """Give the kind that hits this request, ``""`` for none."""
    return next((fault.kind for fault in faults if fault.strike(picture=picture)), "")
