"""Pictures: lists of them, and what each says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from promptcodec.archive.indexing import documents
from promptcodec.archive.indexing.index import dictionaries_of
from promptcodec.archive.record import Record
from promptcodec.archive.store import Archive
from promptcodec.archive.transfer.streams import standing_alone
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, HeldUpError, UsageError
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers.parts import payloads_of
from promptcodec.reading import open_stream
from promptcodec.recipe.write import WRITERS, Export, export
from promptcodec.server import searches
from promptcodec.server.parameters import check, one_of, whole, wrong
from promptcodec.server.problems import Problem
from promptcodec.server.public import PARENT, image_of, parent_of, public
from promptcodec.server.searches import Page, Search
from promptcodec.server.service import Service, service_of
from promptcodec.server.shelf import Opened, absent, id_of

Value = TypeVar("Value")
MOST_LISTED, LISTED = 200, 50
MOST_NOTICES, LONGEST_NOTICES = 20, 2000
LONGEST_QUERY = 1000
MOST_EDITS = 200
LAST = 10**9
_PLAIN = "text/plain; charset=utf-8"


async def _list(request: Request) -> Response:
    service, query = service_of(request), request.query_params
    check(query, ("query", "like", "start", "limit"))
    start = whole(query, "start", 0, LAST) or 0
    limit = whole(query, "limit", 1, MOST_LISTED) or LISTED
    search = search_of(query.get("query", ""), query.get("like"))

    def work(opened: Opened) -> Page:
        snapshot = service.shelf.snapshot_of(opened)
        if search is None:
            return searches.every(opened, snapshot, start, limit)
        try:
            ranking = service.rankings.of(opened, snapshot, search)
        except HeldUpError:
            raise
        except UsageError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, f"the parameter query is wrong: {error}") from None
        with_private = service.settings.with_private
        return searches.matching(opened, snapshot, ranking, start, limit, with_private=with_private)

    return JSONResponse((await service.shelf.read(work)).as_object())


def search_of(text: str, like: str | None = None) -> Search | None:
    """Read what is searched for; None where nothing is.

    Raises:
        Problem: a parameter is wrong.
    """
    if len(text) > LONGEST_QUERY:
        raise wrong("query", text, f"at most {LONGEST_QUERY} characters")
    other = None
    if like is not None and (other := id_of(like)) is None:
        raise wrong("like", like, "the id of a picture")
    return Search(text, other) if text.strip() or other else None


async def _one(request: Request) -> Response:
    check(request.query_params, ())
    return JSONResponse(await image(service_of(request), request.path_params["id"]))


async def image(service: Service, name: str) -> dict[str, Any]:
    """Make the object of the picture of an id in hexadecimal digits.

    Raises:
        Problem: there is none.
    """
    if id_of(name) is None:
        raise absent()
    edits = await service.shelf.read(lambda opened: _edits(opened, name))
    return await shown(service, name, lambda record, known: image_of(record, known, edits))


async def shown(service: Service, name: str, show: Callable[[Record, Sequence[Dictionary]], Value]) -> Value:
    """Show something of the record of an id, in a thread.

    Args:
        service: of the server.
        name: hexadecimal digits.
        show: is given the record without what is private, and the dictionaries of the archive.

    Raises:
        Problem: there is none.
    """
    id_ = id_of(name)

    def work(archive: Archive) -> Value:
        record = archive.get(id_) if id_ else None
        if record is None:
            raise absent()
        dictionaries = dictionaries_of(archive)
        return show(public(record, dictionaries, service.settings), dictionaries)

    return await service.shelf.read_archive(work)


def _edits(opened: Opened, name: str) -> list[bytes]:
    """Give the ids of pictures that were edited from one, the earliest first."""
    asked = f"{{tag}} : {documents.quoted(PARENT + name)}"
    rows = opened.index.base.execute(
        "SELECT id FROM said JOIN doc ON doc.doc = said.rowid WHERE said MATCH ? ORDER BY doc.doc LIMIT ?",
        (asked, MOST_EDITS),
    ).fetchall()
    edits = []
    for (id_,) in rows:
        with suppress(BitstreamError):
            # Words are searched by their stems, so what has the very tag is looked for among them.
            if (other := opened.archive.get(id_)) and parent_of(other) == name:
                edits.append(id_)
    return edits


async def _stream(request: Request) -> Response:
    check(request.query_params, ())
    name = request.path_params["id"]
    data = await shown(service_of(request), name, lambda record, _: standing_alone(record.stream))
    return Response(data, media_type="image/vnd.promptcodec")


async def _description(request: Request) -> Response:
    check(request.query_params, ("format",))
    form = one_of(request.query_params, "format", ("text", "json"))
    image = await shown(service_of(request), request.path_params["id"], image_of)
    if image["text"] is None:
        raise _has_no("description")
    if form == "json":
        return JSONResponse(image["description"])
    return Response(image["text"], media_type=_PLAIN)


async def _recipe(request: Request) -> Response:
    check(request.query_params, ("format",))
    form = one_of(request.query_params, "format", tuple(WRITERS))

    def write(record: Record, dictionaries: Sequence[Dictionary]) -> Export:
        payload = payloads_of(open_stream(record.stream, bare=True)).get("recipe")
        if payload is None:
            raise _has_no("recipe")
        return export(recipe_layer.decode(payload, dictionaries=dictionaries), form)

    exported = await shown(service_of(request), request.path_params["id"], write)
    media_type = "application/json" if _is_json(exported.text) else _PLAIN
    return Response(exported.text, media_type=media_type, headers={"Recipe-Notices": notices_of(exported)})


def notices_of(exported: Export) -> str:
    """Write what a form cannot say as the recipe does: JSON in ASCII, no longer than a header may be."""
    notices = list(exported.notices[:MOST_NOTICES])
    while len(json.dumps(notices)) > LONGEST_NOTICES:
        notices.pop()
    return json.dumps(notices)


def _is_json(text: str) -> bool:
    with suppress(ValueError):
        value: Any = json.loads(text)
        return isinstance(value, dict)
    return False


def _has_no(what: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"the picture has no {what}", "missing")


ROUTES = [
    Route("/images", _list, methods=["GET"]),
    Route("/images/{id}", _one, methods=["GET"]),
    Route("/images/{id}/stream", _stream, methods=["GET"]),
    Route("/images/{id}/description", _description, methods=["GET"]),
    Route("/images/{id}/recipe", _recipe, methods=["GET"]),
]
