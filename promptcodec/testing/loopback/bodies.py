"""The shapes of the answers, as the real API builds them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from promptcodec.testing.loopback.answer import picture_tokens
from promptcodec.testing.loopback.questions import Question

_IMAGE_TOKENS = 600
_REFUSAL = "I'm sorry, I can't help with that."


def _tokens(text: str) -> int:
    return max(len(text) // 4, 1)


def _asked(question: Question) -> int:
    return _tokens(question.text) + (_IMAGE_TOKENS if question.image else 0)


def chat(model: str, content: str, question: Question, fault: str) -> dict[str, Any]:
    """Build an answer of the Chat Completions API."""
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    reason = "stop"
    if fault == "refusal":
        message |= {"content": None, "refusal": _REFUSAL}
    if fault == "truncated":
        message["content"], reason = content[: len(content) // 2], "length"
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": _asked(question),
            "completion_tokens": _tokens(content),
            "total_tokens": _asked(question) + _tokens(content),
        },
    }


def chat_picture(model: str, drawn: str | None, question: Question, size: str, fault: str) -> dict[str, Any]:
    """Build an answer of Chat Completions with a picture, None for none, beside its words."""
    answer = chat(model, "Here is the picture.", question, fault)
    if drawn and fault != "refusal":
        url = {"url": f"data:image/png;base64,{drawn}"}
        answer["choices"][0]["message"]["images"] = [{"index": 0, "type": "image_url", "image_url": url}]
        answer["usage"]["completion_tokens"] += picture_tokens(size)
        answer["usage"]["total_tokens"] += picture_tokens(size)
    return answer


def response(model: str, content: str, question: Question, fault: str) -> dict[str, Any]:
    """Build an answer of the Responses API."""
    part: dict[str, Any] = {"type": "output_text", "text": content, "annotations": []}
    status, details = "completed", None
    if fault == "refusal":
        part = {"type": "refusal", "refusal": _REFUSAL}
    if fault == "truncated":
        part["text"] = content[: len(content) // 2]
        status, details = "incomplete", {"reason": "max_output_tokens"}
    message = {
        "type": "message",
        "id": f"msg_{uuid.uuid4().hex}",
        "status": status,
        "role": "assistant",
        "content": [part],
    }
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "incomplete_details": details,
        "error": None,
        "model": model,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": _asked(question),
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": _tokens(content),
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": _asked(question) + _tokens(content),
        },
    }


def pictures(drawn: Sequence[str], prompt: str, size: str, references: int) -> dict[str, Any]:
    """Build an answer of the image API."""
    text, images = _tokens(prompt), references * _IMAGE_TOKENS
    output = picture_tokens(size)
    return {
        "created": int(time.time()),
        "data": [{"b64_json": picture} for picture in drawn],
        "size": size,
        "output_format": "png",
        "usage": {
            "input_tokens": text + images,
            "input_tokens_details": {"text_tokens": text, "image_tokens": images},
            "output_tokens": output,
            "total_tokens": text + images + output,
        },
    }
