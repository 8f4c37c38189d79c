"""What a language model said, out of the answers of the text APIs and of those who build them otherwise.

Beside Chat Completions and Responses these are Completions, and the forms of Anthropic, Gemini and Ollama.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from promptcodec.api.complaints import complaint, is_refusal
from promptcodec.api.thoughts import is_thought
from promptcodec.errors import RefusedError

REASONS = ("finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason")
# The model stopped at a limit, or something broke off what it said.
_CUT = {
    *(
        "length",
        "max_tokens",
        "max_output_tokens",
        "model_length",
        "model_context_window_exceeded",
        "incomplete",
    ),
    *("error", "abort", "aborted", "cancelled", "network_error", "insufficient_system_resource"),
}
_REFUSED = {
    *(
        "refusal",
        "content_filter",
        "content_filtered",
        "guardrail_intervened",
        "safety",
        "prohibited_content",
    ),
    *("blocklist", "spii", "sensitive", "recitation"),
}
_WRAPPERS = ("response", "result", "output", "data")
# What an answer of an API has, and JSON that a model was asked for has not.
_API_FIELDS = {
    *("choices", "candidates", "message", "content", "output", "output_text", "response", "text", "error"),
    *("status", "incomplete_details"),
}
_ARGUMENTS = ("arguments", "input", "parameters", "args")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        contents: texts, and JSON that the server parsed already: what is meant as the answer.
        thoughts: the same of what the model thought.
        cut: it stopped at its limit of tokens, or broke off.
        complaint: the server's words on what went wrong; ``""`` for none.
    """

    contents: tuple[Any, ...]
    thoughts: tuple[Any, ...] = ()
    cut: bool = False
    complaint: str = ""

    @property
    def text(self) -> str:
        """The first text, for the question after it."""
        return next((item for item in self.contents + self.thoughts if isinstance(item, str)), "")


def read(answer: dict[str, Any]) -> Reply:
    """Read an answer by its form: servers answer one API in the form of another.

    Raises:
        RefusedError: the model or its filter refused.
    """
    answer = _unwrapped(answer)
    is_response = any(name in answer for name in ("output", "output_text", "incomplete_details"))
    return _responses(answer) if is_response and "choices" not in answer else _chat(answer)


def _unwrapped(answer: dict[str, Any]) -> dict[str, Any]:
    """Give the answer of an API that another put into its own."""
    for name in _WRAPPERS:
        inner = answer.get(name)
        if isinstance(inner, dict) and _API_FIELDS & inner.keys() and "choices" not in answer:
            # Once more: some wrap twice.
            answer = {field: value for field, value in answer.items() if field != name} | inner
    return answer


def _chat(answer: dict[str, Any]) -> Reply:
    choice = first(answer.get("choices")) or first(answer.get("candidates")) or answer
    message = message_of(choice)
    # finish_reason may carry a provider's own word behind the API's: "content_filter: SAFETY".
    reason = str(next(filter(None, map(choice.get, REASONS)), "")).lower().partition(":")[0]
    if message.get("refusal") or reason in _REFUSED:
        raise RefusedError(f"the model refused: {str(message.get('refusal') or 'content filter')[:200]}")
    feedback = answer.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        raise RefusedError(f"the model refused: {str(feedback['blockReason'])[:200]}")
    trouble = complaint(choice) if choice.get("error") else complaint(answer)
    if trouble and is_refusal(trouble) and not message.get("content"):
        raise RefusedError(f"the model refused: {trouble}")
    content = message.get("content") if message else choice.get("content")
    contents = (
        message.get("parsed"),
        *_arguments(message.get("tool_calls")),
        *_arguments([message.get("function_call")]),
        *parts(content),
        choice.get("text"),
        choice.get("response"),
        choice.get("result"),
        failed_generation(answer),
    )
    fields = (text for name in _THOUGHTS for text in parts(message.get(name)))
    return Reply(_filled(contents), _filled((*fields, *thoughts(content))), reason in _CUT, trouble)


def _responses(answer: dict[str, Any]) -> Reply:
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
        *(text for item in items if not is_thought(item) for text in _arguments([item])),
        *(text for item in messages for text in parts(item.get("content"))),
        answer.get("output_text"),
        output if isinstance(output, str) else None,
    )
    thought = (
        *(text for item in messages for text in thoughts(item.get("content"))),
        *(text for item in items if is_thought(item) for text in _thoughts(item)),
    )
    cut = str(answer.get("status")) in {"incomplete", "failed", "cancelled", "in_progress"}
    return Reply(_filled(contents), _filled(thought), cut, trouble)


def failed_generation(answer: dict[str, Any]) -> Any:
    """Give what a model wrote that its server rejects for being no JSON; None where there is nothing."""
    error = answer.get("error")
    return error.get("failed_generation") if isinstance(error, dict) else None


def message_of(choice: dict[str, Any]) -> dict[str, Any]:
    """Give the message of a choice, or the piece of one in a stream; an empty one where there is none."""
    messages = [choice[name] for name in ("delta", "message") if isinstance(choice.get(name), dict)]
    return messages[0] if messages else {}


def parts(content: Any) -> list[Any]:
    """Give the answer in a message, whatever its form: a text, parts of text, or JSON already parsed.

    Parts that are thoughts are left out; what parts hold beside text, as calls of tools do, comes last.
    """
    if isinstance(content, list):
        answers = [part for part in content if not is_thought(part)]
        text = "".join(part if isinstance(part, str) else _text(part) for part in answers)
        return [text, [part for part in answers if isinstance(part, dict) and not _text(part)]]
    if isinstance(content, dict):
        return (
            parts(content["parts"]) if isinstance(content.get("parts"), list) else [_text(content) or content]
        )
    return [content]


def thoughts(content: Any) -> list[Any]:
    """Give the texts of a message's parts that are marked as thoughts."""
    if isinstance(content, dict):
        content = content.get("parts")
    marked = filter(is_thought, content) if isinstance(content, list) else ()
    return ["".join(str(text) for part in marked for text in _thoughts(part) if isinstance(text, str))]


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
    fields = [item.get(name) for name in ("text", "content", "summary", *_THOUGHTS)]
    return [text for field in fields for text in (*parts(field), *thoughts(field))]


def _arguments(calls: Any) -> list[Any]:
    """Give what tools were called with: some servers answer a schema as the call of a tool."""
    arguments = []
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            function = call["function"] if isinstance(call.get("function"), dict) else call
            arguments += [function.get(name) for name in _ARGUMENTS]
    return arguments


def _filled(contents: Iterable[Any]) -> tuple[Any, ...]:
    """Leave out what is empty, and texts of blanks."""
    return tuple(
        item
        for item in contents
        if isinstance(item, str | dict | list) and (item.strip() if isinstance(item, str) else item)
    )
