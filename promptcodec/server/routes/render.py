"""Pictures drawn on demand."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from promptcodec import bitstream
from promptcodec.server.guard import Caller
from promptcodec.server.guard.attempts import network
from promptcodec.server.guard.guard import address_of
from promptcodec.server.problems import Problem
from promptcodec.server.renders import Drawn, Job, Wanted, wanted_of
from promptcodec.server.renders.wanted import key_of
from promptcodec.server.routes.images import shown
from promptcodec.server.service import service_of

REVALIDATED = "private, no-cache"
"""A new version draws another picture under the same address; to ask whether it did costs a millisecond."""
_LONGEST_WAIT = 120.0
_STREAM_BYTES = 1 << 20
_WAIT = re.compile(r"wait\s*=\s*(\d{1,6})", re.IGNORECASE)


async def _render(request: Request) -> Response:
    wanted = wanted_of(request.query_params, service_of(request).settings)
    return await answer(request, await shown_stream(request), wanted)


async def shown_stream(request: Request) -> bytes:
    """Give what may be drawn of the picture of a request: what is private is in no prompt either.

    Raises:
        Problem: there is none.
    """
    return await shown(service_of(request), request.path_params["id"], lambda record, _: record.stream)


async def _decode(request: Request) -> Response:
    service = service_of(request)
    wanted = wanted_of(request.query_params, service.settings)
    data = await service.guard.body(request)
    if len(data) > _STREAM_BYTES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a stream has at most {_STREAM_BYTES} bytes", "size"
        )
    stream = bitstream.write(bitstream.read(data), bare=True)
    return await answer(request, stream, wanted)


async def answer(request: Request, stream: bytes, wanted: Wanted) -> Response:
    """Answer with a picture, with word that it has not changed, or with the job that draws it.

    Args:
        request: whose headers say what is there already, and how long to wait.
        stream: without magic and checksum.
        wanted: what is drawn of it.
    """
    key = key_of(stream, wanted)
    if same(request, key):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_kept_as(key))
    outcome = await outcome_of(request, stream, wanted)
    return await accepted(request, outcome) if isinstance(outcome, Job) else picture(outcome, REVALIDATED)


async def outcome_of(request: Request, stream: bytes, wanted: Wanted) -> Drawn | Job:
    """Give the picture that a request asks for, or where that takes longer the job that draws it.

    Raises:
        Problem: it costs money, and the caller may spend none; it cannot be drawn.
    """
    service, caller = service_of(request), asker(request)
    if service.renders.priced(wanted.generator) and service.renders.needs_drawing(key_of(stream, wanted)):
        caller = service.guard.require(request, "spend")
    return await service.renders.picture(stream, wanted, caller, wait_of(request))


async def accepted(request: Request, job: Job) -> Response:
    """Make the response of a picture that takes longer."""
    headers = {"Location": f"/jobs/{job.key}", "Retry-After": "1", "Cache-Control": "no-store"}
    shown = await service_of(request).renders.state(job.key)
    return JSONResponse({"job": shown}, HTTPStatus.ACCEPTED, headers)


def asker(request: Request) -> Caller:
    """Give who asks for a picture; of those without a token, each network is somebody else."""
    caller = service_of(request).guard.caller(request)
    if caller.name:
        return caller
    digest = hashlib.sha256(network(address_of(request.scope)).encode()).hexdigest()
    return replace(caller, name=f"anybody {digest[:16]}")


def picture(drawn: Drawn, control: str) -> Response:
    """Make the response of a picture; ``control`` says how long it may be kept."""
    headers = {**_kept_as(drawn.key), "Cache-Control": control}
    return Response(drawn.data, media_type=drawn.media_type, headers=headers)


def same(request: Request, key: str) -> bool:
    """Say whether who asks has what is tagged so already."""
    tags = request.headers.get("If-None-Match", "")
    return any(tag.strip().removeprefix("W/") in {f'"{key}"', "*"} for tag in tags.split(","))


def _kept_as(key: str) -> dict[str, str]:
    return {"ETag": f'"{key}"', "Cache-Control": REVALIDATED}


def wait_of(request: Request) -> float:
    """Give the seconds after which who asks is told of a job; see RFC 7240."""
    prefer = request.headers.get("Prefer", "")
    if match := _WAIT.search(prefer):
        return min(float(match[1]), _LONGEST_WAIT)
    return 0.0 if "respond-async" in prefer.lower() else service_of(request).settings.wait


ROUTES = [
    Route("/images/{id}/render", _render, methods=["GET"]),
    Route("/decode", _decode, methods=["POST"]),
]
