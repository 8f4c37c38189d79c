"""Ask a hosted model: stored answers first, spending capped, errors in plain words."""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from promptcodec.api import answers, concessions, spending, streams
from promptcodec.api.complaints import failure
from promptcodec.api.profile import Profile, Usage
from promptcodec.errors import MissingError, PromptcodecError

if TYPE_CHECKING:
    import openai

Value = TypeVar("Value")


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
        self._key = os.environ.get(profile.api_key_env, "") if profile.api_key_env else ""
        if profile.api_key_env and not self._key:
            raise MissingError(f"the environment variable {profile.api_key_env} holds no key for {self.host}")
        self._client = _client(profile.url, self._key, profile.timeout, profile.retries)

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
            estimate: dollars the call will come to, nan where unknown.
            salt: tells calls apart whose requests are the same but whose answers should not be.

        Raises:
            ApiError, RefusedError, UnusableAnswerError, SpendingError: the call failed.
        """
        name = answers.key(self.profile.url, endpoint, request, salt)
        stored = answers.get(name)
        if stored is not None:
            spending.count_stored()
            return read(stored)
        spending.reserve(estimate)
        used, cost = Usage(), 0.0
        try:
            text = self._post(endpoint, request)
            answer = _parse(text)
            used = usage(answer)
            cost = self.profile.cost(used)
            if math.isnan(cost) or not (used.input_tokens or used.output_tokens):
                cost = estimate  # the server counts nothing: what was expected stands
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
        value = read(answer)
        answers.put(name, text)
        return value

    def _post(self, endpoint: str, request: dict[str, Any]) -> str:
        """Ask, and once more for each concession that the server's words call for."""
        import openai  # noqa: PLC0415 - heavy

        from promptcodec.api import failures  # noqa: PLC0415 - imports it

        while True:
            asked = concessions.apply(request, self.profile, concessions.known(self.profile, endpoint))
            try:
                text: str = ENDPOINTS[endpoint](self._client)(**asked).text
            except openai.APIError as error:
                message = self._redact(" ".join(str(error.message).split()))[:300]
                if concessions.learn(self.profile, endpoint, request, message):
                    continue
                raise failures.explain(error, message, self.host, self.profile) from None
            text = streams.whole(self._redact(text))
            if not concessions.learn(self.profile, endpoint, request, failure(text)):
                return text

    def _redact(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


ENDPOINTS: dict[str, Callable[[openai.OpenAI], Callable[..., Any]]] = {
    "chat": lambda client: client.chat.completions.with_raw_response.create,
    "responses": lambda client: client.responses.with_raw_response.create,
    "generate": lambda client: client.images.with_raw_response.generate,
    "edit": lambda client: client.images.with_raw_response.edit,
}


def _parse(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableAnswerError("the server's answer is no JSON, or was cut") from None
    if not isinstance(answer, dict):
        raise UnusableAnswerError("the server's answer is no JSON object")
    return answer


@functools.lru_cache(maxsize=16)
def _client(url: str, key: str, timeout: float, retries: int) -> openai.OpenAI:
    """Open one client per address: its connections and its start are shared by all pictures."""
    try:
        import openai  # noqa: PLC0415 - heavy
    except ImportError:
        raise MissingError("hosted models need the extra api: pip install 'promptcodec[api]'") from None

    # Explicit values: the client would else send the environment's key and organisation anywhere.
    return openai.OpenAI(
        api_key=key or "none", base_url=url, organization="", project="", timeout=timeout, max_retries=retries
    )
