"""What a language model said, out of the answers of the text APIs and of those who build them otherwise.

Beside Chat Completions and Responses these are Completions, and the forms of Anthropic, Gemini and Ollama.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from promptcodec.api.complaints import complaint, is_refusal
from promptcodec.errors import RefusedError

_REASONS = ("finish_reason", "finishReason", "stop_reason", "done_reason")
_CUT = {"length", "max_tokens", "max_output_tokens", "model_length", "incomplete"}
_REFUSED = {"refusal", "content_filter", "safety", "prohibited_content", "blocklist", "spii", "sensitive"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        contents: texts, and JSON that the server parsed already; thoughts last.
        cut: it stopped at its limit of tokens.
        complaint: the server's words on what went wrong; ``""`` for none.
    """

    contents: tuple[Any, ...]
    cut: bool = False
    complaint: str = ""

    @property
    def text(self) -> str:
        """The first text, for the question after it."""
        return next((item for item in self.contents if isinstance(item, str)), "")


def read(answer: dict[str, Any]) -> Reply:
    """Read an answer by its form: servers answer one API in the form of another.

    Raises:
        RefusedError: the model or its filter refused.
    """
    is_response = any(name in answer for name in ("output", "output_text", "incomplete_details"))
    if isinstance(answer.get("response"), dict) or (is_response and "choices" not in answer):
        return _responses(answer)
    return _chat(answer)


def _chat(answer: dict[str, Any]) -> Reply:
    choice = first(answer.get("choices")) or first(answer.get("candidates")) or answer
    message = message_of(choice)
    # finish_reason may carry a provider's own word behind the API's: "content_filter: SAFETY".
    reason = str(next(filter(None, map(choice.get, _REASONS)), "")).lower().partition(":")[0]
    if message.get("refusal") or reason in _REFUSED:
        raise RefusedError(f"the model refused: {str(message.get('refusal') or 'content filter')[:200]}")
    trouble = complaint(choice) if choice.get("error") else complaint(answer)
    if trouble and is_refusal(trouble) and not message.get("content"):
        raise RefusedError(f"the model refused: {trouble}")
    contents = (
        *parts(message.get("content")),
        message.get("parsed"),
        *_arguments(message.get("tool_calls")),
        *_arguments([message.get("function_call")]),
        choice.get("text"),
        *(parts(choice.get("content")) if not message else ()),
        choice.get("response"),
        *parts(message.get("reasoning_content")),
        *parts(message.get("reasoning")),
        *parts(message.get("thinking")),
    )
    return Reply(_filled(contents), reason in _CUT, trouble)


def _responses(answer: dict[str, Any]) -> Reply:
    if isinstance(answer.get("response"), dict):
        answer = answer["response"]
    details = answer.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else ""
    if reason == "content_filter":
        raise RefusedError("the model refused: content filter")
    output = answer.get("output")
    items = [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
    messages = [item for item in items if item.get("type", "message") == "message"]
    for item in messages:
        for part in item["content"] if isinstance(item.get("content"), list) else ():
            if isinstance(part, dict) and part.get("type") == "refusal":
                raise RefusedError(f"the model refused: {str(part.get('refusal'))[:200]}")
    trouble = complaint(answer)
    if trouble and is_refusal(trouble) and not messages:
        raise RefusedError(f"the model refused: {trouble}")
    contents = (
        *(text for item in messages for text in parts(item.get("content"))),
        answer.get("output_text"),
        output if isinstance(output, str) else None,
        *(text for item in items for text in _arguments([item])),
        *(text for item in items if item.get("type") == "reasoning" for text in _thoughts(item)),
    )
    return Reply(_filled(contents), answer.get("status") == "incomplete", trouble)


def message_of(choice: dict[str, Any]) -> dict[str, Any]:
    """Give the message of a choice, or the piece of one in a stream; an empty one where there is none."""
    messages = [choice[name] for name in ("delta", "message") if isinstance(choice.get(name), dict)]
    return messages[0] if messages else {}


def parts(content: Any) -> list[Any]:
    """Give the text of a message, whatever its form: a text, parts of text, or JSON already parsed."""
    if isinstance(content, list):
        texts = [part if isinstance(part, str) else _text(part) for part in content]
        return ["".join(texts)]
    if isinstance(content, dict):
        return (
            parts(content["parts"]) if isinstance(content.get("parts"), list) else [_text(content) or content]
        )
    return [content]


def first(items: Any) -> dict[str, Any]:
    """Give the first object of a list; an empty one where there is none."""
    if isinstance(items, dict):
        return items
    among = items if isinstance(items, list) else []
    return next((item for item in among if isinstance(item, dict)), {})


def _text(part: Any) -> str:
    """Give the text of a part; thoughts have their own fields and are none."""
    text = part.get("text") if isinstance(part, dict) else ""
    if isinstance(text, dict):
        text = text.get("value")
    return text if isinstance(text, str) else ""


def _thoughts(item: dict[str, Any]) -> list[Any]:
    return [*parts(item.get("content")), *parts(item.get("summary"))]


def _arguments(calls: Any) -> list[Any]:
    """Give what tools were called with: some servers answer a schema as the call of a tool."""
    arguments = []
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            function = call["function"] if isinstance(call.get("function"), dict) else call
            arguments += [function.get("arguments"), function.get("input")]
    return arguments


def _filled(contents: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(item for item in contents if item and isinstance(item, str | dict | list))
