"""Threads that take work in turns: one piece of each caller's after the other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from promptcodec.errors import PromptcodecError

Work = Callable[[], None]


class FullError(PromptcodecError):
    """A queue that takes no more.

    Attributes:
        own: it is the caller's own work that fills it.
    """

    def __init__(self, message: str, *, own: bool) -> None:
        super().__init__(message)
        self.own = own


class Pool:
    """Threads that take work in turns.

    They end with the process, whatever they do: work that hangs holds up nobody who waits for its end.
    """

    def __init__(self, name: str, threads: int, most: int) -> None:
        self._name, self._threads, self._most = name, threads, most
        self._ready = threading.Condition()
        self._waiting: dict[str, deque[Work]] = {}
        self._running = self._started = 0
        self._closed = False

    def put(self, caller: str, work: Work, *, forced: bool = False) -> None:
        """Have something done.

        Args:
            caller: whose turn it takes.
            work: must not raise.
            forced: however much waits.

        Raises:
            FullError: as much waits as may, twice that where nothing of this caller's does, or half of that
                for this caller alone.
        """
        with self._ready:
            own, waiting = len(self._waiting.get(caller, ())), sum(map(len, self._waiting.values()))
            if not forced:
                if 2 * own > self._most:
                    raise FullError("too much of yours waits already", own=True)
                if waiting >= self._most * (1 if own else 2):
                    raise FullError("too much waits already", own=False)
            self._waiting.setdefault(caller, deque()).append(work)
            if self._started < self._threads and waiting >= self._started - self._running:
                self._started += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
            self._ready.notify()

    def remove(self, caller: str, work: Work) -> bool:
        """Take back what nobody has begun; say whether it was there."""
        with self._ready:
            queue = self._waiting.get(caller, deque())
            if work not in queue:
                return False
            queue.remove(work)
            if not queue:
                del self._waiting[caller]
            return True

    def place(self, caller: str, work: Work) -> int:
        """Give how many pieces of work come before this one, about; 0 where it has begun."""
        with self._ready:
            queue = self._waiting.get(caller, deque())
            if work not in queue:
                return 0
            index, queues = queue.index(work), list(self._waiting.values())
            own = queues.index(queue)
            return 1 + sum(min(len(each), index + (at < own)) for at, each in enumerate(queues))

    def close(self) -> None:
        """Begin nothing more; what has begun goes on."""
        with self._ready:
            self._closed = True
            self._waiting.clear()
            self._ready.notify_all()

    def _work(self) -> None:
        while (work := self._take()) is not None:
            try:
                work()
            finally:
                del work
                with self._ready:
                    self._running -= 1

    def _take(self) -> Work | None:
        with self._ready:
            while not self._waiting and not self._closed:
                self._ready.wait()
            if self._closed:
                return None
            caller, queue = next(iter(self._waiting.items()))
            work = queue.popleft()
            # Whose turn it was is last in line now.
            del self._waiting[caller]
            if queue:
                self._waiting[caller] = queue
            self._running += 1
            return work
