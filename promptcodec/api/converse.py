"""Ask for JSON and take nothing on trust: validated here, asked once more where it does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from promptcodec import prompts
from promptcodec.api import tokens
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.dialects import DIALECTS, Ask, TruncatedError
from promptcodec.errors import DescriptionError, UsageError

Value = TypeVar("Value")
# More of an unusable answer than this is not worth sending back.
_QUOTED = 6000


@dataclass
class _Attempt:
    """What came back last, for the question after it."""

    answer: str = ""


def ask_json(connection: Connection, dialect: str, ask: Ask, parse: Callable[[Any], Value]) -> Value:
    """Ask, validate, and ask once more with the error where the answer does not fit.

    Args:
        connection: the model.
        dialect: a key of DIALECTS.
        ask: the question.
        parse: makes the value of the JSON; raises DescriptionError with what is wrong.

    Raises:
        UnusableAnswerError: the second answer does not fit either.
        RefusedError, ApiError, SpendingError: as the call.
    """
    if dialect not in DIALECTS:
        raise UsageError(f"unknown dialect {dialect!r}; one of {', '.join(DIALECTS)}")
    attempt = _Attempt()
    try:
        return _ask_once(connection, dialect, ask, parse, attempt)
    except TruncatedError:
        again = replace(ask, most=2 * ask.most)
    except UnusableAnswerError as error:
        repair = prompts.render("repair", error=str(error)[:300])
        quoted = f"\n\n{prompts.fence(attempt.answer[:_QUOTED])}" if attempt.answer else ""
        again = replace(ask, instructions=f"{ask.instructions}\n\n{repair}", text=ask.text + quoted)
    try:
        return _ask_once(connection, dialect, again, parse, attempt)
    except UnusableAnswerError as error:
        where = f"{connection.profile.model} at {connection.host}"
        raise UnusableAnswerError(f"{where} gave no usable answer, twice: {str(error)[:300]}") from None


def _ask_once(
    connection: Connection, dialect: str, ask: Ask, parse: Callable[[Any], Value], attempt: _Attempt
) -> Value:
    speak = DIALECTS[dialect]

    def read(answer: dict[str, Any]) -> Value:
        try:
            attempt.answer = speak.text(answer)
        except (KeyError, IndexError, TypeError, AttributeError):
            raise UnusableAnswerError("the server's answer is built otherwise than its API says") from None
        try:
            return parse(json.loads(_bare(attempt.answer)))
        except (ValueError, RecursionError):
            raise UnusableAnswerError("it is no JSON, or was cut") from None
        except DescriptionError as error:
            raise UnusableAnswerError(str(error)) from None

    estimate = connection.profile.cost(tokens.most(ask, connection.profile))
    return connection.exchange(
        dialect, speak.request(ask, connection.profile), read, speak.usage, estimate=estimate
    )


def _bare(text: str) -> str:
    """Take the code fence off that some local models put around JSON."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        return text.partition("\n")[2][:-3]
    return text
