"""Requests of the two text APIs: what the real one refuses is refused."""

from __future__ import annotations

import base64
import binascii
import io
import re
from typing import Any

from PIL import Image

from promptcodec.testing.loopback.rules import (
    BadRequestError,
    Rule,
    among,
    anything,
    between,
    fields,
    filled_list,
    kind,
    model,
    wrong_type,
)

MODEL = "loopback-vision"


def _data_url(value: Any, param: str) -> None:
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
    except (binascii.Error, OSError, SyntaxError, ValueError):
        raise BadRequestError("You uploaded an unsupported image.", param, "invalid_image_format") from None


def schema(value: Any, param: str) -> None:
    """Hold a JSON schema against what strict structured output takes."""
    if not isinstance(value, dict):
        raise wrong_type(param, value, "an object")
    if value.get("type") == "object":
        properties = value.get("properties", {})
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
    elif value.get("type") not in {"string", "integer", "number", "boolean", "null"}:
        raise BadRequestError(f"Invalid schema: '{param}' has no type.", param, "invalid_json_schema")


_PICTURES = ["JPEG", "PNG", "WEBP", "GIF"]
_FORMAT: dict[str, Rule] = {
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
        fields(value.get("json_schema"), _FORMAT, ("name", "schema"), f"{param}.json_schema")


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
    fields(
        part, {"type": among("text", "image_url"), "text": kind(str), "image_url": anything}, ("type",), at
    )
    if part["type"] == "image_url":
        rules = {"url": _data_url, "detail": among("auto", "low", "high")}
        fields(part.get("image_url"), rules, ("url",), f"{at}.image_url")


def _input(value: Any, param: str) -> None:
    if isinstance(value, str):
        return
    filled_list(value, param)
    for index, item in enumerate(value):
        at = f"{param}[{index}]"
        rules = {
            "role": among("user", "assistant", "system", "developer"),
            "content": anything,
            "type": among("message"),
        }
        fields(item, rules, ("role", "content"), at)
        if isinstance(item["content"], str):
            continue
        filled_list(item["content"], f"{at}.content")
        for number, part in enumerate(item["content"]):
            _response_part(part, f"{at}.content[{number}]")


def _response_part(part: Any, at: str) -> None:
    rules: dict[str, Rule] = {
        "type": among("input_text", "input_image"),
        "text": kind(str),
        "image_url": _data_url,
        "detail": among("auto", "low", "high", "original"),
    }
    fields(part, rules, ("type",), at)


def _text(value: Any, param: str) -> None:
    fields(value, {"format": anything, "verbosity": among("low", "medium", "high")}, (), param)
    if "format" in value:
        rules = {"type": among("json_schema", "text", "json_object"), **_FORMAT}
        fields(value["format"], rules, ("type", "name", "schema"), f"{param}.format")


def _not_streamed(value: Any, param: str) -> None:
    kind(bool)(value, param)
    if value:
        raise BadRequestError("This server does not stream.", param, "unsupported_value")


_EFFORT = among("none", "minimal", "low", "medium", "high", "xhigh")


def _reasoning(value: Any, param: str) -> None:
    fields(value, {"effort": _EFFORT, "summary": anything}, (), param)


_SHARED: dict[str, Rule] = {
    "model": model(MODEL),
    "temperature": between(0, 2, int, float),
    "top_p": between(0, 1, int, float),
    "stream": _not_streamed,
    "user": kind(str),
    "safety_identifier": kind(str),
    "service_tier": kind(str),
    "metadata": kind(dict),
    "store": kind(bool),
}
CHAT: dict[str, Rule] = {
    **_SHARED,
    "messages": messages,
    "response_format": _chat_format,
    "max_completion_tokens": between(1, 200_000, int),
    "max_tokens": between(1, 200_000, int),
    "seed": kind(int),
    "n": between(1, 128, int),
    "reasoning_effort": _EFFORT,
    "verbosity": among("low", "medium", "high"),
}
RESPONSES: dict[str, Rule] = {
    **_SHARED,
    "input": _input,
    "instructions": kind(str),
    "text": _text,
    "max_output_tokens": between(16, 200_000, int),
    "reasoning": _reasoning,
    "truncation": among("auto", "disabled"),
    "previous_response_id": kind(str),
}
