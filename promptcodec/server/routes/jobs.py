"""Pictures that are waited for: how far they are, and that nobody wants them any more."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from promptcodec.server.problems import Problem
from promptcodec.server.renders.job import CANCELLED, DONE, ENDED, FAILED
from promptcodec.server.routes.render import asker, picture, same
from promptcodec.server.service import service_of

FOR_EVER = "private, max-age=31536000, immutable"
"""Under the name of what it was made of and how, a picture does not change."""
_FRESH = {"Cache-Control": "no-store"}


async def _state(request: Request) -> Response:
    return JSONResponse(await service_of(request).renders.state(_key(request)), headers=_FRESH)


async def _cancel(request: Request) -> Response:
    return JSONResponse(
        await service_of(request).renders.cancel(_key(request), asker(request)), headers=_FRESH
    )


async def _picture(request: Request) -> Response:
    renders, key = service_of(request).renders, _key(request)
    shown = await renders.state(key)
    if shown["state"] == DONE and (drawn := await renders.kept(key)):
        if same(request, key):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": f'"{key}"'})
        return picture(drawn, FOR_EVER)
    if shown["state"] in {FAILED, CANCELLED}:
        error = shown["error"]
        raise Problem(error["status"], error["detail"], error["kind"])
    headers = {"Location": f"/jobs/{key}", "Retry-After": "1", **_FRESH}
    return JSONResponse({"job": shown}, HTTPStatus.ACCEPTED, headers)


async def _events(request: Request) -> Response:
    renders, key = service_of(request).renders, _key(request)
    await renders.state(key)  # what nobody knows of is a problem, not a stream of events

    async def lines() -> AsyncIterator[str]:
        async for shown in renders.watch(key):
            yield _event(shown) if shown else ": still there\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers=_FRESH)


def _event(shown: dict[str, Any]) -> str:
    name = shown["state"] if shown["state"] in ENDED else "progress"
    return f"event: {name}\ndata: {json.dumps(shown)}\n\n"


def _key(request: Request) -> str:
    key: str = request.path_params["key"]
    return key


ROUTES = [
    Route("/jobs/{key}", _state, methods=["GET"]),
    Route("/jobs/{key}", _cancel, methods=["DELETE"]),
    Route("/jobs/{key}/events", _events, methods=["GET"]),
    Route("/jobs/{key}/picture", _picture, methods=["GET"]),
]
