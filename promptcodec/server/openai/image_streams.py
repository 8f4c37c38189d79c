"""Pictures as a stream of events, as the image API sends them: interim ones, then the one asked for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse

KIND = "text/event-stream"
_TOKENS = 100
"""Output tokens that an interim picture is counted as."""


def name_of(path: str) -> str:
    """Give what events of an endpoint are called."""
    return "image_edit" if path.endswith("edits") else "image_generation"


def shared(answer: dict[str, Any]) -> dict[str, Any]:
    """Give what every event says of a picture; ``answer`` is as it would be without a stream."""
    return {
        **{key: answer[key] for key in ("size", "output_format")},
        "created_at": answer["created"],
        "background": "opaque",
        "quality": "medium",
    }


def partial(name: str, common: dict[str, Any], coded: str, number: int) -> str:
    """Make the event of an interim picture, numbered from 0."""
    return event(f"{name}.partial_image", common | {"b64_json": coded, "partial_image_index": number})


def completed(name: str, answer: dict[str, Any], interim: int) -> str:
    """Make the event of the picture that was asked for; so many went before it."""
    usage = answer["usage"]
    more = {key: usage[key] + _TOKENS * interim for key in ("output_tokens", "total_tokens")}
    final = {"b64_json": answer["data"][0]["b64_json"], "usage": usage | more}
    return event(f"{name}.completed", shared(answer) | final)


def failed(problem: dict[str, Any]) -> str:
    """Make the event of an error."""
    return event("error", {"type": "error", "error": problem})


def event(name: str, value: dict[str, Any]) -> str:
    """Write an event."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **value})}\n\n"


def sent(events: AsyncIterator[str]) -> Response:
    """Send events as they come."""
    return StreamingResponse(events, media_type=KIND)
