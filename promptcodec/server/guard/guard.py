"""Who sent a request, what they may do, and how much of it."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from starlette.requests import Request

from promptcodec.api.spending import NO_SPENDING, Limits
from promptcodec.server import tokens
from promptcodec.server.guard import bodies, names, pixels
from promptcodec.server.guard.attempts import Attempts
from promptcodec.server.problems import Problem
from promptcodec.server.settings import ServeSettings
from promptcodec.server.tokens import Token

Right = Literal["write", "spend"]
_REALM = 'Bearer realm="promptcodec"'
_FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"}
"""They say that a request came from elsewhere. That alone is believed: it takes rights and gives none."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    Attributes:
        name: of the token; ``local`` where this machine needs none; ``""`` for anybody.
        may_write: change the archive.
        may_spend: use what asks paid services.
        token: that was sent.
    """

    name: str
    may_write: bool
    may_spend: bool
    token: Token | None = field(default=None, repr=False)


_NOBODY = Caller("", may_write=False, may_spend=False)


class Guard:
    """Who sent a request, what they may do, and how much of it."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.attempts = Attempts()
        self.room = bodies.Room(bodies.SEVERAL * settings.upload_bytes)
        self._caps = Limits(settings.max_cost, settings.max_requests, strict=True)
        # A name is given where others reach the server through another one.
        self._local = not settings.tokens and names.is_loopback(settings.host) and not settings.hosts

    def caller(self, request: Request) -> Caller:
        """Give who sent a request; one with a wrong token is anybody."""
        return self.identified(request.scope)[0]

    def named(self, name: str) -> Caller:
        """Give who has a name now, for work that they asked for earlier; nobody where no token has it."""
        for token in self.settings.tokens:
            if token.name == name:
                return self._holder(token)
        return self._everybody() if self._local else _NOBODY

    def identified(self, scope: MutableMapping[str, Any]) -> tuple[Caller, bool]:
        """Give who sent a request, and whether with a wrong token, which is counted once."""
        if "caller" not in scope:
            scope["caller"] = self._identify(scope)
        identified: tuple[Caller, bool] = scope["caller"]
        return identified

    def _identify(self, scope: MutableMapping[str, Any]) -> tuple[Caller, bool]:
        if self._local:
            elsewhere = any(name in _FORWARDED for name, _ in scope["headers"])
            return (_NOBODY if elsewhere else self._everybody()), False
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if not given or not self.settings.tokens:
            return _NOBODY, False
        address = address_of(scope)
        if self.attempts.wait(address):
            return _NOBODY, True
        scheme, _, secret = given[0].decode("latin-1").partition(" ")
        token = tokens.match(self.settings.tokens, secret.strip())
        if token is None or scheme.lower() != "bearer" or len(given) > 1:
            self.attempts.wrong(address)
            return _NOBODY, True
        return self._holder(token), False

    def _holder(self, token: Token) -> Caller:
        return Caller(token.name, not self.settings.read_only, may_spend=True, token=token)

    def _everybody(self) -> Caller:
        return Caller("local", not self.settings.read_only, may_spend=True)

    def require(self, request: Request, right: Right) -> Caller:
        """Give who sent a request that writes or spends.

        Raises:
            Problem: they may not: 401 for want of a token, 403 where none would help, 429 where too many were
                tried.
        """
        caller, wrong = self.identified(request.scope)
        if right == "write" and self.settings.read_only:
            raise Problem(HTTPStatus.FORBIDDEN, "this server is for reading only", "forbidden")
        if caller.may_write if right == "write" else caller.may_spend:
            return caller
        if not self.settings.tokens:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                "nobody may write or spend here: this server is reached from elsewhere and was started "
                "without tokens",
                "forbidden",
            )
        if wait := self.attempts.wait(address_of(request.scope)):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"too many wrong tokens came from your address; try again in {wait} seconds",
                "rate",
                headers={"Retry-After": str(wait)},
            )
        if wrong:
            detail, challenge = "this token is not one of the server's", f'{_REALM}, error="invalid_token"'
        else:
            detail, challenge = f"this needs a token: Authorization: Bearer TOKEN, to {right}", _REALM
        raise Problem(
            HTTPStatus.UNAUTHORIZED, detail, "unauthorized", headers={"WWW-Authenticate": challenge}
        )

    def limits(self, caller: Caller) -> Limits:
        """Give what work for somebody may spend: the server's caps, and within them the token's of the day.

        A token's is counted by its name, from midnight to midnight UTC, in the cache folder of this machine:
        it holds across restarts.
        """
        if not caller.may_spend:
            return NO_SPENDING
        token = caller.token
        if token is None or token.max_cost is None:
            return self._caps
        day = dt.datetime.now(dt.UTC).date().isoformat()
        run = f"served:{day}:{token.name}"
        return Limits(token.max_cost, sys.maxsize, strict=True, run=run, within=self._caps)

    async def body(self, request: Request) -> bytes:
        """Read a picture or stream that was sent, raw or as the part ``file`` of a form.

        Raises:
            Problem: 400 for an empty body or a broken form, 408 for one that comes too slowly, 413 for one
                that is too large, 415 for one of another type.
        """
        return await bodies.file_of(request)

    async def json(self, request: Request) -> Any:
        """Read JSON that was sent.

        Raises:
            Problem: as ``body``, and 400 for what is no JSON.
        """
        return await bodies.json_of(request)

    def check_pixels(self, data: bytes) -> None:
        """Refuse a picture file before it is decoded; to be called in a thread.

        Raises:
            Problem: 413 for one of too many pixels, 415 for what is no picture.
        """
        pixels.check(data, self.settings.upload_pixels)


def address_of(scope: MutableMapping[str, Any]) -> str:
    """Give the address that a request came from, as the socket says it."""
    client = scope.get("client")
    return str(client[0]) if client else ""
