"""Signals that end a run: they reach the end of the program, whatever a library makes of them on the way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_ENDING = tuple(number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)))
_received: list[int] = []
_holding: list[bool] = []


class Ended(BaseException):
    """Another program asks this one to end.

    Attributes:
        number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def handled() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` or ``Ended`` for signals, and remember them.

    What is ignored, as ``nohup`` has it, stays so. Only the main thread may handle signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        **dict.fromkeys(_ENDING, signal.SIG_DFL),
    }
    usual = {number: handler for number, handler in usual.items() if signal.getsignal(number) == handler}
    _received.clear()
    for number in usual:
        signal.signal(number, _receive)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


def _receive(number: int, _frame: Any) -> None:
    _received.append(number)
    if _holding:
        return
    raise KeyboardInterrupt if number == signal.SIGINT else Ended(number)


@contextmanager
def held() -> Iterator[Callable[[], None]]:
    """Leave signals for the end of what is inside, from the call of what this gives on."""
    before = len(_received)
    try:
        yield lambda: _holding.append(True)
    finally:
        _holding.clear()
    if len(_received) > before:
        check()


def check() -> None:
    """Raise again what a library has taken for an error of its own, such as a failed import."""
    if _received:
        raise KeyboardInterrupt if _received[-1] == signal.SIGINT else Ended(_received[-1])


def is_ending() -> bool:
    """Say whether another program wants this one to end: nothing is waited for then."""
    return any(number in _ENDING for number in _received)


def is_hurried() -> bool:
    """Say whether processes may have been ended in the middle of their work: by that, or a second Ctrl-C."""
    return is_ending() or len(_received) > 1
