"""Answers that come as a stream although nobody asked for one, put together to what was asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from promptcodec.api.pictures import is_partial
from promptcodec.api.replies import REASONS, message_of

_STARTS = ("data:", "event:", "id:", "retry:")
# What keeps a connection alive; a body of plain JSON may follow it.
_COMMENTS = re.compile(r"\A(?::[^\r\n]*[\r\n\s]*)+")
_JOINED = ("content", "reasoning_content", "reasoning", "thinking", "refusal")


def whole(text: str) -> str:
    """Give an answer as one JSON object where it is a stream of events or of JSON lines, else as it is.

    A stream that broke off gives an answer that was cut.
    """
    body = _COMMENTS.sub("", text.lstrip("\ufeff \t\r\n"))
    lines = [line.strip() for line in re.split(r"[\r\n]+", body) if line.strip()]
    if body.startswith(_STARTS):
        events = _events(lines)
    elif len(lines) > 1 and body.startswith("{") and all(_object(line) is not None for line in lines):
        events = [_object(line) or {} for line in lines]
    else:
        return body
    ended = not {"data: [DONE]", "data:[DONE]"}.isdisjoint(lines)
    return json.dumps(_join(events, ended=ended))


class Reader:
    """Reads server-sent events while they come."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        """Pieces of a line whose end has not come: that of a picture has megabytes."""
        self._name, self._waiting = "", ""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Give the events that are whole with these bytes."""
        *ends, rest = re.split(rb"[\r\n]", data)
        for end in ends:
            line = b"".join([*self._begun, end])
            self._begun.clear()
            event = self.line(line.decode("utf-8", "replace").strip())
            if event is not None:
                yield event
        self._begun.append(rest)

    def line(self, line: str) -> dict[str, Any] | None:
        """Give the event that ends with a line, with its event's name as ``type`` where it has none.

        Servers forget the empty line between events, so each ``data:`` line is read alone where it can be.
        """
        field, _, value = line.partition(":")
        if field == "event":
            self._name, self._waiting = value.strip(), ""
        elif field == "data":
            self._waiting += value.strip()
            event = _object(self._waiting)
            if event is not None:
                named = {"type": self._name, **event} if self._name else event
                self._name, self._waiting = "", ""
                return named
        return None


def _events(lines: list[str]) -> list[dict[str, Any]]:
    reader = Reader()
    return [event for line in lines if (event := reader.line(line)) is not None]


def is_over(body: bytes) -> bool:
    """Say whether a stream that broke off holds its last event already, with what was asked for."""
    events = Reader().feed(body + b"\n")
    return any(
        str(event.get("type", "")).endswith(".completed") and (event.get("b64_json") or event.get("response"))
        for event in events
    )


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _join(events: list[dict[str, Any]], *, ended: bool) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for event in events:
        if event.get("usage"):
            joined["usage"] = event["usage"]
        if event.get("error") or event.get("type") == "error":
            joined["error"] = event.get("error") or event.get("message")
    drawn = [
        event for event in events if not is_partial(event) and (event.get("b64_json") or event.get("url"))
    ]
    if drawn:  # the one that is furthest, and the last of these
        return joined | {"data": [max(reversed(drawn), key=_progress)]}
    if any(str(event.get("type", "")).startswith("response.") for event in events):
        return joined | _response(events)
    return joined | _chat(events, ended=ended)


def _progress(event: dict[str, Any]) -> float:
    """Give how far a picture is; 1 for one that does not say."""
    progress = event.get("progress", 1)
    return float(progress) if isinstance(progress, int | float) else 1.0


def _response(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Put events of the Responses API together: its last event holds all, or the items and texts do."""
    ends = ("response.completed", "response.incomplete", "response.failed")
    answer = next((e["response"] for e in events if e.get("type") in ends and "response" in e), None)
    given = dict(answer) if isinstance(answer, dict) else {"status": "incomplete"}
    if not given.get("output"):
        items = [
            event["item"]
            for event in events
            if event.get("type") == "response.output_item.done" and "item" in event
        ]
        text = "".join(
            str(event.get("delta", ""))
            for event in events
            if event.get("type") == "response.output_text.delta"
        )
        given["output"] = items or [{"type": "message", "content": text}]
    return given


def _chat(events: list[dict[str, Any]], *, ended: bool) -> dict[str, Any]:
    message: dict[str, Any] = {}
    calls: dict[Any, str] = {}
    reason = None
    for choice in _first_choice(events):
        given = message_of(choice)
        reason = next(filter(None, (*map(choice.get, REASONS), given.get("stop_reason"), reason)), None)
        for field in _JOINED:
            message[field] = _add(message.get(field), given.get(field), all_again="delta" not in choice)
        for text in (choice.get("text"), given.get("text"), *_parts(choice)):
            message["content"] = _add(message["content"], text)
        if isinstance(given.get("images"), list):
            message["images"] = message.get("images", []) + given["images"]
        for place, call in enumerate(
            given["tool_calls"] if isinstance(given.get("tool_calls"), list) else ()
        ):
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                number = call.get("index", place)
                calls[str(number)] = calls.get(str(number), "") + str(function.get("arguments") or "")
    if calls:
        message["tool_calls"] = [{"function": {"arguments": text}} for text in calls.values()]
    if not any(message.values()):
        return {}
    # Without an end the stream broke off: its text counts only where it is whole.
    return {"choices": [{"message": message, "finish_reason": reason or ("stop" if ended else "length")}]}


def _first_choice(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the pieces of the first of several choices that come interleaved."""
    pieces: list[tuple[int | None, dict[str, Any]]] = []
    for event in events:
        choices = event.get("choices") or event.get("candidates")
        if isinstance(choices, list) and choices:
            pieces += [(_number(choice), choice) for choice in choices if isinstance(choice, dict)]
        else:
            pieces.append((None, event))
    first = min((number for number, _ in pieces if number is not None), default=0)
    yield from (choice for number, choice in pieces if number in {None, first})


def _parts(choice: dict[str, Any]) -> list[Any]:
    """Give the parts of a piece in Gemini's form."""
    content = choice.get("content")
    return [content["parts"]] if isinstance(content, dict) and isinstance(content.get("parts"), list) else []


def _number(choice: dict[str, Any]) -> int:
    number = choice.get("index")
    return number if isinstance(number, int) else 0


def _add(so_far: Any, more: Any, *, all_again: bool = False) -> Any:
    """Add a piece; where pieces may say all again, one that does takes the place of what was so far."""
    if not more:
        return so_far
    if isinstance(more, list) or isinstance(so_far, list):
        return _listed(so_far) + _listed(more)
    text = str(more)
    if all_again and len(so_far or "") > 1 and text.startswith(so_far):
        return text
    return (so_far or "") + text


def _listed(content: Any) -> list[Any]:
    if not content:
        return []
    return content if isinstance(content, list) else [{"type": "text", "text": str(content)}]
