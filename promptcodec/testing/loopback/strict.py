"""Refuse what the real API refuses: unknown fields, wrong types, sizes that are not drawn."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

TEXT_MODEL = "loopback-vision"
IMAGE_MODEL = "loopback-image"
MODELS = (TEXT_MODEL, IMAGE_MODEL)
_MOST_PROMPT = 32_000
_MOST_IMAGES = 16


class BadRequestError(Exception):
    """A request the API answers with an error object.

    Attributes:
        message, param, code: of the error object.
        status: the HTTP status.
    """

    def __init__(
        self, message: str, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.message, self.param, self.code, self.status = message, param, code, status


Rule = Callable[[Any, str], None]


def _wrong(param: str, value: Any, wanted: str) -> BadRequestError:
    return BadRequestError(
        f"Invalid type for '{param}': expected {wanted}, but got {type(value).__name__} instead.",
        param,
        "invalid_type",
    )


def kind(*types: type) -> Rule:
    """Make a rule: of one of these types; true and false are no numbers."""

    def check(value: Any, param: str) -> None:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise _wrong(param, value, " or ".join(one.__name__ for one in types))

    return check


def among(*values: str) -> Rule:
    """Make a rule: one of these words."""

    def check(value: Any, param: str) -> None:
        if value not in values:
            raise BadRequestError(
                f"Invalid value: '{value}'. Supported values are: {', '.join(values)}.",
                param,
                "invalid_value",
            )

    return check


def between(low: float, high: float, *types: type) -> Rule:
    """Make a rule: a number from ``low`` to ``high``."""
    of_type = kind(*types)

    def check(value: Any, param: str) -> None:
        of_type(value, param)
        if not low <= value <= high:
            raise BadRequestError(
                f"Invalid '{param}': expected a value from {low} to {high}, got {value}.",
                param,
                "integer_below_min_value" if value < low else "integer_above_max_value",
            )

    return check


def _nothing(_value: Any, _param: str) -> None:
    """Take anything: fields of the real API that make no difference here."""


def fields(value: Any, rules: Mapping[str, Rule], required: tuple[str, ...], at: str = "") -> None:
    """Hold an object against its rules."""
    if not isinstance(value, dict):
        raise _wrong(at or "body", value, "an object")
    prefix = f"{at}." if at else ""
    for name in value:
        if name not in rules:
            raise BadRequestError(
                f"Unknown parameter: '{prefix}{name}'.", f"{prefix}{name}", "unknown_parameter"
            )
    for name in required:
        if name not in value:
            raise BadRequestError(
                f"Missing required parameter: '{prefix}{name}'.",
                f"{prefix}{name}",
                "missing_required_parameter",
            )
    for name, item in value.items():
        rules[name](item, f"{prefix}{name}")


def model(name: str) -> Rule:
    """Make a rule: the model there is for this endpoint."""

    def check(value: Any, param: str) -> None:
        kind(str)(value, param)
        if value != name:
            raise BadRequestError(
                f"The model '{value}' does not exist or you do not have access to it.",
                param,
                "model_not_found",
                404,
            )

    return check


def _data_url(value: Any, param: str) -> None:
    kind(str)(value, param)
    match = re.match(r"data:image/(?:jpeg|png|webp|gif);base64,", value)
    if match is None:
        raise BadRequestError(
            f"Invalid '{param}': expected a base64-encoded data URL.", param, "invalid_base64"
        )
    try:
        data = base64.b64decode(value[match.end() :], validate=True)
        with Image.open(io.BytesIO(data)) as image:
            image.verify()
    except (binascii.Error, OSError, SyntaxError, ValueError):
        raise BadRequestError("You uploaded an unsupported image.", param, "invalid_image_format") from None


def schema(value: Any, param: str) -> None:
    """Hold a JSON schema against what strict structured output takes."""
    if not isinstance(value, dict):
        raise _wrong(param, value, "an object")
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


_FORMAT: dict[str, Rule] = {
    "name": kind(str),
    "strict": kind(bool),
    "schema": schema,
    "description": kind(str),
}


def _chat_format(value: Any, param: str) -> None:
    fields(
        value,
        {"type": among("json_schema", "json_object", "text"), "json_schema": _nothing},
        ("type",),
        param,
    )
    if value["type"] == "json_schema":
        fields(value.get("json_schema"), _FORMAT, ("name", "schema"), f"{param}.json_schema")


def _messages(value: Any, param: str) -> None:
    _filled_list(value, param)
    for index, message in enumerate(value):
        at = f"{param}[{index}]"
        fields(
            message,
            {"role": among("system", "developer", "user", "assistant"), "content": _nothing},
            ("role", "content"),
            at,
        )
        if isinstance(message["content"], str):
            continue
        _filled_list(message["content"], f"{at}.content")
        for number, part in enumerate(message["content"]):
            _chat_part(part, f"{at}.content[{number}]")


def _filled_list(value: Any, param: str) -> None:
    kind(list)(value, param)
    if not value:
        raise BadRequestError(f"Invalid '{param}': empty array.", param, "empty_array")


def _chat_part(part: Any, at: str) -> None:
    fields(
        part, {"type": among("text", "image_url"), "text": kind(str), "image_url": _nothing}, ("type",), at
    )
    if part["type"] == "image_url":
        rules = {"url": _data_url, "detail": among("auto", "low", "high")}
        fields(part.get("image_url"), rules, ("url",), f"{at}.image_url")


def _input(value: Any, param: str) -> None:
    if isinstance(value, str):
        return
    _filled_list(value, param)
    for index, item in enumerate(value):
        at = f"{param}[{index}]"
        rules = {
            "role": among("user", "assistant", "system", "developer"),
            "content": _nothing,
            "type": among("message"),
        }
        fields(item, rules, ("role", "content"), at)
        if isinstance(item["content"], str):
            continue
        _filled_list(item["content"], f"{at}.content")
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
    fields(value, {"format": _nothing, "verbosity": among("low", "medium", "high")}, (), param)
    if "format" in value:
        rules = {"type": among("json_schema", "text", "json_object"), **_FORMAT}
        fields(value["format"], rules, ("type", "name", "schema"), f"{param}.format")


def _whole(value: Any, param: str) -> None:
    kind(bool)(value, param)
    if value:
        raise BadRequestError("This server does not stream.", param, "unsupported_value")


_EFFORT = among("none", "minimal", "low", "medium", "high", "xhigh")


def _reasoning(value: Any, param: str) -> None:
    fields(value, {"effort": _EFFORT, "summary": _nothing}, (), param)


_SHARED: dict[str, Rule] = {
    "model": model(TEXT_MODEL),
    "temperature": between(0, 2, int, float),
    "top_p": between(0, 1, int, float),
    "stream": _whole,
    "user": kind(str),
    "safety_identifier": kind(str),
    "service_tier": kind(str),
    "metadata": kind(dict),
    "store": kind(bool),
}
CHAT: dict[str, Rule] = {
    **_SHARED,
    "messages": _messages,
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


def size(value: Any, param: str) -> None:
    """Hold a picture's size against the rules of current image models."""
    match = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", value) if isinstance(value, str) else None
    if value == "auto":
        return
    if match is None:
        raise BadRequestError(f"Invalid size '{value}'.", param, "invalid_value")
    width, height = int(match[1]), int(match[2])
    problem = ""
    if width % 16 or height % 16:
        problem = "width and height must both be divisible by 16"
    elif max(width, height) > 3 * min(width, height):
        problem = "the aspect ratio must be between 1:3 and 3:1"
    elif not 655_360 <= width * height <= 8_294_400 or max(width, height) > 3840:
        problem = "the number of pixels is outside 655360..8294400, or an edge above 3840"
    if problem:
        raise BadRequestError(f"Invalid size '{value}': {problem}.", param, "invalid_value")


def _prompt(value: Any, param: str) -> None:
    kind(str)(value, param)
    if not value or len(value) > _MOST_PROMPT:
        raise BadRequestError(
            f"Invalid '{param}': 1 to {_MOST_PROMPT} characters.", param, "string_above_max_length"
        )


GENERATE: dict[str, Rule] = {
    "model": model(IMAGE_MODEL),
    "prompt": _prompt,
    "size": size,
    "quality": among("low", "medium", "high", "auto"),
    "n": between(1, 10, int),
    "background": among("transparent", "opaque", "auto"),
    "moderation": among("low", "auto"),
    "output_format": among("png", "webp", "jpeg"),
    "output_compression": between(0, 100, int),
    "user": kind(str),
    "safety_identifier": kind(str),
}
EDIT: dict[str, Rule] = {
    **{name: rule for name, rule in GENERATE.items() if name != "moderation"},
    "input_fidelity": among("low", "high"),
}


def pictures(uploads: list[bytes]) -> list[Image.Image]:
    """Open the pictures of an edit."""
    if not 1 <= len(uploads) <= _MOST_IMAGES:
        raise BadRequestError(f"1 to {_MOST_IMAGES} images are required.", "image", "invalid_value")
    try:
        return [Image.open(io.BytesIO(data)).convert("RGB") for data in uploads]
    except (OSError, ValueError, SyntaxError):
        raise BadRequestError("Invalid image file or mode.", "image", "invalid_image_file") from None


BATCH: dict[str, Rule] = {
    "input_file_id": kind(str),
    "endpoint": among("/v1/responses", "/v1/chat/completions", "/v1/images/generations", "/v1/images/edits"),
    "completion_window": among("24h"),
    "metadata": kind(dict),
}
