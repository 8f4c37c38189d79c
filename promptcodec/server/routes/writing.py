"""Pictures put into the archive: sent ones, and what becomes of them by edits."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from promptcodec import bitstream, edit, reading
from promptcodec.api.spending import limited
from promptcodec.archive.adding import content
from promptcodec.archive.adding.content import STREAM, Content
from promptcodec.archive.indexing.index import dictionaries_of
from promptcodec.archive.record import Place, Record, id_of
from promptcodec.archive.transfer.streams import standing_alone
from promptcodec.edit import Edited
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.server import encode_options, names, parameters
from promptcodec.server.edit_orders import order_of
from promptcodec.server.problems import Problem, texts
from promptcodec.server.public import PARENT, public
from promptcodec.server.routes.images import image
from promptcodec.server.routes.render import asker
from promptcodec.server.service import Service, service_of
from promptcodec.server.settings import ServeSettings
from promptcodec.settings import EncodeSettings

MOST_TAGS, LONGEST_TAG = 16, 100


async def _add(request: Request) -> Response:
    service = service_of(request)
    caller = service.guard.require(request, "write")
    parameters.check(request.query_params, (*encode_options.NAMES, "name"), several=("tag",))
    settings = encode_options.settings_of(request.query_params, service.settings)
    tags = _tags(request.query_params.getlist("tag"))
    limits = await encode_options.encode_limits(request, settings)
    data = await service.guard.body(request)
    name = names.harmless(request.query_params.get("name", ""), "picture")
    there, dictionaries = await _there(service, id_of(data))

    def work() -> Content:
        if there:
            return Content(id_of(data), len(data))
        is_stream = content.is_stream(data, name)
        if not is_stream:
            service.guard.check_pixels(data)
        with limited(limits):
            coded = content.coded(data, name, settings, lambda: dictionaries)
        assert coded.stream is not None
        if not is_stream:
            # Encoded as ``/encode`` does it, so that what was tried is what is kept.
            coded = replace(coded, stream=bitstream.write(bitstream.read(coded.stream), bare=True))
        _check_shown(coded, dictionaries, service.settings)
        return coded

    kept = await service.renders.heavy(work, caller.name)
    await service.shelf.put(kept, name, tags)
    return await _kept(service, kept.id, {"warnings": texts(kept.warnings)}, new=not there)


def _check_shown(new: Content, dictionaries: Sequence[Dictionary], settings: ServeSettings) -> None:
    """Refuse what nobody could be shown; raises as ``public``."""
    assert new.stream is not None
    public(Record(new.id, new.stream, (Place("", "", 0),)), dictionaries, settings)


async def _there(service: Service, id_: bytes) -> tuple[bool, Sequence[Dictionary]]:
    """Say whether the archive has a picture, and give its dictionaries."""
    return await service.shelf.read_archive(
        lambda archive: (bool(archive.has([id_])), dictionaries_of(archive))
    )


async def _kept(service: Service, id_: bytes, beside: dict[str, Any], *, new: bool) -> Response:
    """Make the answer of a picture that is in the archive now."""
    status = HTTPStatus.CREATED if new else HTTPStatus.OK
    body = {"image": await image(service, id_.hex()), **beside}
    return JSONResponse(body, status, headers={"Location": f"/images/{id_.hex()}"})


def _tags(given: Sequence[str]) -> tuple[str, ...]:
    """Give the tags of a query.

    Raises:
        Problem: they are too many or too long, or say what only an edit may say.
    """
    tags = tuple(dict.fromkeys(" ".join(tag.split()) for tag in given))
    fit = all(
        tag.isprintable() and 0 < len(tag) <= LONGEST_TAG and not tag.startswith(PARENT) for tag in tags
    )
    if not fit or len(tags) > MOST_TAGS:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"tags are at most {MOST_TAGS}, each of 1 to {LONGEST_TAG} printable characters; {PARENT} is for "
            "edited pictures",
        )
    return tags


async def _edit(request: Request) -> Response:
    service = service_of(request)
    parameters.check(request.query_params, ())
    order = order_of(await service.guard.json(request))
    if order.keep:
        service.guard.require(request, "write")
    record = await service.shelf.record(request.path_params["id"])
    dictionaries = await service.shelf.read_archive(dictionaries_of)

    def work() -> tuple[Edited, dict[str, Any], Content]:
        # Who only tries learns nothing about an owner: not even whether words are there to be replaced.
        shown = record if order.keep else public(record, dictionaries, service.settings)
        edited = edit.apply(standing_alone(shown.stream), order.edits, dictionaries=dictionaries)
        inspected = reading.inspect(edited.data, dictionaries=dictionaries)
        kept = content.coded(edited.data, STREAM, EncodeSettings(bare=True), lambda: dictionaries)
        return edited, inspected, kept

    edited, inspected, kept = await service.renders.heavy(work, asker(request).name)
    body: dict[str, Any] = {
        "changed": list(edited.changed),
        "warnings": texts(edited.warnings),
        "builtin_shows": edited.builtin_shows,
    }
    if not order.keep:
        stream = base64.b64encode(edited.data).decode()
        return JSONResponse({**body, "stream": stream, "inspected": inspected})
    if not edited.changed:
        return await _kept(service, record.id, body, new=False)
    there, _ = await _there(service, kept.id)
    own = [tag for tag in record.tags if not tag.startswith(PARENT)]
    await service.shelf.put(kept, names.edited(record.name), (*own, PARENT + record.id.hex()))
    return await _kept(service, kept.id, body, new=not there)


ROUTES = [
    Route("/images", _add, methods=["POST"]),
    Route("/images/{id}", _edit, methods=["PATCH"]),
]
