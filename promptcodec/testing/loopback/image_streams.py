"""Pictures as a stream of events, which faults break off."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

from PIL import Image
from starlette.responses import Response

from promptcodec.server.openai import image_streams
from promptcodec.testing.loopback.responses import BrokenResponse

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
    if not answer["data"]:
        return _sent([image_streams.failed({"message": "No picture was drawn."})])
    name, common = image_streams.name_of(path), image_streams.shared(answer)
    coded = answer["data"][0]["b64_json"]
    count = 0 if fault == "final-first" else interim
    events = [image_streams.partial(name, common, _coarse(coded, number), number) for number in range(count)]
    if fault == "stream-error":
        problem = {
            "type": "server_error",
            "code": "server_error",
            "message": "The stream failed.",
            "param": None,
        }
        return _sent([*events[:1], image_streams.failed(problem)])
    final = image_streams.completed(name, answer, count)
    if fault == "stream-cut":
        body = "".join([*events, final]).encode()
        share = (len(events[0]) if events else len(final) // 2) / len(body)
        return BrokenResponse(body, share, image_streams.KIND)
    return _sent([*events, final])


def _sent(events: Sequence[str]) -> Response:
    async def each() -> AsyncIterator[str]:
        for event in events:
            yield event

    return image_streams.sent(each())


def _coarse(coded: str, number: int) -> str:
    """Give a picture of few pixels; the real ones are as large as the last."""
    picture = Image.open(io.BytesIO(base64.b64decode(coded)))
    side = _COARSEST * 2**number
    small = picture.resize((side, max(side * picture.height // picture.width, 1)))
    file = io.BytesIO()
    small.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
