"""Ask for JSON and take nothing on trust: validated here, asked once more where it does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from promptcodec import prompts
from promptcodec.api import json_text, replies, tokens
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.concessions import FORMS
from promptcodec.api.conform import conform
from promptcodec.api.dialects import DIALECTS, Ask, TruncatedError
from promptcodec.api.replies import Reply
from promptcodec.errors import ApiError, DescriptionError, UsageError

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
    if connection.profile.response_format not in ("", *FORMS):
        form = connection.profile.response_format
        raise UsageError(f"unknown response_format {form!r}; one of {', '.join(FORMS)}")
    attempt = _Attempt()
    try:
        return _ask_once(connection, dialect, ask, parse, attempt)
    except TruncatedError:
        again = replace(ask, most=2 * ask.most)
    except UnusableAnswerError as error:
        repair = prompts.render("repair", error=str(error)[:300])
        quoted = f"\n\n{prompts.fence(attempt.answer[:_QUOTED])}" if attempt.answer else ""
        # A server that keeps nothing to the schema may not have shown it to its model either.
        schema = prompts.render("answer-json", schema=json.dumps(ask.schema))
        again = replace(
            ask, instructions=f"{ask.instructions}\n\n{repair}\n\n{schema}", text=ask.text + quoted
        )
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
        reply = replies.read(answer)
        attempt.answer = reply.text
        try:
            return _first_that_fits(reply, ask, parse)
        except UnusableAnswerError:
            if reply.complaint:
                where = f"{connection.profile.model} at {connection.host}"
                raise ApiError(f"{where} answers with an error: {reply.complaint}") from None
            if reply.cut:
                raise TruncatedError("the answer was cut at its limit of tokens") from None
            raise

    estimate = connection.profile.cost(tokens.most(ask, connection.profile))
    return connection.exchange(
        dialect, speak.request(ask, connection.profile), read, speak.usage, estimate=estimate
    )


def _first_that_fits(reply: Reply, ask: Ask, parse: Callable[[Any], Value]) -> Value:
    """Give the value of the first object that parses; else the error of the one that comes nearest."""
    fields = ask.schema["properties"]
    nearest, wrong = 0, "it is no JSON, or was cut" if reply.contents else "it is empty"
    for content in reply.contents:
        for value in json_text.objects(content, fields, cut=reply.cut):
            near = len(fields.keys() & value.keys())
            try:
                return parse(conform(value, ask.schema))
            except DescriptionError as error:
                if near > nearest:
                    nearest, wrong = near, str(error)
    raise UnusableAnswerError(wrong)
