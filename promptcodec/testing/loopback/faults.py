"""What can go wrong at a hosted model, on demand."""

from __future__ import annotations

import hashlib
import re
import sys
import threading
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

_REQUESTS = {
    "429": "too many requests, with retry-after",
    "quota": "429 for want of money: trying again does not help",
    "500": "the server fails",
    "slow": "the answer takes three seconds",
    "drop": "the connection breaks in the middle of the body",
    "badjson": "the body is no JSON",
    "leak": "401, quoting the key that was sent",
}
_ANSWERS = {
    "truncated": "the model's answer stops at its limit of tokens, in the middle of its JSON",
    "schema": "the model's answer is JSON that breaks the schema",
    "refusal": "the model, or its filter, refuses",
    "empty": "the answer holds no picture",
    "size": "the picture has another shape than was asked for",
    "echo": "a caption repeats the whole question as its summary",
    "obey": "a verdict says yes to everything, as a model would that a statement gives orders to",
}
_STREAMS = {
    "stream-cut": "the stream of a picture breaks off behind its first interim picture",
    "stream-error": "the stream of a picture ends with an error behind its first interim picture",
    "final-first": "the stream of a picture is done before it shows an interim one",
}
LINES = {
    "line-400": "a line of a batch is refused as wrong",
    "line-policy": "a line of a batch is refused by the filter of what is asked",
    "line-429": "a line of a batch is one too many",
    "line-500": "the server fails at a line of a batch",
    "line-timeout": "a line of a batch has no response, its model took too long",
    "line-lost": "a line of a batch is answered, and there is no result of it",
    "line-twice": "a line of a batch has its result twice",
    "line-damaged": "a line of a batch has half a line as its result",
    "line-foreign": "a line of a batch has a second result, under a custom_id that nobody sent",
}
BATCHES = {
    "batch-failed": "a batch fails while it is validated",
    "batch-queue": "a batch fails for the limit of enqueued tokens",
    "batch-expired": "a batch expires when half of its lines are done",
    "batch-cancelled": "somebody else cancels a batch when half of its lines are done",
    "batch-slow": "a batch takes three seconds more",
    "batch-stuck": "a batch goes on until it is cancelled",
}
_CALLS = {
    "call-429": "a request about files or batches is one too many",
    "call-500": "the server fails at a request about files or batches, and does nothing",
    "call-drop": "a request about files or batches is done, and its answer breaks off",
    "upload-drop": "a file is kept, and the answer breaks off",
    "create-drop": "a batch is created, and the answer breaks off",
    "create-500": "a batch is created, and the answer is that the server failed",
}
KINDS = {**_REQUESTS, **_ANSWERS, **_STREAMS, **LINES, **BATCHES, **_CALLS}
_TEXT_ONLY = {"truncated", "schema", "echo", "obey"}
_PICTURE_ONLY = {"empty", "size"}
_FORM = re.compile(r"([\w-]+)(?::(?:(\d+)(?:/([1-9]\d*))?|(\d+)%))?", re.ASCII)


@dataclass
class Fault:
    """A kind of failure and what it still hits.

    Attributes:
        kind: of KINDS.
        left: hits that are left.
        part, whole: of ``whole`` lines ``part`` are hit, when they first come. One of one: every line,
            and requests that are no lines.
    """

    kind: str
    left: int
    part: int = 1
    whole: int = 1
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def strike(self, line: str | None, *, new: bool) -> bool:
        """Hit one, where there are hits left.

        Args:
            line: the custom_id of a line, None for what is no line.
            new: whether the line came never before.
        """
        if self.whole > 1 and (line is None or not new or not self._is_chosen(line)):
            return False
        with self._lock:
            hit = self.left > 0
            self.left -= hit
            return hit

    def _is_chosen(self, line: str) -> bool:
        digest = hashlib.sha256(f"{self.kind}\0{line}".encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:4], "big") * self.whole < self.part << 32


def parse(text: str) -> Fault:
    """Read ``KIND``, ``KIND:N``, ``KIND:N/EVERY`` or ``KIND:P%``.

    Raises:
        ValueError: an unknown kind, or no such form.
    """
    kind = text.partition(":")[0]
    if kind not in KINDS:
        raise ValueError(f"unknown fault {kind!r}; there are {', '.join(KINDS)}")
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is none of KIND, KIND:N, KIND:N/EVERY, KIND:P%")
    _, count, every, percent = match.groups()
    if (every or percent) and kind not in {**_ANSWERS, **LINES}:
        raise ValueError(f"{kind!r} takes no share: only lines of batches have one")
    if percent:
        return Fault(kind, sys.maxsize, int(percent), 100)
    return Fault(kind, int(count or 1), 1, int(every or 1))


def choose(faults: Sequence[Fault], *, picture: bool, streamed: bool = False) -> str:
    """Give the kind that hits this request, which a model is to answer; ``""`` for none."""
    others = _TEXT_ONLY if picture else _PICTURE_ONLY
    kinds = {*_REQUESTS, *_ANSWERS, *(_STREAMS if streamed else ())}
    return choose_of(faults, kinds - others)


def choose_line(faults: Sequence[Fault], line: str, *, new: bool, picture: bool) -> str:
    """Give the kind that hits this line of a batch, ``""`` for none."""
    others = _TEXT_ONLY if picture else _PICTURE_ONLY
    return choose_of(faults, (LINES.keys() | _ANSWERS) - others, line, new=new)


def choose_of(
    faults: Sequence[Fault], kinds: Container[str], line: str | None = None, *, new: bool = True
) -> str:
    """Give the first of these kinds that hits, ``""`` for none."""
    return next((fault.kind for fault in faults if fault.kind in kinds and fault.strike(line, new=new)), "")
