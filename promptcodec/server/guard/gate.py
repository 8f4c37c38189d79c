"""What every request passes before its route, and every answer after it."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from promptcodec.server import problems
from promptcodec.server.guard import bodies, logs, names
from promptcodec.server.guard.bodies import PACE, Intake, Pace
from promptcodec.server.guard.guard import Guard, address_of
from promptcodec.server.guard.logs import Entry
from promptcodec.server.problems import Problem

HEAD_BYTES = 32768
_LONGEST_TARGET = 8192
_REFUSED = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.TOO_MANY_REQUESTS,
}
_GONE = 499
"""In logs, of a request whose sender left before its answer."""
_POLICY = (
    b"default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
]


class Gate:
    """Refuse what is no request to this server; write what became of each.

    Args:
        app: what is behind it.
        guard: who may do what.
        pace: that bodies have to keep.
    """

    def __init__(self, app: ASGIApp, guard: Guard, pace: Pace = PACE) -> None:
        self.app, self.guard, self.pace = app, guard, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        entry = Entry(scope["method"], scope["path"])

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            else:
                entry.sent += len(message.get("body", b""))
            await send(message)

        intake = Intake(receive, self.guard.settings.upload_bytes, self.guard.room, self.pace)
        try:
            if refusal := self._refusal(scope):
                await problems.response(refusal, scope["path"])(scope, receive, answer)
            else:
                await self.app(scope, intake.receive, answer)
        except ClientDisconnect:
            entry.status = _GONE
        except Exception as error:
            entry.error = logs.place(error.__cause__ or error)
            if entry.status:  # the answer has begun: the connection is cut, which its reader sees
                raise
            unexpected = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong here", "unexpected")
            await problems.response(unexpected, scope["path"])(scope, receive, answer)
        finally:
            intake.close()
            entry.caller = self.guard.identified(scope)[0].name
            if entry.status in _REFUSED:
                entry.address = address_of(scope)
            entry.write()

    def _refusal(self, scope: Scope) -> Problem | None:
        settings = self.guard.settings
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not names.is_called(headers.get("host", ""), settings.host, settings.hosts):
            return Problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this server goes by another name; whoever starts it can give it this one, too",
                "host",
            )
        if names.is_of_another_site(scope["method"], scope["path"], headers):
            return Problem(HTTPStatus.FORBIDDEN, "pages of other sites may not ask this server", "origin")
        if not scope["path"].isprintable():
            return Problem(HTTPStatus.BAD_REQUEST, "the address has characters that no address has")
        return self._too_much(scope)

    def _too_much(self, scope: Scope) -> Problem | None:
        if len(scope["raw_path"]) + len(scope["query_string"]) > _LONGEST_TARGET:
            return Problem(HTTPStatus.REQUEST_URI_TOO_LONG, "the address is too long", "size")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > HEAD_BYTES:
            return Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too long", "size")
        most = self.guard.settings.upload_bytes
        return bodies.too_large(most) if bodies.announced(scope) > most else None
