"""What hosted models cost: capped before a call, counted after it, across threads and processes.

The count is a small SQLite file in the cache folder, one row per run and one per call. It holds
no text and no key.
"""

from __future__ import annotations

import functools
import math
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptcodec.api import answers
from promptcodec.errors import SpendingError, UsageError

if TYPE_CHECKING:
    import sqlite3

DEFAULT_COST = 2.0
DEFAULT_REQUESTS = 2000
_PATIENCE = 10.0
"""Seconds to wait for another process that writes the count; a write takes a few milliseconds."""
_ROUNDING = 1e-9
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, requests INTEGER, cost REAL);
CREATE TABLE IF NOT EXISTS calls (run TEXT, at REAL, host TEXT, endpoint TEXT, model TEXT, asked TEXT,
    input_tokens INTEGER, output_tokens INTEGER, cost REAL);
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may spend.

    Attributes:
        cost: dollars. Where prices are unknown only ``requests`` can be held to.
        requests: calls; each try, and each redirect that is followed, is one.
        strict: refuse calls of unknown price (the user named a cost, so it must hold).
        run: what the count is kept under; worker processes of a run share it.
        within: further limits that hold at the same time: each call is counted under both.
    """

    cost: float = DEFAULT_COST
    requests: int = DEFAULT_REQUESTS
    strict: bool = False
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    within: Limits | None = None

    def __post_init__(self) -> None:
        """Refuse a cost that nothing could be held to."""
        if math.isnan(self.cost):
            raise UsageError("a cap on cost is a number of dollars, not nan")

    def all(self) -> Iterator[Limits]:
        """Give these, and those that they are within."""
        limits: Limits | None = self
        while limits is not None:
            yield limits
            limits = limits.within


NO_SPENDING = Limits(0.0, 0, strict=True)
"""For work that asks nobody who is paid."""


@dataclass(slots=True)
class Spent:
    """What was spent in a stretch of work; ``cost`` is None where a price was unknown."""

    requests: int = 0
    stored: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0

    def add(self, more: Spent) -> None:
        """Count what was spent in another stretch too."""
        self.requests += more.requests
        self.stored += more.stored
        self.input_tokens += more.input_tokens
        self.output_tokens += more.output_tokens
        self.cost = None if self.cost is None or more.cost is None else self.cost + more.cost


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a piece of work will come to.

    Attributes:
        requests: calls, the likely and the most.
        input_tokens, output_tokens: of the likely calls.
        cost: dollars of the likely calls, nan where prices are unknown.
        exact: False where tokens were counted by length, for want of a vocabulary.
    """

    requests: tuple[int, int]
    input_tokens: int
    output_tokens: int
    cost: float
    exact: bool


NOTHING = Estimate((0, 0), 0, 0, 0.0, exact=True)

_defaults = Limits()
_limits: ContextVar[Limits] = ContextVar("_limits", default=_defaults)
_meter: ContextVar[tuple[Spent, ...]] = ContextVar("_meter", default=())


@contextmanager
def limited(limits: Limits) -> Iterator[None]:
    """Hold what is done inside, in this thread or task, to ``limits``.

    Where nothing is said, one set of default limits holds for all of a process. Threads started inside
    begin with those: run their work in ``contextvars.copy_context()`` to hold them to these.
    """
    token = _limits.set(limits)
    try:
        yield
    finally:
        _limits.reset(token)


@contextmanager
def metered() -> Iterator[Spent]:
    """Count what is spent inside, in this thread."""
    spent = Spent()
    token = _meter.set((*_meter.get(), spent))
    try:
        yield spent
    finally:
        _meter.reset(token)


def reserve(estimate: float) -> None:
    """Ask for one call of about this many dollars (nan: unknown) before it is made.

    Raises:
        SpendingError: a cap is reached, or nothing can be counted.
    """
    check_priced(estimate)
    estimate = 0.0 if math.isnan(estimate) else estimate
    with _ledger() as ledger:
        for limits in _limits.get().all():
            _reserve(ledger, limits, estimate)


def _reserve(ledger: sqlite3.Connection, limits: Limits, estimate: float) -> None:
    ledger.execute("INSERT OR IGNORE INTO runs VALUES (?, 0, 0)", (limits.run,))
    changed = ledger.execute(
        "UPDATE runs SET requests = requests + 1, cost = cost + ? "
        "WHERE run = ? AND requests < ? AND cost + ? <= ?",
        (estimate, limits.run, limits.requests, estimate, limits.cost + _ROUNDING),
    ).rowcount
    if not changed:
        requests, cost = ledger.execute(
            "SELECT requests, cost FROM runs WHERE run = ?", (limits.run,)
        ).fetchone()
        so_far = f"{requests} requests and ${cost:.4f} so far, the next about ${estimate:.4f}"
        allowed = f"{limits.requests} and ${limits.cost:.4f}"
        raise SpendingError(
            f"the cap is reached: {so_far}; allowed are {allowed}", hint="raise --max-requests or --max-cost"
        )


def is_strict() -> bool:
    """Say whether the user named a cost, which must hold."""
    return any(limits.strict for limits in _limits.get().all())


def check_priced(estimate: float) -> None:
    """Refuse a call of unknown price (nan) where the user named a cost.

    Raises:
        UsageError: it is one.
    """
    if math.isnan(estimate) and is_strict():
        raise UsageError(
            "a cap on cost cannot be held: the profile names no prices; give input_price and "
            "output_price (dollars per million tokens; image_price for pictures)",
            hint="or use --max-requests alone, without --max-cost",
        )


@dataclass(frozen=True, slots=True)
class Bill:
    """What one call came to.

    Attributes:
        estimate: dollars that were reserved for it.
        cost: dollars, nan where a price is unknown.
        host, endpoint, model: who was asked.
        asked: the hash of the question.
        input_tokens, output_tokens: that were counted.
    """

    estimate: float
    cost: float
    host: str
    endpoint: str
    model: str
    asked: str
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def spent(self) -> Spent:
        """Give it as one call of a stretch of work."""
        cost = None if math.isnan(self.cost) else self.cost
        return Spent(1, 0, self.input_tokens, self.output_tokens, cost)


def settle(bill: Bill) -> None:
    """Put what a call came to in place of what was reserved for it, and count it.

    Raises:
        SpendingError: it cannot be counted; what was reserved stands.
    """
    count(bill.spent)
    enter(bill)


def enter(bill: Bill) -> None:
    """Put what a call came to in place of what was reserved for it.

    Raises:
        SpendingError: it cannot be entered; what was reserved stands.
    """
    limits = _limits.get()
    with _ledger() as ledger:
        known = [0.0 if math.isnan(value) else value for value in (bill.estimate, bill.cost)]
        for each in limits.all():
            ledger.execute("UPDATE runs SET cost = cost - ? + ? WHERE run = ?", (*known, each.run))
        ledger.execute(
            "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(limits.run, time.time(), bill.host, bill.endpoint, bill.model, bill.asked),
                *(bill.input_tokens, bill.output_tokens, None if math.isnan(bill.cost) else bill.cost),
            ),
        )


def give_back(estimate: float) -> None:
    """Take back what was reserved for a call that was not made.

    Raises:
        SpendingError: it cannot be entered; what was reserved stands.
    """
    estimate = 0.0 if math.isnan(estimate) else estimate
    with _ledger() as ledger:
        for limits in _limits.get().all():
            ledger.execute(
                "UPDATE runs SET requests = requests - 1, cost = cost - ? WHERE run = ?",
                (estimate, limits.run),
            )


def count(more: Spent) -> None:
    """Count what was spent, for all who meter this thread."""
    for spent in _meter.get():
        spent.add(more)


def counted(limits: Limits) -> tuple[int, float]:
    """Give how many requests of a run were counted, and the dollars, in the cache folder of this machine.

    Raises:
        SpendingError: they cannot be read.
    """
    with _ledger() as ledger:
        row = ledger.execute("SELECT requests, cost FROM runs WHERE run = ?", (limits.run,)).fetchone()
    return row or (0, 0.0)


def count_redirect() -> None:
    """Count a redirect that is followed: a call more, of the same cost.

    Raises:
        SpendingError: a cap is reached.
    """
    reserve(0.0)
    count(Spent(requests=1))


def count_stored() -> None:
    """Count an answer that was stored already."""
    count(Spent(stored=1))


_lock = threading.Lock()


@contextmanager
def _ledger() -> Iterator[sqlite3.Connection]:
    """Give the count inside one transaction.

    Raises:
        SpendingError: it is damaged, locked, or cannot be written.
    """
    import sqlite3  # noqa: PLC0415 - only when a model is asked

    path = answers.folder() / "spending.sqlite"
    with _lock:
        try:
            ledger = _open(str(path), os.getpid())
            ledger.execute("BEGIN IMMEDIATE")
            try:
                yield ledger
                ledger.execute("COMMIT")
            finally:
                if ledger.in_transaction:
                    ledger.execute("ROLLBACK")
        except (sqlite3.Error, OSError) as error:
            raise SpendingError(
                f"what is spent cannot be counted in {path}: {error}; nothing is asked without. Move it away "
                "if it is damaged, or name another folder for what is kept: PROMPTCODEC_CACHE"
            ) from None


@functools.lru_cache(maxsize=4)
def _open(path: str, _process: int) -> sqlite3.Connection:
    import sqlite3  # noqa: PLC0415 - only when a model is asked

    answers.folder().mkdir(parents=True, exist_ok=True)
    ledger = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        ledger.execute("PRAGMA journal_mode = WAL")
        ledger.execute("PRAGMA synchronous = NORMAL")
        ledger.executescript(_SCHEMA)
    except sqlite3.Error:
        ledger.close()
        raise
    return ledger
