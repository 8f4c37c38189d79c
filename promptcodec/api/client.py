"""Ask a hosted model: stored answers first, spending capped, errors in plain words."""

from __future__ import annotations

import functools
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from promptcodec.api import (
    answers,
    concessions,
    endpoints,
    failures,
    pictures,
    postponed,
    shut_down,
    spending,
    streams,
    transport,
)
from promptcodec.api.complaints import failure, is_refusal
from promptcodec.api.failures import CallError
from promptcodec.api.following import PULSE, Heed, follow
from promptcodec.api.postponed import Answer, Question
from promptcodec.api.profile import Profile, Usage
from promptcodec.api.secrets import Cover, key_of
from promptcodec.api.spending import Bill
from promptcodec.api.usage import billed, counted
from promptcodec.errors import ApiError, CancelledError, PromptcodecError, RefusedError

Value = TypeVar("Value")
_FIRST_WAIT, _LAST_WAIT = 0.5, 8.0
"""Seconds between tries where the server names none: doubled each time."""
_QUOTED, _SHOWN = 1000, 100
"""Characters of what is no answer: those that its error is taken from, and those that are shown."""
_GOOD = 200
_ANY_TOKENS = 1 << 17
"""Of an answer without a limit; no model is known to say more."""


class UnusableAnswerError(PromptcodecError):
    """An answer that came, and was paid for, but cannot be used."""

    kind = "answer"


@dataclass(frozen=True, slots=True)
class Live:
    """How a question is put whose answer somebody follows.

    Attributes:
        request: what is asked instead, such as for a stream: its answer says the same in the end.
        heed: is called in the asking thread with each piece of an answer as it comes, and with nothing about
            once a second of waiting. What it raises, ``CancelledError`` or ``KeyboardInterrupt``, ends it.
    """

    request: dict[str, Any]
    heed: Callable[[bytes], None]


class Connection:
    """One model at one address."""

    def __init__(self, profile: Profile) -> None:
        """Open it.

        Raises:
            MissingError: the openai client or the key's environment variable is not there.
        """
        self.profile = profile
        key = key_of(profile, self.host)
        self._cover = Cover(key)
        self._key = key
        transport.check_installed()

    @functools.cached_property
    def _line(self) -> transport.Line:
        """Open it when something is sent: who postpones questions needs none of the client."""
        return transport.open_line(self.profile.url, self._key)

    def prepare(self) -> None:
        """Refuse, before anything else is paid for, what would be refused before it is asked.

        Raises:
            UsageError: the model was shut down; a cap on cost is to hold, and a price is unknown.
        """
        shut_down.check(self.profile)
        spending.check_priced(self.profile.cost(Usage(1, 1)))

    def cover(self, value: Value) -> Value:
        """Cover the key in what was made of an answer."""
        covered: Value = self._cover.anything(value)
        return covered

    @property
    def host(self) -> str:
        """Where it is, for messages and the ledger."""
        return urlsplit(self.profile.url).netloc

    def exchange(
        self,
        endpoint: str,
        request: dict[str, Any],
        read: Callable[[dict[str, Any]], Value],
        usage: Callable[[dict[str, Any]], Usage],
        *,
        estimate: float,
        salt: int | None = None,
        live: Live | None = None,
    ) -> Value:
        """Ask once, or take the stored answer.

        Args:
            endpoint: a key of ENDPOINTS.
            request: the body, as the client's method takes it.
            read: makes the value of an answer; what it raises keeps the answer from being stored.
            usage: reads the tokens of an answer.
            estimate: dollars the call will come to at most, nan where unknown.
            salt: tells calls apart whose requests are the same but whose answers should not be.
            live: how it is asked where somebody follows the answer; a stored one is that of ``request``.

        Raises:
            ApiError, RefusedError, UnusableAnswerError, SpendingError, MissingError: the call failed.
        """
        with self._door():
            return self._exchange(endpoint, request, read, usage, estimate, salt, live)

    def manage(
        self, call: Callable[[transport.Line], Value], judge: Callable[[CallError], CallError]
    ) -> Value:
        """Make a call that costs nothing and is not counted: one about files or batches.

        Args:
            call: makes it once.
            judge: makes of a failure what it means to this call.

        Raises:
            ApiError, UsageError, RefusedError: the call failed.
        """

        def attempt() -> Value:
            try:
                with self._plainly():
                    return call(self._line)
            except CallError as failed:
                raise judge(failed) from None

        with self._door():
            return self._repeat(attempt)

    @contextmanager
    def _door(self) -> Iterator[None]:
        """Let no error out that quotes the key, or steers a terminal."""
        try:
            yield
        except PromptcodecError as error:
            error.args = (self.cover(_plain(str(error))),)
            raise error from None

    def _repeat(self, attempt: Callable[[], Value], heed: Heed | None = None) -> Value:
        """Try again, after a wait, what may pass."""
        try:
            return self._tried(attempt, heed)
        except CallError as failed:
            raise failed.error from None

    def _tried(self, attempt: Callable[[], Value], heed: Heed | None = None) -> Value:
        for tried in range(self.profile.retries + 1):
            try:
                return attempt()
            except CallError as failed:
                if failed.wait is None or tried == self.profile.retries:
                    raise
                some = min(_FIRST_WAIT * 2**tried, _LAST_WAIT) * random.uniform(0.75, 1)  # noqa: S311
                _wait(failed.wait or some, heed)
        raise AssertionError  # the last try returns or raises

    def _exchange(
        self,
        endpoint: str,
        request: dict[str, Any],
        read: Callable[[dict[str, Any]], Value],
        usage: Callable[[dict[str, Any]], Usage],
        estimate: float,
        salt: int | None,
        live: Live | None,
    ) -> Value:
        name = answers.key(self.profile.url, endpoint, request, salt)
        stored = None if postponed.is_answered(name) else answers.get(name)
        if stored is not None:
            try:
                value = self._read(read, self._cover.value(stored))
            except (PromptcodecError, RecursionError):
                answers.drop(name)
            else:
                spending.count_stored()
                return value
        shut_down.check(self.profile)
        answers.check_writable()

        drawn = endpoints.draws(endpoint, request)  # however it is then put

        def ask(asked: dict[str, Any], most: float) -> Value:
            key = answers.key(self.profile.url, endpoint, asked, salt)
            estimate = most * postponed.price()
            question = Question(key, name, self.profile, endpoint, asked, estimate, drawn)
            return self._ask(question, read, usage, heed)

        heed = live.heed if live else None
        put = live.request if live else request
        return self._repeat(lambda: self._put(endpoint, put, estimate, ask), heed)

    def carry(self, question: Question) -> Answer:
        """Ask a question that was postponed, and again what may pass.

        What fails is settled; an answer is settled by its reader, who alone knows whether it can be used. The
        first try was reserved already.
        """
        with spending.metered() as spent:
            tries = iter(range(self.profile.retries + 1))

            def attempt() -> bytes:
                if next(tries):
                    spending.reserve(question.estimate)
                try:
                    return self._post(question)
                except CallError as failed:
                    spending.settle(self.bill(question, question.estimate if failed.billed else 0.0))
                    raise

            try:
                return Answer(question.name, self._tried(attempt), before=spent)
            except CallError as failed:
                return postponed.failed(question, failed, spent)
            except PromptcodecError as error:  # of spending
                return postponed.failed(question, CallError(error, billed=False), spent)

    def store(self, answer: Answer) -> None:
        """Store an answer that nobody has read: who asks the question will find it, or drop it."""
        if answer.failure:
            return
        try:
            value = self.parse(answer.body)
            self._check(value)
        except (UnusableAnswerError, CallError):
            return
        if not self._cover.hides(value):
            answers.put(answer.name, value)

    def bill(self, question: Question, cost: float, used: Usage | None = None) -> Bill:
        """Say what a call came to."""
        tokens = used or Usage()
        return Bill(
            question.estimate,
            cost,
            host=self.host,
            endpoint=question.endpoint,
            model=self.profile.model,
            asked=question.name,
            input_tokens=tokens.input_tokens,
            output_tokens=tokens.output_tokens,
        )

    def _put(
        self,
        endpoint: str,
        request: dict[str, Any],
        estimate: float,
        ask: Callable[[dict[str, Any], float], Value],
    ) -> Value:
        """Ask in the form that the server is known to take; once more for each thing it says it does not."""
        while True:
            agreed = concessions.known(self.profile, endpoint)
            unbounded = 0.0 if concessions.is_bounded(agreed) else self.profile.cost(Usage(0, _ANY_TOKENS))
            try:
                return ask(concessions.apply(request, self.profile, agreed), estimate + unbounded)
            except CallError as failed:
                if not concessions.learn(self.profile, endpoint, request, agreed, failed):
                    raise

    def _ask(
        self,
        question: Question,
        read: Callable[[dict[str, Any]], Value],
        usage: Callable[[dict[str, Any]], Usage],
        heed: Heed | None,
    ) -> Value:
        """Make one call: reserved before, stored as soon as it could be read, settled whatever happens.

        Where questions are postponed, an answer that came before is read and stored instead; whoever carries
        questions reserves and settles.
        """
        taken = postponed.take(question)
        estimate, drawn = question.estimate, question.drawn
        if taken is None:
            spending.reserve(estimate)
        used, cost = Usage(), estimate
        try:
            answer = self.parse(postponed.content_of(taken) if taken else self._post(question, heed))
            used = counted(usage, answer)
            priced = self.profile.cost(used) * postponed.price()
            self._check(answer)
            cost = billed(priced, used, estimate, usable=False, drawn=drawn)
            value = self._read(read, answer)
            if not self._cover.hides(answer):
                answers.put(question.name, answer)
            cost = billed(priced, used, estimate, usable=True, drawn=drawn)
        except CallError as failed:
            cost = cost if failed.billed else 0.0
            raise
        finally:
            bill = self.bill(question, cost, used)
            if taken:
                postponed.bill(question, taken, bill)
            else:
                spending.settle(bill)
        return value

    def _post(self, question: Question, heed: Heed | None = None) -> bytes:
        methods = endpoints.FOLLOWED if heed else endpoints.ENDPOINTS
        with self._plainly():
            method = methods[question.endpoint](self._line.client)
            bounds: dict[str, Any] = {
                "host": self.host,
                "most": transport.MOST_PICTURE if question.drawn else transport.MOST_TEXT,
                "seconds": self.profile.timeout,
            }
            if heed is None:
                return transport.send(self._line, method, question.request, **bounds)
            return follow(self._line, method, question.request, heed, streams.is_over, **bounds)

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turn whatever one call raises into that call's failure."""
        try:
            yield
        except CancelledError:  # of who follows the answer
            raise
        except Exception as error:  # noqa: BLE001 - servers and clients raise anything
            raise failures.read(error, self.host, self.profile, self._cover.text) from None

    def parse(self, content: bytes) -> dict[str, Any]:
        """Read an answer in any encoding of JSON, and cover the key in it.

        Raises:
            UnusableAnswerError: it is no JSON object.
        """
        if not content.strip():
            raise UnusableAnswerError("the server's answer is empty")
        picture = pictures.answer_of(content)
        if picture is not None:
            return picture
        text = content.decode(json.detect_encoding(content), "replace")
        try:
            answer = self._cover.value(json.loads(streams.whole(text)))
        except (ValueError, RecursionError):
            start = " ".join(re.sub(r"<[^>]*>", " ", text[:_QUOTED]).split())
            quoted = self._cover.text(start)[:_SHOWN]
            raise UnusableAnswerError(f"the server's answer is no JSON, or was cut: {quoted!r}") from None
        if not isinstance(answer, dict):
            raise UnusableAnswerError("the server's answer is no JSON object")
        return answer

    def _check(self, answer: dict[str, Any]) -> None:
        """Raise what the server says where its answer calls itself good and is an error."""
        words = failure(answer)
        if words:
            where = f"{self.profile.model} at {self.host}"
            refused = RefusedError(f"{where} refused: {words}")
            failed = ApiError(f"{where} answers with an error: {words}")
            raise CallError(refused if is_refusal(words) else failed, billed=True, status=_GOOD)

    def _read(self, read: Callable[[dict[str, Any]], Value], answer: dict[str, Any]) -> Value:
        try:
            return self.cover(read(answer))
        except PromptcodecError:
            raise
        except Exception as error:  # noqa: BLE001 - an answer of a form that nobody foresaw
            words = f"{type(error).__name__}: {str(error)[:200]}"
            raise UnusableAnswerError(f"the server's answer cannot be read ({words})") from None


def _wait(seconds: float, heed: Heed | None) -> None:
    """Wait before the next try; who follows the answer hears of it."""
    while heed and seconds > PULSE:
        time.sleep(PULSE)
        heed(b"")
        seconds -= PULSE
    time.sleep(seconds)


def _plain(words: str) -> str:
    """Give words without characters that steer a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in words)
