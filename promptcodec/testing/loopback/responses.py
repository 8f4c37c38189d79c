"""Responses that are no answers: errors that faults ask for, and bodies that break off."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from promptcodec.server.openai.errors import error

_RETRY_AFTER = "1"


class BrokenResponse:
    """A response that promises more bytes than it sends; the server then closes the connection."""

    status_code = 200

    def __init__(self, body: bytes, share: float = 0.5, kind: str = "application/json") -> None:
        self.body, self.sent, self.kind = body, body[: int(len(body) * share)], kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and a part of the body."""
        length = str(len(self.body)).encode()
        headers = [(b"content-type", self.kind.encode()), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.sent, "more_body": True})


def too_many() -> Response:
    """Make the error of a rate limit, which says when to come again."""
    words = "Rate limit reached for requests."
    return error(429, words, None, "rate_limit_exceeded", {"retry-after": _RETRY_AFTER})


def server_failed() -> Response:
    """Make the error of a server that fails."""
    return error(500, "The server had an error while processing your request.")
