"""Questions asked at once, many at a time, each by a thread that waits for its answer."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Iterator, Sequence
from queue import Empty, SimpleQueue

from promptcodec.api import postponed, spending
from promptcodec.api.client import Connection
from promptcodec.api.failures import CallError
from promptcodec.api.postponed import Answer, Question
from promptcodec.api.profile import Profile
from promptcodec.api.spending import Bill, Limits, Spent, limited
from promptcodec.errors import PromptcodecError, UnexpectedError


class Live:
    """Has questions asked at once. Its threads end with the process, whatever they wait for."""

    def __init__(self, limits: Limits, concurrency: int) -> None:
        """Begin without questions.

        Args:
            limits: what they may cost.
            concurrency: how many are asked at a time.
        """
        self._limits = limits
        self._concurrency = concurrency
        self._threads = 0
        self._questions: SimpleQueue[Question] = SimpleQueue()
        self._new: SimpleQueue[tuple[Question, Answer]] = SimpleQueue()
        self._answers: dict[str, Answer] = {}
        self._unread: dict[str, Profile] = {}
        self._asking: set[str] = set()
        self._connection = functools.lru_cache(maxsize=16)(Connection)

    def put(self, question: Question) -> None:
        """Take a question, see ``Carrier``."""
        if question.key in self._asking:
            return
        self._asking.add(question.key)
        try:
            with limited(self._limits):
                spending.reserve(question.estimate)
        except PromptcodecError as error:
            self._new.put((question, _failed(question, error)))
            return
        if self._threads < self._concurrency:
            self._threads += 1
            threading.Thread(target=self._work, name="promptcodec-asking", daemon=True).start()
        self._questions.put(question)

    def _work(self) -> None:
        with limited(self._limits):
            while True:
                question = self._questions.get()
                try:
                    answer = self._connected(question.profile).carry(question)
                except PromptcodecError as error:
                    answer = _failed(question, error)
                except Exception as error:  # noqa: BLE001 - nobody else would hear of it
                    answer = _failed(question, UnexpectedError(f"unexpected {type(error).__name__}: {error}"))
                self._new.put((question, answer))

    def _connected(self, profile: Profile) -> Connection:
        return self._connection(profile)

    def flush(self) -> None:
        """Do nothing: whatever is put is on its way."""

    def arrived(self) -> Iterator[str]:
        """Give the keys that were answered, see ``Carrier``."""
        while True:
            try:
                question, answer = self._new.get_nowait()
            except Empty:
                return
            self._answers[question.key] = answer
            self._unread[question.key] = question.profile
            self._asking.discard(question.key)
            yield question.key

    def answers(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Give what came of questions."""
        return {key: self._answers[key] for key in keys if key in self._answers}

    def settle(self, key: str, bill: Bill) -> None:
        """Enter what a question came to."""
        self._unread.pop(key, None)
        with limited(self._limits):
            spending.enter(bill)

    def forget(self, keys: Sequence[str]) -> None:
        """Forget answers; those that no source has come to read are stored, as they are paid for."""
        for key in keys:
            answer, profile = self._answers.pop(key, None), self._unread.pop(key, None)
            if answer and profile and not answer.failure:
                self._connected(profile).store(answer)

    def has_room(self) -> bool:
        """Say whether no question waits long for its turn."""
        return len(self._asking) < 2 * self._concurrency

    def stop(self) -> set[str]:
        """Drop what was not begun; give what is on its way."""
        while True:
            try:
                self._asking.discard(self._questions.get_nowait().key)
            except Empty:
                return set(self._asking)


def _failed(question: Question, error: PromptcodecError) -> Answer:
    return postponed.failed(question, CallError(error, billed=False), Spent())
