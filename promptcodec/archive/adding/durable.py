"""Items on their way into an archive: kept in batches, each durable before anybody hears of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

from promptcodec.errors import PromptcodecError

SECONDS, MOST = 0.5, 256
"""How long items wait before they are kept, and how many do, at most."""

Item = TypeVar("Item")
Kept = TypeVar("Kept")


def in_batches(
    items: Iterable[Item | None],
    commit: Callable[[list[Item]], None],
    kept: deque[Kept],
    update: Callable[[bool], None],
) -> Generator[Kept, None, None]:
    """Keep items as they come. Whatever ends that, those that have come are kept, and given.

    Args:
        items: what is to be kept; None where there is nothing for a while.
        commit: keeps what waits, in one transaction: it puts what came of that into ``kept``, and empties
            what it is given.
        kept: is given, and emptied.
        update: brings up to date what follows the archive, where enough waits for that; at the end, with
            True, in any case.

    Raises:
        UsageError: the archive cannot be written: no room is left, or another program is in the way.
        BaseException: whatever ``items`` raises.
    """
    waiting: list[Item] = []
    kept_at = time.monotonic()
    try:
        try:
            for item in items:
                waiting += [] if item is None else [item]
                if len(waiting) >= MOST or (waiting and time.monotonic() - kept_at >= SECONDS):
                    yield from _flush(waiting, commit, kept)
                    kept_at = time.monotonic()
                update(False)
        except GeneratorExit:  # nobody listens any more; nothing waits while somebody is told
            raise
        except BaseException:
            yield from _flush(waiting, commit, kept)
            raise
        yield from _flush(waiting, commit, kept)
    finally:
        update(True)


def _flush(waiting: list[Item], commit: Callable[[list[Item]], None], kept: deque[Kept]) -> Iterator[Kept]:
    """Keep what waits; then give it."""
    try:
        if waiting:
            commit(waiting)
    except PromptcodecError:
        waiting.clear()  # it would fail again
        raise
    while kept:
        yield kept.popleft()
