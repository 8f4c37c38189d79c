"""The two ways to ask a language model for JSON about a picture: Responses and Chat Completions."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from promptcodec.api.client import UnusableAnswerError
from promptcodec.api.profile import Profile, Usage
from promptcodec.api.usage import usage_in


@dataclass(frozen=True, slots=True)
class Ask:
    """One question.

    Attributes:
        instructions: ours, the whole of them.
        text: data, fenced.
        image: JPEG bytes, None for a question about text.
        name, schema: what the answer should be.
        most: tokens the answer may have.
    """

    instructions: str
    text: str
    image: bytes | None
    name: str
    schema: dict[str, Any]
    most: int


class TruncatedError(UnusableAnswerError):
    """An answer that stopped at its limit of tokens."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one API is asked and how its tokens are counted."""

    request: Callable[[Ask, Profile], dict[str, Any]]
    usage: Callable[[dict[str, Any]], Usage]


def _data_url(image: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(image).decode()}"


def _chat_request(ask: Ask, profile: Profile) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": ask.text}]
    if ask.image is not None:
        content.append({"type": "image_url", "image_url": {"url": _data_url(ask.image)}})
    request: dict[str, Any] = {
        "model": profile.model,
        "messages": [
            {"role": "system", "content": ask.instructions},
            {"role": "user", "content": content},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": ask.name, "strict": True, "schema": ask.schema},
        },
        profile.limit_field: ask.most,
    }
    return request | ({"reasoning_effort": profile.effort} if profile.effort else {})


def _responses_request(ask: Ask, profile: Profile) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "input_text", "text": ask.text}]
    if ask.image is not None:
        content.append({"type": "input_image", "image_url": _data_url(ask.image), "detail": "auto"})
    request: dict[str, Any] = {
        "model": profile.model,
        "instructions": ask.instructions,
        "input": [{"role": "user", "content": content}],
        "text": {"format": {"type": "json_schema", "name": ask.name, "strict": True, "schema": ask.schema}},
        "max_output_tokens": ask.most,
        "store": False,
    }
    return request | ({"reasoning": {"effort": profile.effort}} if profile.effort else {})


DIALECTS = {
    "chat": Dialect(_chat_request, usage_in),
    "responses": Dialect(_responses_request, usage_in),
}
