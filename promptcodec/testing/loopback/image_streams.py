"""Pictures as a stream of events, as the image API sends them: interim ones, then the one asked for."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from PIL import Image
from starlette.responses import Response, StreamingResponse

from promptcodec.testing.loopback.responses import BrokenResponse

_KIND = "text/event-stream"
_TOKENS = 100
"""Output tokens that an interim picture is counted as."""
_COARSEST = 8
"""Pixels across the first interim picture; each one after it has four times as many."""


def response(path: str, answer: dict[str, Any], interim: int, fault: str) -> Response | BrokenResponse:
    """Send an answer of the image API as a stream.

    Args:
        path: of the endpoint.
        answer: as it would be without a stream.
        interim: pictures before the last one that were asked for.
        fault: of the kinds of streams, or another.
    """
    name = "image_edit" if path.endswith("edits") else "image_generation"
    shared = {
        **{key: answer[key] for key in ("size", "output_format")},
        "created_at": answer["created"],
        "background": "opaque",
        "quality": "medium",
    }
    if not answer["data"]:
        return _sent([_event("error", {"type": "error", "error": {"message": "No picture was drawn."}})])
    coded = answer["data"][0]["b64_json"]
    count = 0 if fault == "final-first" else interim
    events = [
        _event(
            f"{name}.partial_image",
            shared | {"b64_json": _coarse(coded, number), "partial_image_index": number},
        )
        for number in range(count)
    ]
    if fault == "stream-error":
        problem = {
            "type": "server_error",
            "code": "server_error",
            "message": "The stream failed.",
            "param": None,
        }
        return _sent([*events[:1], _event("error", {"type": "error", "error": problem})])
    usage = answer["usage"]
    more = {name: usage[name] + _TOKENS * count for name in ("output_tokens", "total_tokens")}
    final = _event(f"{name}.completed", shared | {"b64_json": coded, "usage": usage | more})
    if fault == "stream-cut":
        body = "".join([*events, final]).encode()
        share = (len(events[0]) if events else len(final) // 2) / len(body)
        return BrokenResponse(body, share, _KIND)
    return _sent([*events, final])


def _event(name: str, value: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **value})}\n\n"


def _sent(events: Sequence[str]) -> Response:
    async def each() -> AsyncIterator[str]:
        for event in events:
            yield event

    return StreamingResponse(each(), media_type=_KIND)


def _coarse(coded: str, number: int) -> str:
    """Give a picture of few pixels; the real ones are as large as the last."""
    picture = Image.open(io.BytesIO(base64.b64decode(coded)))
    side = _COARSEST * 2**number
    small = picture.resize((side, max(side * picture.height // picture.width, 1)))
    file = io.BytesIO()
    small.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
