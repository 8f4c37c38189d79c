"""Who waits for what: each source is worked through in rounds, one for every question that it asks."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from promptcodec.api.concessions import Learnt
from promptcodec.api.postponed import Answer, Question
from promptcodec.api.spending import Bill
from promptcodec.archive.adding.add import Outcome
from promptcodec.archive.adding.content import Content
from promptcodec.archive.sources.source import Source
from promptcodec.errors import PromptcodecError


class Carrier(Protocol):
    """Has questions asked, and keeps what came of them until it is forgotten."""

    def put(self, question: Question) -> None:
        """Take a question; one that is being asked is not asked again. A failure is an answer too."""
        ...

    def flush(self) -> None:
        """Send what is gathered: nothing more comes before something is answered."""
        ...

    def arrived(self) -> Iterator[str]:
        """Give the keys of which something came since the last call: an answer, or leave to ask once more.

        Raises:
            PromptcodecError: nothing more can be asked.
        """
        ...

    def answers(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Give what came of questions, as far as it is there."""
        ...

    def settle(self, key: str, bill: Bill) -> None:
        """Settle what a question came to, once.

        Raises:
            PromptcodecError: it cannot be counted.
        """
        ...

    def forget(self, keys: Sequence[str]) -> None:
        """Forget questions whose sources are done, and kept."""
        ...

    def has_room(self) -> bool:
        """Say whether more sources should be begun."""
        ...

    def stop(self) -> set[str]:
        """Ask nothing more; give the keys that something will still come of soon."""
        ...


@dataclass(slots=True, eq=False)
class Asked:
    """A source on its way.

    Attributes:
        source: the file.
        keys: of the questions that it asked, and whether another source asked them first, which pays.
        settled: of them, those whose bill was settled.
        seconds: that were spent on it.
    """

    source: Source
    keys: dict[str, bool] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """A source to be worked through with the answers that came.

    Attributes:
        asked: the source; who works through it gives it back.
        answers: by key.
    """

    asked: Asked
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a round: an outcome, or a question.

    Attributes:
        outcome: what was made of the source; None where it waits.
        question: that it waits for.
        bills: of the answers that were taken, by key.
        learnt: what the process knows of servers.
        seconds: it took.
    """

    outcome: Content | PromptcodecError | None
    question: Question | None
    bills: Mapping[str, Bill]
    learnt: Learnt
    seconds: float


_ROOM = 1 << 30
"""Bytes that sources on their way may carry, where they are in no file that can be read again."""


class Rounds:
    """Sources on their way through rounds."""

    def __init__(self, sources: Iterator[Source], carrier: Carrier, most: int) -> None:
        """Take sources as there is room for them.

        Args:
            sources: are taken one by one.
            carrier: has questions asked.
            most: sources that wait at a time.
        """
        self._sources: Iterator[Source] = sources
        self._carrier = carrier
        self._most = most
        self._ready: deque[Asked] = deque()
        self._waiting: dict[str, list[Asked]] = {}
        self._waits = 0
        self._carried = 0
        self._out: set[Asked] = set()
        self._users: Counter[str] = Counter()
        self._is_coming, self._is_stopped = True, False

    def due(self) -> Iterator[Round | None]:
        """Give rounds that can be begun; None where none can for now."""
        while True:
            for key in self._carrier.arrived():
                there = self._waiting.pop(key, [])
                self._waits -= len(there)
                self._ready += there
            if self._ready:
                yield self._begun(self._ready.popleft())
            elif source := self._next():
                self._carried += source.held
                yield self._begun(Asked(source))
            elif self._out:
                yield None
            elif self._waits:
                self._carrier.flush()
                yield None
            elif self._is_coming and not self._is_stopped:  # the carrier has no room for the first
                yield None
            else:
                return

    def _next(self) -> Source | None:
        """Take a source; None where there is no room for one, or none is left."""
        if not self._has_room():
            return None
        source = next(self._sources, None)
        self._is_coming = source is not None
        return source

    def _has_room(self) -> bool:
        if self._is_stopped or self._waits >= self._most or self._carried >= _ROOM:
            return False
        return self._carrier.has_room()

    def _begun(self, asked: Asked) -> Round:
        self._out.add(asked)
        answers = self._carrier.answers(asked.keys)
        return Round(asked, {key: replace(each, is_shared=asked.keys[key]) for key, each in answers.items()})

    def returned(self, asked: Asked, replayed: Replayed) -> tuple[Outcome, list[str]] | None:
        """Take what came of a round.

        Returns:
            the outcome of the source, and the keys of questions that can be forgotten once it is kept; None
            where it waits.
        """
        self._out.discard(asked)
        asked.seconds += replayed.seconds
        outcome = replayed.outcome
        try:
            for key in replayed.bills.keys() - asked.settled:
                asked.settled.add(key)
                self._carrier.settle(key, replayed.bills[key])
        except PromptcodecError as error:
            outcome = error
        if outcome is None:
            assert replayed.question is not None
            self._wait(asked, replayed.question)
            return None
        self._carried -= asked.source.held
        if isinstance(outcome, Content):
            outcome = replace(outcome, seconds=asked.seconds)
        return (asked.source, outcome), self._left(asked)

    def _wait(self, asked: Asked, question: Question) -> None:
        if self._is_stopped:
            return
        key = question.key
        if key not in asked.keys:
            asked.keys[key] = key in self._waiting
            self._users[key] += 1
        self._waiting.setdefault(key, []).append(asked)
        self._waits += 1
        self._carrier.put(question)

    def _left(self, asked: Asked) -> list[str]:
        """Give the keys that nobody needs any more, once a source is done."""
        self._users.subtract(list(asked.keys))
        unused = [key for key in asked.keys if self._users[key] <= 0]
        for key in unused:
            del self._users[key]
        return unused

    def stop(self) -> None:
        """Begin no source more, and ask nothing more; what will come soon is still worked through."""
        self._is_stopped = True
        soon = self._carrier.stop()
        self._waiting = {key: there for key, there in self._waiting.items() if key in soon}
        self._waits = sum(map(len, self._waiting.values()))
        self._ready.extend(asked for asked in self._out if asked.keys)
        self._out.clear()
