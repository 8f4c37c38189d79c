"""Ask for JSON and take nothing on trust: validated here, asked once more where it does not fit."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from promptcodec import prompts
from promptcodec.api import json_text, replies, tokens
from promptcodec.api.client import Connection, UnusableAnswerError
from promptcodec.api.concessions import FORMS
from promptcodec.api.conform import conform
from promptcodec.api.dialects import DIALECTS, Ask, TruncatedError
from promptcodec.api.json_text import Candidate
from promptcodec.api.replies import Reply
from promptcodec.errors import ApiError, DescriptionError, UsageError

Value = TypeVar("Value")
# More of an unusable answer than this is not worth sending back.
_QUOTED = 6000
# An earlier object is held against the last one this many times.
_MOST_COMPARED = 8
_CALLED_ANSWER = re.compile(
    r"\b(?:final|answer|correct|put right|revis|improv|better|fixed|updat|actual|real|result|output|descri"
    r"|here is)",
    re.IGNORECASE,
)
_CALLED_OTHER = re.compile(
    r"\b(?:bad|wrong|worse|incorrect|invalid|examples?|compar\w*|format|form|schema|sample|template|draft\w*|previous\w*"
    r"|original|first|earlier|instead|rather|alternativ\w*|another|other|avoid|not|never)\b|n't\b",
    re.IGNORECASE,
)


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
            return _chosen(reply, ask, parse)
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


def _chosen(reply: Reply, ask: Ask, parse: Callable[[Any], Value]) -> Value:
    """Give the value of the object that an answer ends with, or a thought does where nothing was said.

    Nothing stands in for an object that is broken or does not fit: not one before it, nor a thought.
    """
    fields = ask.schema["properties"]
    for content in reply.contents:
        if candidates := json_text.objects(content, fields, cut=reply.cut):
            return _last(candidates, ask, parse)
    if not reply.contents and not reply.cut:
        for content in reply.thoughts:
            if candidates := json_text.objects(content, fields, thought=True):
                return _last(candidates, ask, parse)
    empty = not (reply.contents or reply.thoughts)
    raise UnusableAnswerError("it is empty" if empty else "it is no JSON, or was cut")


def _last(candidates: list[Candidate], ask: Ask, parse: Callable[[Any], Value]) -> Value:
    """Give the value of the last object, unless an earlier one says otherwise and nobody tells them apart."""

    def fit(one: Candidate) -> Value:
        if one.value is None:
            raise UnusableAnswerError("it is no JSON, or was cut")
        try:
            return parse(conform(one.value, ask.schema))
        except DescriptionError as error:
            raise UnusableAnswerError(str(error)) from None

    *earlier, last = candidates
    value = fit(last)
    if _called(last.before) == "answer":
        return value
    for one in earlier[-_MOST_COMPARED:]:
        with contextlib.suppress(UnusableAnswerError):
            if _called(one.before) != "other" and fit(one) != value:
                break
    else:
        return value
    raise UnusableAnswerError("it holds several objects that differ, where one is asked for")


def _called(before: str) -> str:
    """Say what the words right before an object call it: ``"answer"``, ``"other"``, or nothing."""
    lines = [line for line in re.split(r"[.!?\n]+", before) if re.search(r"\w", line.lstrip("`~ "))]
    lines = [line for line in lines if not re.fullmatch(r"\s*(?:```|~~~)\s*\w*\s*", line)]
    if not lines:
        return ""
    if _CALLED_OTHER.search(lines[-1]):
        return "other"
    return "answer" if _CALLED_ANSWER.search(lines[-1]) else ""
