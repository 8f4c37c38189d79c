"""Ask a hosted model: stored answers first, spending capped, errors in plain words."""

from __future__ import annotations

import json
import math
import os
import random
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from promptcodec.api import answers, concessions, failures, pictures, shut_down, spending, streams, transport
from promptcodec.api.complaints import failure, is_refusal
from promptcodec.api.failures import CallError
from promptcodec.api.profile import Profile, Usage
from promptcodec.api.secrets import Cover
from promptcodec.api.usage import tokens_in
from promptcodec.errors import ApiError, MissingError, PromptcodecError, RefusedError

if TYPE_CHECKING:
    import openai

Value = TypeVar("Value")
_FIRST_WAIT, _LAST_WAIT = 0.5, 8.0
"""Seconds between tries where the server names none: doubled each time."""
_QUOTED, _SHOWN = 1000, 100
"""Characters of what is no answer: those that its error is taken from, and those that are shown."""
_GOOD = 200
_ANY_TOKENS = 1 << 17
"""Of an answer without a limit; no model is known to say more."""
_LEAST_SHARE = 0.1
"""Of a picture's estimate: what a server counts below that is not the picture."""


class UnusableAnswerError(PromptcodecError):
    """An answer that came, and was paid for, but cannot be used."""

    kind = "answer"


class Connection:
    """One model at one address."""

    def __init__(self, profile: Profile) -> None:
        """Open it.

        Raises:
            MissingError: the openai client or the key's environment variable is not there.
        """
        self.profile = profile
        key = _key(profile, self.host)
        self._cover = Cover(key)
        self._line = transport.open_line(profile.url, key)

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
    ) -> Value:
        """Ask once, or take the stored answer.

        Args:
            endpoint: a key of ENDPOINTS.
            request: the body, as the client's method takes it.
            read: makes the value of an answer; what it raises keeps the answer from being stored.
            usage: reads the tokens of an answer.
            estimate: dollars the call will come to at most, nan where unknown.
            salt: tells calls apart whose requests are the same but whose answers should not be.

        Raises:
            ApiError, RefusedError, UnusableAnswerError, SpendingError, MissingError: the call failed.
        """
        try:
            return self._exchange(endpoint, request, read, usage, estimate, salt)
        except PromptcodecError as error:
            # The one door: whatever quotes a server leaves without the key, and steers no terminal.
            error.args = (self.cover(_plain(str(error))),)
            raise error from None

    def _exchange(
        self,
        endpoint: str,
        request: dict[str, Any],
        read: Callable[[dict[str, Any]], Value],
        usage: Callable[[dict[str, Any]], Usage],
        estimate: float,
        salt: int | None,
    ) -> Value:
        name = answers.key(self.profile.url, endpoint, request, salt)
        stored = answers.get(name)
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

        drawn = _draws(endpoint, request)  # however it is then put

        def ask(asked: dict[str, Any], most: float) -> Value:
            return self._ask(name, endpoint, asked, read, usage, most, drawn=drawn)

        for tried in range(self.profile.retries + 1):
            try:
                return self._put(endpoint, request, estimate, ask)
            except CallError as failed:
                if failed.wait is None or tried == self.profile.retries:
                    raise failed.error from None
                time.sleep(failed.wait or min(_FIRST_WAIT * 2**tried, _LAST_WAIT) * random.uniform(0.75, 1))  # noqa: S311
        raise AssertionError  # the last try returns or raises

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
        name: str,
        endpoint: str,
        request: dict[str, Any],
        read: Callable[[dict[str, Any]], Value],
        usage: Callable[[dict[str, Any]], Usage],
        estimate: float,
        *,
        drawn: bool,
    ) -> Value:
        """Make one call: reserved before, stored as soon as it could be read, settled whatever happens."""
        spending.reserve(estimate)
        used, cost = Usage(), estimate
        try:
            answer = self._parse(self._post(endpoint, request, drawn=drawn))
            used = _count(usage, answer)
            self._check(answer)
            cost = self._bill(used, estimate, usable=False, drawn=drawn)
            value = self._read(read, answer)
            if not self._cover.hides(answer):
                answers.put(name, answer)
            cost = self._bill(used, estimate, usable=True, drawn=drawn)
        except CallError as failed:
            cost = cost if failed.billed else 0.0
            raise
        finally:
            spending.settle(
                estimate,
                cost,
                host=self.host,
                endpoint=endpoint,
                model=self.profile.model,
                asked=name,
                input_tokens=used.input_tokens,
                output_tokens=used.output_tokens,
            )
        return value

    def _post(self, endpoint: str, request: dict[str, Any], *, drawn: bool) -> bytes:
        try:
            return transport.send(
                self._line,
                ENDPOINTS[endpoint](self._line.client),
                request,
                host=self.host,
                most=transport.MOST_PICTURE if drawn else transport.MOST_TEXT,
                seconds=self.profile.timeout,
            )
        except Exception as error:  # noqa: BLE001 - whatever one call raises is that call's failure
            raise failures.read(error, self.host, self.profile, self._cover.text) from None

    def _parse(self, content: bytes) -> dict[str, Any]:
        """Read an answer in any encoding of JSON, and cover the key in it."""
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

    def _bill(self, used: Usage, estimate: float, *, usable: bool, drawn: bool) -> float:
        """Give what a call came to: never less than the server may bill for it.

        What it says that the call cost is the least. What it counts holds where the answer is good and
        both counts are there. Else it is the estimate, or what it counts where that is more. A count of
        next to nothing for a picture leaves the picture out: such servers bill by the piece.
        """
        counted = self.profile.cost(used)
        whole = usable and used.input_tokens > 0 and used.output_tokens > 0 and not math.isnan(counted)
        if whole and not (drawn and counted < _LEAST_SHARE * estimate):
            return max(counted, used.cost)
        known = [cost for cost in (estimate, counted) if not math.isnan(cost)]
        if len(known) < 2 and not used.cost:
            return estimate
        return max((*known, used.cost))


ENDPOINTS: dict[str, Callable[[openai.AsyncOpenAI], Callable[..., Any]]] = {
    "chat": lambda client: client.chat.completions.with_raw_response.create,
    "responses": lambda client: client.responses.with_raw_response.create,
    "generate": lambda client: client.images.with_raw_response.generate,
    "edit": lambda client: client.images.with_raw_response.edit,
}


def _key(profile: Profile, host: str) -> str:
    """Read the key; what surrounds it in a file it was read from does not belong to it."""
    if not profile.api_key_env:
        return ""
    key = os.environ.get(profile.api_key_env, "").strip()
    if not key:
        raise MissingError(f"the environment variable {profile.api_key_env} holds no key for {host}")
    if not (key.isascii() and key.isprintable()):
        raise MissingError(
            f"what the environment variable {profile.api_key_env} holds is no key: it has characters that "
            "no header can carry"
        )
    return key


def _draws(endpoint: str, request: dict[str, Any]) -> bool:
    """Say whether the answer may hold a picture; chat models that draw are asked for one by name."""
    more = request.get("extra_body")
    asked = [request.get("modalities"), more.get("modalities") if isinstance(more, dict) else None]
    asked += [[tool["type"].partition("_")[0] for tool in request.get("tools", ())]]
    return endpoint in {"generate", "edit"} or any("image" in (kinds or ()) for kinds in asked)


def _count(usage: Callable[[dict[str, Any]], Usage], answer: dict[str, Any]) -> Usage:
    """Read the tokens of an answer; no form of them costs the answer, and none gives credit."""
    try:
        used = usage(answer)
    except Exception:  # noqa: BLE001 - servers write anything there
        return Usage()
    counts = {name: tokens_in(asdict(used), name) for name in asdict(used) if name != "cost"}
    counts["image_input_tokens"] = min(counts["image_input_tokens"], counts["input_tokens"])
    return Usage(**counts, cost=used.cost)


def _plain(words: str) -> str:
    """Give words without characters that steer a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in words)
