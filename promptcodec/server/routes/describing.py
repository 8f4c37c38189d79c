"""What a picture becomes, and whether it is what was written: nothing is kept."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from promptcodec import decoding, describing, encoding, reading
from promptcodec.api.spending import limited
from promptcodec.archive.indexing.index import dictionaries_of
from promptcodec.archive.record import Record
from promptcodec.archive.transfer.streams import standing_alone
from promptcodec.description import format_text, to_json
from promptcodec.server import encode_options, parameters
from promptcodec.server.parameters import Query
from promptcodec.server.problems import texts
from promptcodec.server.public import public
from promptcodec.server.renders import Job, wanted_of
from promptcodec.server.routes.render import accepted, asker, outcome_of, shown_stream
from promptcodec.server.service import service_of


async def _encode(request: Request) -> Response:
    service = service_of(request)
    parameters.check(request.query_params, encode_options.NAMES)
    settings = encode_options.settings_of(request.query_params, service.settings)
    limits = await encode_options.encode_limits(request, settings)
    data = await service.guard.body(request)

    def work() -> dict[str, Any]:
        service.guard.check_pixels(data)
        with limited(limits):
            encoded = encoding.encode_full(data, settings)
        return {
            **reading.inspect(encoded.data),
            "stream": base64.b64encode(encoded.data).decode(),
            "unread": encoded.unread,
            "warnings": texts(encoded.warnings),
        }

    return JSONResponse(await service.renders.heavy(work, asker(request).name))


async def _describe(request: Request) -> Response:
    service, query = service_of(request), request.query_params
    parameters.check(query, ("captioner", "format", "grid"))
    captioner = encode_options.captioner_of(query, service.settings)
    form, grid = parameters.one_of(query, "format", ("text", "json")), _grid(query)
    limits = await encode_options.limits_of(request, captioner)
    data = await service.guard.body(request)

    def work() -> Response:
        service.guard.check_pixels(data)
        with limited(limits):
            description = describing.describe_full(data, captioner, grid).description
        if form == "text":
            return PlainTextResponse(format_text(description))
        return JSONResponse(to_json(description))

    return await service.renders.heavy(work, asker(request).name)


def _grid(query: Query) -> tuple[int, int] | None:
    """Give rows and columns of a query, 1 to 8 each; None where it names none."""
    value = query.get("grid")
    if value is None:
        return None
    sides = re.fullmatch("([1-8])x([1-8])", value)
    if sides is None:
        raise parameters.wrong("grid", value, "ROWSxCOLUMNS, 1 to 8 each")
    return int(sides[1]), int(sides[2])


async def _check_sent(request: Request) -> Response:
    service = service_of(request)
    parameters.check(request.query_params, ())
    record = await service.shelf.record(request.path_params["id"])
    data = await service.guard.body(request)
    return await _checked(request, record, data)


async def _check_drawn(request: Request) -> Response:
    service = service_of(request)
    wanted = replace(wanted_of(request.query_params, service.settings), format="png")
    record = await service.shelf.record(request.path_params["id"])
    outcome = await outcome_of(request, await shown_stream(request), wanted)
    if isinstance(outcome, Job):
        return await accepted(request, outcome)
    return await _checked(request, record, outcome.data)


async def _checked(request: Request, record: Record, picture: bytes) -> Response:
    """Give the report of a picture that ought to be what a record says."""
    service = service_of(request)
    dictionaries = await service.shelf.read_archive(dictionaries_of)

    def work() -> dict[str, Any]:
        service.guard.check_pixels(picture)
        # A report repeats what the stream says.
        stream = standing_alone(public(record, dictionaries, service.settings).stream)
        report = decoding.check(stream, picture, dictionaries=dictionaries)
        return {**report.to_json(), "warnings": texts(report.warnings)}

    return JSONResponse(await service.renders.heavy(work, asker(request).name))


ROUTES = [
    Route("/encode", _encode, methods=["POST"]),
    Route("/describe", _describe, methods=["POST"]),
    Route("/images/{id}/check", _check_drawn, methods=["GET"]),
    Route("/images/{id}/check", _check_sent, methods=["POST"]),
]
