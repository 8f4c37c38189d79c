"""Requests as the server's face takes them: fields that it knows are checked, others make no difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec.server.openai import chat_requests, image_requests
from promptcodec.server.openai.image_requests import sides
from promptcodec.server.openai.rules import (
    BadRequestError,
    Rule,
    among,
    anything,
    between,
    fields,
    kind,
    model,
    wrong_type,
)

MOST_TEXT = 64_000
"""Characters of all messages."""


def checked(body: Any, rules: Mapping[str, Rule], required: tuple[str, ...]) -> dict[str, Any]:
    """Give the fields that are known and set, each held against its rule.

    Raises:
        BadRequestError: one is wrong, or missing.
    """
    if not isinstance(body, dict):
        raise wrong_type("body", body, "an object")
    known = {name: value for name, value in body.items() if name in rules and value is not None}
    try:
        fields(known, rules, required)
    except RecursionError:
        raise BadRequestError("The body of your request is nested too deeply.") from None
    return known


def generation(models: Sequence[str], side: int) -> dict[str, Rule]:
    """Make the rules of generations: the models there are, and the longest side of a picture."""
    return {**image_requests.GENERATE, **_own(models, side)}


def edit(models: Sequence[str], side: int) -> dict[str, Rule]:
    """Make the rules of edits."""
    return {**image_requests.EDIT, **_own(models, side)}


def _own(models: Sequence[str], side: int) -> dict[str, Rule]:
    def size(value: Any, param: str) -> None:
        wanted = sides(value, param)
        if wanted and max(wanted) > side:
            raise BadRequestError(
                f"Invalid size '{value}': sides go up to {side} here.", param, "invalid_value"
            )

    return {
        "model": model(*models),
        "size": size,
        "response_format": among("b64_json", "url"),
        "background": among("opaque", "auto"),
        "quality": anything,
    }


def chat(models: Sequence[str]) -> dict[str, Rule]:
    """Make the rules of chats."""

    def messages(value: Any, param: str) -> None:
        chat_requests.messages(value, param)
        texts = [message["content"] for message in value]
        parts = [part.get("text", "") for text in texts if isinstance(text, list) for part in text]
        if sum(map(len, [*parts, *(text for text in texts if isinstance(text, str))])) > MOST_TEXT:
            words = f"Invalid '{param}': at most {MOST_TEXT} characters."
            raise BadRequestError(words, param, "string_above_max_length")

    return {
        **{name: chat_requests.CHAT[name] for name in ("response_format", "temperature", "top_p", "seed")},
        "model": model(*models),
        "messages": messages,
        "n": between(1, 1, int),
        "stream": kind(bool),
        "stream_options": _stream_options,
    }


def _stream_options(value: Any, param: str) -> None:
    fields(value, {"include_usage": kind(bool), "include_obfuscation": kind(bool)}, (), param)
