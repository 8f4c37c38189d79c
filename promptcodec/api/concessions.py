"""Ask a server in a form that it takes: what it says that it does not know is left out or said otherwise.

What was learnt of a server and its model holds for the process. A stored answer is found by the
question as it was first put, whatever form it then took.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

from promptcodec import prompts
from promptcodec.api import spending
from promptcodec.api.failures import CallError
from promptcodec.api.profile import Profile
from promptcodec.errors import UsageError

FORMS = SCHEMA, OBJECT, NONE = "json_schema", "json_object", "none"
"""How a server is held to JSON, as ``response_format`` of a profile says it."""
_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_VALUED = ("size", "quality")
"""What was chosen by value: where a server names the value, it is that which it does not know."""
_SPARE = (
    *("reasoning_effort", "reasoning", "store", "detail", "strict", "quality", "size", "n", "modalities"),
    *("image_config", "tool_choice", "response_format", *_LIMITS, "max_output_tokens"),
    *("partial_images", "stream"),
)
"""Parameters without which a question is still the same."""
_UNKNOWN = re.compile(
    r"unknown|unrecogni[sz]ed|unsupported|unexpected"
    r"|not (?:supported|permitted|allowed|available|implemented)"
    r"|(?:does|do|is|are)(?: not|n't) (?:support|accept|take|allow|recogni[sz]e|know)|extra (?:inputs|fields)"
    r"|only (?:supports?|accepts?)"
    r"|invalid (?:parameter|argument|field|key)|no such (?:parameter|argument|field)",
    re.IGNORECASE,
)
_FORMAT = re.compile(
    r"response.?format|json.?schema|json.?object|json.?mode|structured.?output|text\.format|grammar|guided|\bschema\b"
    r"|json_validate_failed|failed to generate json",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"system (?:role|message|prompt|instruction)|role.{0,12}system|roles must alternate|developer",
    re.IGNORECASE,
)
_STREAMED = re.compile(r"\bstream(?:ing|ed|s)?\b", re.IGNORECASE)
_STREAM = re.compile(r"(?:only|must|please|require).{0,40}\bstream|non-streaming", re.IGNORECASE)

_FAULTS = {200, 400, 415, 422, 501}
"""Statuses of servers that do not know a parameter; 200 is an error that calls itself good."""
_FAULT_OF_FORM = re.compile(
    r"response.?format|json.?(?:schema|object|mode)|structured.?output"
    r"|failed to (?:parse|initiali[sz]e).{0,20}grammar|system role|roles must alternate",
    re.IGNORECASE,
)
"""What llama.cpp and its kin say with status 500 where they do not know a form."""

_KNOWN = {OBJECT, NONE, "stream", "system", *(f"-{name}" for name in _SPARE)}
Learnt = dict[tuple[str, str, str], tuple[str, ...]]
"""Concessions by address, model and endpoint."""
_learnt: Learnt = {}


def known(profile: Profile, endpoint: str) -> tuple[str, ...]:
    """Give the concessions that this model at this address is known to need at an endpoint."""
    return _learnt.get((profile.url, profile.model, endpoint), ())


def learnt() -> Learnt:
    """Give all that this process has learnt, for another one to adopt."""
    return dict(_learnt)


def adopt(others: Learnt) -> None:
    """Learn what another process has learnt; where both know of a model, what needs more holds."""
    for model, agreed in others.items():
        if _KNOWN.issuperset(agreed) and len(agreed) > len(_learnt.get(model, ())):
            _learnt[model] = agreed


def learn(
    profile: Profile, endpoint: str, request: dict[str, Any], agreed: tuple[str, ...], failed: CallError
) -> bool:
    """Learn one concession from what a server says is wrong; say whether asking again may help.

    Args:
        profile: which model, and where.
        endpoint: as of ``Connection.exchange``.
        request: as it was first put.
        agreed: the concessions that it was then put with.
        failed: what the server answered.

    Raises:
        UsageError: it takes no limit of tokens, and a cap on cost is to hold.
    """
    if known(profile, endpoint) != agreed:
        return True  # another thread has learnt meanwhile
    asked, message = apply(request, profile, agreed), str(failed.error)
    if failed.status not in _FAULTS and not (failed.status == 500 and _FAULT_OF_FORM.search(message)):
        return False
    new = _next(asked, endpoint, message)
    if new is None or new in agreed:
        return False
    if _unbounds(new, agreed) and profile.output_price > 0 and spending.is_strict():
        raise UsageError(
            f"a cap on cost cannot be held: {profile.model} takes no limit of tokens, so that its answer may "
            f"cost any sum ({message})",
            hint="use --max-requests alone, without --max-cost",
        )
    _learnt[profile.url, profile.model, endpoint] = (*agreed, new)
    return True


def apply(request: dict[str, Any], profile: Profile, agreed: tuple[str, ...]) -> dict[str, Any]:
    """Give the request as it goes out, with the concessions that were made and what the profile says."""
    asked = copy.deepcopy(request)
    schema = _schema(asked)
    if schema is not None:
        form = next((name for name in (NONE, OBJECT) if name in agreed), profile.response_format or SCHEMA)
        if form != SCHEMA:
            _without_schema(asked, schema, form)
    for name in agreed:
        if name == "stream":
            asked["extra_body"] = asked.get("extra_body", {}) | {"stream": True}
        elif name == "system":
            _without_system(asked)
        elif name.startswith("-"):
            value = _take(asked, name[1:])
            if name == "-stream":
                _take(asked, "partial_images")
            other = _LIMITS.get(name[1:])
            if other and f"-{other}" not in agreed and value is not None:
                asked[other] = value
    return asked


def _next(asked: dict[str, Any], endpoint: str, message: str) -> str | None:
    """Give the concession that a message asks for, None for none."""
    if _names(message, "strict") and _UNKNOWN.search(message) and _has(asked, "strict"):
        return "-strict"
    formatted = _form(asked)
    if formatted and _FORMAT.search(message):
        return OBJECT if formatted == SCHEMA else NONE
    if endpoint == "chat" and _STREAM.search(message) and "stream" not in asked.get("extra_body", {}):
        return "stream"
    if _ROLE.search(message) and asked.get("messages", [{}])[0].get("role") == "system":
        return "system"
    if _UNKNOWN.search(message):
        named = [name for name in _SPARE if _is_about(message, name) and _has(asked, name)]
        return next((f"-{name}" for name in named if not _rejects_value(asked, name, message)), None)
    return None


def _is_about(message: str, name: str) -> bool:
    return _names(message, name) or (name == "stream" and _STREAMED.search(message) is not None)


def _names(message: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){name}(?![\w-])", message) is not None


def _rejects_value(asked: dict[str, Any], name: str, message: str) -> bool:
    return name in _VALUED and _names(message, re.escape(str(_take(copy.deepcopy(asked), name))))


def _unbounds(new: str, agreed: tuple[str, ...]) -> bool:
    """Say whether a concession takes the last limit of an answer's tokens away."""
    name = new.removeprefix("-")
    return name == "max_output_tokens" or (name in _LIMITS and f"-{_LIMITS[name]}" in agreed)


def is_bounded(agreed: tuple[str, ...]) -> bool:
    """Say whether an answer's tokens have a limit still, after the concessions that were made."""
    return not any(_unbounds(new, agreed) for new in agreed)


def _schema(request: dict[str, Any]) -> dict[str, Any] | None:
    chat = request.get("response_format")
    if isinstance(chat, dict) and "json_schema" in chat:
        return dict(chat["json_schema"]["schema"])
    form = request.get("text", {}).get("format", {})
    return dict(form["schema"]) if "schema" in form else None


def _form(asked: dict[str, Any]) -> str:
    form = asked.get("response_format", asked.get("text", {}).get("format"))
    return str(form["type"]) if isinstance(form, dict) else ""


def _without_schema(asked: dict[str, Any], schema: dict[str, Any], form: str) -> None:
    """Say the schema in words instead."""
    words = prompts.render("answer-json", schema=json.dumps(schema))
    holder, field = (asked["messages"][0], "content") if "messages" in asked else (asked, "instructions")
    if words not in holder[field]:  # a question that is put once more says it already
        holder[field] += f"\n\n{words}"
    name = "response_format" if "messages" in asked else "text"
    del asked[name]
    if form == OBJECT:
        asked[name] = {"type": OBJECT} if name == "response_format" else {"format": {"type": OBJECT}}


def _without_system(asked: dict[str, Any]) -> None:
    """Put the instructions before the question, for models that know no system role."""
    system, user = asked["messages"]
    first = {"type": "text", "text": system["content"]}
    asked["messages"] = [{"role": "user", "content": [first, *user["content"]]}]


def _has(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        return name in value or any(_has(item, name) for key, item in value.items() if key != "schema")
    return isinstance(value, list) and any(_has(item, name) for item in value)


def _take(value: Any, name: str) -> Any:
    """Take a parameter out, wherever it stands but in a schema; give its value."""
    if isinstance(value, list):
        return next((taken for taken in [_take(item, name) for item in value] if taken is not None), None)
    if not isinstance(value, dict):
        return None
    taken = value.pop(name, None)
    inner = [_take(item, name) for key, item in value.items() if key != "schema"]
    return next((item for item in (taken, *inner) if item is not None), None)
