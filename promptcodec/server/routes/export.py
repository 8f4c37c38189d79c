"""Pictures taken away as one file, which is sent while it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from promptcodec.archive.record import ID_BYTES
from promptcodec.archive.transfer.formats import STREAMED
from promptcodec.errors import HeldUpError, UsageError
from promptcodec.server import exports
from promptcodec.server.exports import FORMATS, MEDIA_TYPES, Pieces
from promptcodec.server.parameters import check
from promptcodec.server.problems import Problem
from promptcodec.server.routes.images import LONGEST_QUERY
from promptcodec.server.routes.render import asker
from promptcodec.server.service import service_of
from promptcodec.server.shelf import Opened, Shelf, id_of

MOST_IDS = 20_000
MOST = 16
"""Exports that are written and sent, however slowly they are read: they take turns."""

_RETRY = {"Retry-After": "30"}


async def _export(request: Request) -> Response:
    service, name = service_of(request), asker(request).name
    check(request.query_params, ())
    what, form = _order(await service.guard.json(request))
    if request.scope["http_version"] == "1.0" and form in STREAMED:
        raise Problem(
            HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
            f"HTTP/1.0 cannot tell a whole {form} file from one that was cut",
            hint="ask in HTTP/1.1, and have a proxy in between do so, or take the format streams",
        )
    if name in service.exporting:
        raise Problem(429, "another export of yours is not fetched yet", "busy", headers=_RETRY)
    if len(service.exporting) >= MOST:
        raise Problem(503, "too many exports wait; ask again in a while", "busy", headers=_RETRY)
    with ExitStack() as held:
        service.exporting.add(name)
        held.callback(service.exporting.discard, name)
        count, first, rest = await _begun(request, what, form)
        media_type, suffix = MEDIA_TYPES[form]
        headers = {
            "Content-Disposition": f'attachment; filename="pictures{suffix}"',
            "Export-Pictures": str(count),
        }
        content = _following(service.shelf, first, rest)
        return _Sent(held.pop_all(), content, media_type=media_type, headers=headers)


class _Sent(StreamingResponse):
    """An answer that lets go of what it holds when it ends, however that is."""

    def __init__(self, held: ExitStack, content: AsyncIterator[bytes], **given: Any) -> None:
        super().__init__(content, **given)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


async def _begun(request: Request, what: Sequence[bytes] | str, form: str) -> tuple[int, bytes, Pieces]:
    """Begin an export; give how many pictures it is of, its first piece and the others.

    Raises:
        Problem: something is wrong from the start, so that there is no file at all.
    """
    service = service_of(request)

    def work(opened: Opened) -> tuple[int, bytes, Pieces]:
        ids = exports.ids_of(opened, what, service.shelf)
        rest = exports.pieces(ids, form, service.settings)
        next(rest)
        return len(ids) // ID_BYTES, rest.send(opened), rest

    try:
        return await service.shelf.read_long(work)
    except HeldUpError:
        raise
    except UsageError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"query is wrong: {error}") from None


async def _following(shelf: Shelf, piece: bytes | None, rest: Pieces) -> AsyncIterator[bytes]:
    """Give pieces, each made once the one before is sent; in between, other exports have the thread.

    What goes wrong now cuts the connection, so that the reader does not take what it has for the whole file.
    """

    def make(opened: Opened) -> bytes | None:
        try:
            return rest.send(opened)
        except StopIteration:
            return None

    while piece is not None:
        if piece:
            yield piece
        piece = await shelf.read_long(make)


def _order(value: Any) -> tuple[Sequence[bytes] | str, str]:
    """Read what is to be exported: ids or a query, and the form.

    Raises:
        Problem: it says nothing that can be done.
    """
    if not isinstance(value, dict) or not value.keys() <= {"ids", "query", "format"}:
        raise _wrong("the body is no object of ids or query, and format")
    if ("ids" in value) == ("query" in value):
        raise _wrong("either ids or query says what to export")
    form = value.get("format")
    if form not in FORMATS:
        raise _wrong(f"format is none of {', '.join(FORMATS)}")
    if "query" in value:
        query = value["query"]
        if not isinstance(query, str) or len(query) > LONGEST_QUERY:
            raise _wrong(f"query is no text of at most {LONGEST_QUERY} characters")
        return query, form
    names = value["ids"]
    if not isinstance(names, list) or not 0 < len(names) <= MOST_IDS:
        raise _wrong(f"ids is no list of 1 to {MOST_IDS} ids")
    ids = [id_of(name) if isinstance(name, str) else None for name in names]
    if None in ids:
        raise _wrong("ids holds what is no id: 32 digits of 0-9 and a-f")
    return list(dict.fromkeys(filter(None, ids))), form


def _wrong(what: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, what)


ROUTES = [Route("/export", _export, methods=["POST"])]
