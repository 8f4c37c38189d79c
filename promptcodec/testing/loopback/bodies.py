"""The shapes of the answers, spoilt where a fault asks for it; and of the Responses API."""

from __future__ import annotations

import time
import uuid
from typing import Any

from promptcodec.server.openai import bodies
from promptcodec.server.openai.bodies import asked, picture_tokens, tokens
from promptcodec.server.openai.questions import Question

_REFUSAL = "I'm sorry, I can't help with that."


def chat(model: str, content: str, question: Question, fault: str) -> dict[str, Any]:
    """Build an answer of the Chat Completions API."""
    answer = bodies.chat(model, content, question)
    [choice] = answer["choices"]
    if fault == "refusal":
        choice["message"] |= {"content": None, "refusal": _REFUSAL}
    if fault == "truncated":
        choice["message"]["content"] = content[: len(content) // 2]
        choice["finish_reason"] = "length"
    return answer


def chat_picture(
    model: str, drawn: str | None, question: Question, size: tuple[int, int], fault: str
) -> dict[str, Any]:
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
            "input_tokens": asked(question),
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": tokens(content),
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked(question) + tokens(content),
        },
    }
