"""Bodies of requests, held to their size, their pace and their type while they come."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.types import Message, Receive

from promptcodec.server.guard import forms
from promptcodec.server.problems import Problem

SEVERAL = 4
"""Bodies of the largest size that are held at one time."""
_JSON_BYTES = 1 << 20
_BUSY_SECONDS = 5
_STREAM = "application/octet-stream"
_SENDING = (
    "send the file with Content-Type: application/octet-stream or its own, or as the part 'file' of "
    "multipart/form-data"
)


@dataclass(slots=True)
class Room:
    """Memory for bodies.

    Attributes:
        most: bytes of all bodies at one time.
        taken: of them.
    """

    most: int
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly a body may come.

    Attributes:
        seconds: that it has for nothing.
        rate: bytes a second after those.
    """

    seconds: float = 20.0
    rate: float = 16384.0


PACE = Pace()


class Intake:
    """The body of one request as it comes.

    Args:
        receive: of the server.
        most: bytes that it may have.
        room: for all bodies.
        pace: that it has to keep.
    """

    def __init__(self, receive: Receive, most: int, room: Room, pace: Pace) -> None:
        self._receive, self._most, self._room, self._pace = receive, most, room, pace
        self._since = time.monotonic()
        self._bytes = 0
        self._ended = False

    async def receive(self) -> Message:
        """Receive what comes next.

        Raises:
            Problem: too much, or too late.
        """
        if self._ended:
            return await self._receive()
        due = self._since + self._pace.seconds + self._bytes / self._pace.rate
        try:
            async with asyncio.timeout(max(0.0, due - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT,
                "the body comes too slowly",
                "timeout",
                headers={"Connection": "close"},
            ) from None
        size = len(message.get("body", b""))
        self._bytes += size
        self._room.taken += size
        self._ended = not message.get("more_body", False)
        if self._bytes > self._most:
            raise too_large(self._most)
        if self._room.taken > self._room.most:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too much is being sent to this server at once; try again soon",
                "busy",
                headers={"Retry-After": str(_BUSY_SECONDS)},
            )
        return message

    def close(self) -> None:
        """Give its room back."""
        self._room.taken -= self._bytes
        self._bytes = 0


def too_large(most: int) -> Problem:
    """Make the answer to a body that is too large."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body has more than {most} bytes, which this server takes",
        "size",
    )


def announced(scope: MutableMapping[str, Any]) -> int:
    """Give the bytes that a request says its body has; 0 where it does not."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


async def file_of(request: Request) -> bytes:
    """Read a file, raw or as the part ``file`` of a form.

    Raises:
        Problem: it is none.
    """
    kind = _kind(request)
    if kind == "multipart/form-data":
        data = await forms.file_of(request.stream(), request.headers["content-type"])
    elif kind in {"", _STREAM} or kind.startswith("image/"):
        data = await request.body()
    else:
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a body of this type is not taken; {_SENDING}", "type"
        )
    if not data:
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body is empty; {_SENDING}")
    return data


async def json_of(request: Request) -> Any:
    """Read JSON.

    Raises:
        Problem: it is none, or too much.
    """
    if _kind(request) != "application/json":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send JSON with Content-Type: application/json", "type"
        )
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > _JSON_BYTES:
            raise too_large(_JSON_BYTES)
    try:
        value = json.loads(data, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()  # halves of characters, which no text may have
    except RecursionError:
        raise Problem(HTTPStatus.BAD_REQUEST, "the JSON is nested too deeply") from None
    except ValueError as error:  # numbers of too many digits, too
        at = (
            f" at line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body is no JSON{at}") from None
    return value


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _kind(request: Request) -> str:
    """Give the type of a body without its parameters.

    Raises:
        Problem: it is packed: what is unpacked has no size that was announced.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body without Content-Encoding", "type")
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()
