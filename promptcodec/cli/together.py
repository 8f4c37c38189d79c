"""Streams that are decoded in one process by a generator that draws several pictures at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from promptcodec.cli import bar
from promptcodec.cli.tasks import Result, Task, attempt

if TYPE_CHECKING:
    from promptcodec.decoding import Decoded
    from promptcodec.settings import DecodeSettings

Work = TypeVar("Work", bound=Task)


class Opened(NamedTuple):
    """A stream that was read, and whether its picture may replace what is there."""

    data: bytes
    overwrite: bool


Read = Callable[[Work], Opened | None]
Finish = Callable[[Work, Opened, "Decoded"], dict[str, Any]]


def results(
    tasks: Sequence[Work],
    read: Read[Work],
    finish: Finish[Work],
    settings: DecodeSettings,
    *,
    shown: bool,
) -> Generator[Result, None, None]:
    """Give the result of each task as soon as it is there: what fails is that one's.

    Args:
        tasks: what is done.
        read: gives the stream of one, None where it was done before.
        finish: writes a picture and gives the JSON object of its result.
        settings: of all.
        shown: how far the pictures are is shown.
    """
    from promptcodec import decoding  # noqa: PLC0415 - heavy
    from promptcodec.generators.watching import Watch  # noqa: PLC0415

    numbers = itertools.count()
    entered: dict[int, tuple[Work, Opened]] = {}  # whose pictures are still to come
    others: list[Result] = []  # done before, or not to be read

    def enter(task: Work) -> dict[str, Any] | None:
        opened = read(task)
        if opened is None:
            return None
        entered[next(numbers)] = task, opened
        return {}

    def streams() -> Iterator[bytes]:
        for task in tasks:
            before = len(entered)
            result = attempt(enter, task)
            if len(entered) > before:
                yield next(reversed(entered.values()))[1].data
            else:
                others.append(result)

    with bar.of_picture("", shown=shown) as show:
        for number, outcome in decoding.decode_all(streams(), settings, watch=Watch(show)):
            yield from _taken(others)
            task, opened = entered.pop(number)
            yield attempt(partial(_finish, finish, opened, outcome), task)
    yield from _taken(others)


def _taken(results: list[Result]) -> Iterator[Result]:
    while results:
        yield results.pop(0)


def _finish(
    finish: Finish[Work],
    opened: Opened,
    outcome: Decoded | Exception,
    task: Work,
) -> dict[str, Any]:
    if isinstance(outcome, Exception):
        raise outcome
    return finish(task, opened, outcome)
