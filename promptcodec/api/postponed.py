"""Questions that are put off: who works through a picture asks nobody, somebody else carries the question.

While ``postponing`` holds, a question whose answer is not at hand ends the work with ``Postponed``. Whoever
gets that has the question asked, alone or with many others, and does the work once more with its answer. Each
such replay gets one question further. The last one gives what asking directly would have given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from promptcodec.api import spending
from promptcodec.api.failures import CallError
from promptcodec.api.profile import Profile
from promptcodec.api.spending import Bill, Spent


@dataclass(frozen=True, slots=True)
class Question:
    """A question that waits to be asked.

    Attributes:
        key: the hash of what goes out: a question that is put otherwise is another one.
        name: the hash under which its answer is stored, whatever form it is put in.
        profile: which model, and where.
        endpoint: as of ``Connection.exchange``.
        request: as it goes out.
        estimate: dollars it comes to at most, nan where unknown.
        drawn: whether the answer may hold a picture.
    """

    key: str
    name: str
    profile: Profile
    endpoint: str
    request: dict[str, Any]
    estimate: float
    drawn: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    Attributes:
        name: as of the question.
        body: of the answer, as the server sent it.
        failure: why there is none.
        before: what was spent on tries that failed, the last one included where there is no answer.
        is_shared: the question is another picture's too, which pays for it.
    """

    name: str
    body: bytes = b""
    failure: CallError | None = None
    before: Spent = field(default_factory=Spent)
    is_shared: bool = False


class Postponed(Exception):  # noqa: N818 - nothing is wrong
    """The work cannot go on without an answer; no error of this package, so that nothing takes it for one.

    Attributes:
        question: to be asked.
    """

    def __init__(self, question: Question) -> None:
        super().__init__(question.key)
        self.question = question


@dataclass(slots=True)
class Replay:
    """Work done once more with the answers that came.

    Attributes:
        answers: by the key of their questions.
        price: what a call costs, as a share of what it costs when it is made at once.
        bills: of the answers that were taken and are not shared, by key. Whoever carries the questions
            settles each once.
    """

    answers: Mapping[str, Answer]
    price: float
    bills: dict[str, Bill] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)


_replay: ContextVar[Replay | None] = ContextVar("_replay", default=None)


@contextmanager
def postponing(answers: Mapping[str, Answer], price: float = 1.0) -> Iterator[Replay]:
    """Put off the questions of what is done inside, in this thread or task.

    Args:
        answers: what came of questions that were put off before, by key.
        price: as of a Replay.
    """
    replay = Replay(answers, price)
    token = _replay.set(replay)
    try:
        yield replay
    finally:
        _replay.reset(token)


def price() -> float:
    """Give what a call costs, as a share of what it costs when it is made at once."""
    replay = _replay.get()
    return replay.price if replay else 1.0


def is_answered(name: str) -> bool:
    """Say whether something came of a question that was put off; it counts as a call, not as stored."""
    replay = _replay.get()
    return replay is not None and any(each.name == name for each in replay.answers.values())


def take(question: Question) -> Answer | None:
    """Give what came of a question; None where questions are asked at once.

    Raises:
        Postponed: nothing came of it yet.
    """
    replay = _replay.get()
    if replay is None:
        return None
    answer = replay.answers.get(question.key)
    if answer is None:
        raise Postponed(question)
    if question.key in replay.taken:
        return replace(answer, is_shared=True)
    replay.taken.add(question.key)
    if not answer.is_shared:
        spending.count(answer.before)
    return answer


def failed(question: Question, failure: CallError, before: Spent) -> Answer:
    """Give a failure as what came of a question; nobody tries it once more."""
    last = CallError(failure.error, billed=failure.billed, status=failure.status)
    return Answer(question.name, failure=last, before=before)


def content_of(answer: Answer) -> bytes:
    """Give the body of an answer.

    Raises:
        CallError: there is none.
    """
    if answer.failure:
        raise answer.failure
    return answer.body


def bill(question: Question, answer: Answer, cost: Bill) -> None:
    """Count an answer that was taken; a failure was settled by whoever carried its question."""
    replay = _replay.get()
    assert replay is not None  # it gave the answer
    if answer.is_shared:
        spending.count_stored()
    elif not answer.failure:
        replay.bills[question.key] = cost
        spending.count(cost.spent)
