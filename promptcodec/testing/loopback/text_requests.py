"""Requests of the two text APIs: what the real one refuses is refused."""

from __future__ import annotations

from typing import Any

from promptcodec.server.openai import chat_requests
from promptcodec.server.openai.chat_requests import EFFORT, FORMAT, SHARED, data_url
from promptcodec.server.openai.questions import Question, pictures_of
from promptcodec.server.openai.rules import (
    BadRequestError,
    Rule,
    among,
    anything,
    between,
    fields,
    filled_list,
    kind,
    model,
)

MODEL = "loopback-vision"


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
        "image_url": data_url,
        "detail": among("auto", "low", "high", "original"),
    }
    fields(part, rules, ("type",), at)


def _text(value: Any, param: str) -> None:
    fields(value, {"format": anything, "verbosity": among("low", "medium", "high")}, (), param)
    if "format" in value:
        rules = {"type": among("json_schema", "text", "json_object"), **FORMAT}
        fields(value["format"], rules, ("type", "name", "schema"), f"{param}.format")


def _not_streamed(value: Any, param: str) -> None:
    kind(bool)(value, param)
    if value:
        raise BadRequestError("This server does not stream.", param, "unsupported_value")


def _reasoning(value: Any, param: str) -> None:
    fields(value, {"effort": EFFORT, "summary": anything}, (), param)


_OWN: dict[str, Rule] = {"model": model(MODEL), "stream": _not_streamed}
CHAT: dict[str, Rule] = {**chat_requests.CHAT, **_OWN, "n": between(1, 128, int)}
RESPONSES: dict[str, Rule] = {
    **SHARED,
    **_OWN,
    "input": _input,
    "instructions": kind(str),
    "text": _text,
    "max_output_tokens": between(16, 200_000, int),
    "reasoning": _reasoning,
    "truncation": among("auto", "disabled"),
    "previous_response_id": kind(str),
}


def read_responses(body: dict[str, Any]) -> Question:
    """Read a request of the Responses API."""
    texts: list[str] = [body.get("instructions", "")]
    images: list[str] = []
    items: list[Any] = body["input"] if isinstance(body["input"], list) else [{"content": body["input"]}]
    for item in items:
        content = item["content"]
        parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        texts += [part["text"] for part in parts if part["type"] == "input_text"]
        images += [part["image_url"] for part in parts if part["type"] == "input_image"]
    wanted = body.get("text", {}).get("format") or {}
    return Question("\n".join(texts), pictures_of(images), wanted.get("name", ""), wanted.get("schema", {}))
