"""Requests of Chat Completions: what the real API refuses is refused."""

from __future__ import annotations

import base64
import binascii
import io
import re
from typing import Any

from PIL import Image

from promptcodec.server.openai.rules import (
    BadRequestError,
    Rule,
    among,
    anything,
    between,
    fields,
    filled_list,
    kind,
    wrong_type,
)


def data_url(value: Any, param: str) -> None:
    """Hold the address of a picture against the rule: it is the picture itself, nothing is fetched."""
    kind(str)(value, param)
    match = re.match(r"data:image/(?:jpeg|png|webp|gif);base64,", value)
    if match is None:
        raise BadRequestError(
            f"Invalid '{param}': expected a base64-encoded data URL.", param, "invalid_base64"
        )
    try:
        data = base64.b64decode(value[match.end() :], validate=True)
        with Image.open(io.BytesIO(data), formats=_PICTURES) as image:
            image.verify()
    except (binascii.Error, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadRequestError("You uploaded an unsupported image.", param, "invalid_image_format") from None


def schema(value: Any, param: str) -> None:
    """Hold a JSON schema against what strict structured output takes."""
    if not isinstance(value, dict):
        raise wrong_type(param, value, "an object")
    if value.get("type") == "object":
        properties = value.get("properties", {})
        if not isinstance(properties, dict) or not _is_names(value.get("required", [])):
            raise wrong_type(f"{param}.properties", properties, "an object")
        if value.get("additionalProperties") is not False or set(value.get("required", ())) != set(
            properties
        ):
            raise BadRequestError(
                f"Invalid schema for response_format at '{param}': 'additionalProperties' is required to be "
                "false and 'required' to name every key in properties.",
                param,
                "invalid_json_schema",
            )
        for name, item in properties.items():
            schema(item, f"{param}.{name}")
    elif value.get("type") == "array":
        schema(value.get("items"), f"{param}.items")
    elif value.get("type") not in ("string", "integer", "number", "boolean", "null"):
        raise BadRequestError(f"Invalid schema: '{param}' has no type.", param, "invalid_json_schema")


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_PICTURES = ["JPEG", "PNG", "WEBP", "GIF"]
FORMAT: dict[str, Rule] = {
    "name": kind(str),
    "strict": kind(bool),
    "schema": schema,
    "description": kind(str),
}


def _chat_format(value: Any, param: str) -> None:
    fields(
        value,
        {"type": among("json_schema", "json_object", "text"), "json_schema": anything},
        ("type",),
        param,
    )
    if value["type"] == "json_schema":
        fields(value.get("json_schema"), FORMAT, ("name", "schema"), f"{param}.json_schema")


def messages(value: Any, param: str) -> None:
    """Hold the messages of a chat against the rules."""
    filled_list(value, param)
    for index, message in enumerate(value):
        at = f"{param}[{index}]"
        fields(
            message,
            {"role": among("system", "developer", "user", "assistant"), "content": anything},
            ("role", "content"),
            at,
        )
        if isinstance(message["content"], str):
            continue
        filled_list(message["content"], f"{at}.content")
        for number, part in enumerate(message["content"]):
            _chat_part(part, f"{at}.content[{number}]")


def _chat_part(part: Any, at: str) -> None:
    rules = {"type": among("text", "image_url"), "text": kind(str), "image_url": anything}
    fields(part, rules, ("type",), at)
    if part["type"] == "text":
        fields(part, rules, ("text",), at)
    else:
        rules = {"url": data_url, "detail": among("auto", "low", "high")}
        fields(part.get("image_url"), rules, ("url",), f"{at}.image_url")


EFFORT = among("none", "minimal", "low", "medium", "high", "xhigh")
SHARED: dict[str, Rule] = {
    "temperature": between(0, 2, int, float),
    "top_p": between(0, 1, int, float),
    "user": kind(str),
    "safety_identifier": kind(str),
    "service_tier": kind(str),
    "metadata": kind(dict),
    "store": kind(bool),
}
"""Fields of both APIs that answer in words."""
CHAT: dict[str, Rule] = {
    **SHARED,
    "messages": messages,
    "response_format": _chat_format,
    "max_completion_tokens": between(1, 200_000, int),
    "max_tokens": between(1, 200_000, int),
    "seed": kind(int),
    "reasoning_effort": EFFORT,
    "verbosity": among("low", "medium", "high"),
}
"""All but the model, how many answers, and whether they are streamed."""
