"""The shapes of the answers, as the real API builds them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from promptcodec.server.openai.questions import Question

IMAGE_TOKENS = 600
"""Tokens that a picture that is sent is counted as."""
_PIXELS_PER_TOKEN = 1000


def tokens(text: str) -> int:
    """Give the tokens that a text is counted as."""
    return max(len(text) // 4, 1)


def asked(question: Question) -> int:
    """Give the tokens that a question is counted as."""
    return tokens(question.text) + (IMAGE_TOKENS if question.image else 0)


def picture_tokens(size: tuple[int, int]) -> int:
    """Give the output tokens that a picture is counted as."""
    return size[0] * size[1] // _PIXELS_PER_TOKEN


def models(names: Sequence[str]) -> dict[str, Any]:
    """Build the list of models."""
    now = int(time.time())
    listed = [{"id": name, "object": "model", "created": now, "owned_by": "promptcodec"} for name in names]
    return {"object": "list", "data": listed}


def chat(model: str, content: str, question: Question) -> dict[str, Any]:
    """Build an answer of Chat Completions."""
    message = {"role": "assistant", "content": content, "refusal": None}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": asked(question),
            "completion_tokens": tokens(content),
            "total_tokens": asked(question) + tokens(content),
        },
    }


def chat_chunks(answer: dict[str, Any], *, with_usage: bool) -> Iterator[dict[str, Any]]:
    """Build the pieces of an answer of Chat Completions that is streamed: line by line.

    Args:
        answer: as it would be without a stream.
        with_usage: a last piece says what was used.
    """
    shared = {
        **{name: answer[name] for name in ("id", "created", "model")},
        "object": "chat.completion.chunk",
    }
    shared |= {"usage": None} if with_usage else {}
    [whole] = answer["choices"]

    def piece(delta: dict[str, str], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**shared, "choices": [choice]}

    yield piece({"role": "assistant", "content": ""})
    for line in whole["message"]["content"].splitlines(keepends=True):
        yield piece({"content": line})
    yield piece({}, whole["finish_reason"])
    if with_usage:
        yield {**shared, "choices": [], "usage": answer["usage"]}


def pictures(
    drawn: Sequence[dict[str, str]],
    prompt: str,
    size: str,
    pixels: tuple[int, int],
    references: int,
    output_format: str = "png",
) -> dict[str, Any]:
    """Build an answer of the image API.

    Args:
        drawn: each picture, ``b64_json`` or ``url``.
        prompt: what was asked for.
        size: as it was asked for, or as it was drawn.
        pixels: width and height.
        references: pictures that were sent.
        output_format: of the pictures.
    """
    text, images = tokens(prompt), references * IMAGE_TOKENS
    output = picture_tokens(pixels)
    return {
        "created": int(time.time()),
        "data": list(drawn),
        "size": size,
        "output_format": output_format,
        "usage": {
            "input_tokens": text + images,
            "input_tokens_details": {"text_tokens": text, "image_tokens": images},
            "output_tokens": output,
            "total_tokens": text + images + output,
        },
    }
