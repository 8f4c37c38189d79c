"""The loopback server's endpoints, as a Starlette application."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from promptcodec.server.openai import bodies, errors, reading
from promptcodec.server.openai.rules import BadRequestError
from promptcodec.testing.loopback import batch_routes, image_requests, image_streams, responses, text_requests
from promptcodec.testing.loopback.faults import Fault, choose
from promptcodec.testing.loopback.limits import MOST_BYTES, MOST_LINES
from promptcodec.testing.loopback.service import Service

_SLOW = 3.0
MODELS = (text_requests.MODEL, image_requests.MODEL)


def make(
    faults: Sequence[Fault],
    log: Path | None,
    key: str,
    most_lines: int = MOST_LINES,
    most_bytes: int = MOST_BYTES,
) -> Starlette:
    """Make the application; the last two are the limits of a batch."""
    service = Service(faults, log, key, most_lines, most_bytes)

    @contextlib.asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        service.batches.stop()

    def endpoint(
        work: Callable[[Service, Request, str], Awaitable[tuple[Response | responses.BrokenResponse, str]]],
    ) -> Any:
        async def run(request: Request) -> Response | responses.BrokenResponse:
            path = request.url.path
            digest = ""
            response: Response | responses.BrokenResponse
            try:
                _check_key(request, service.key)
                response, digest = await work(service, request, path)
            except BadRequestError as error:
                response = errors.of(error)
            service.note(request.method, path, response.status_code, digest)
            return response

        return run

    def route(path: str, work: Any, *methods: str) -> Route:
        return Route(path, endpoint(work), methods=list(methods))

    return Starlette(
        routes=[
            route("/v1/models", _models, "GET"),
            route("/v1/chat/completions", _model, "POST"),
            route("/v1/responses", _model, "POST"),
            route("/v1/images/generations", _model, "POST"),
            route("/v1/images/edits", _model, "POST"),
            *(route(*each) for each in batch_routes.ROUTES),
        ],
        lifespan=life,
    )


def _check_key(request: Request, key: str) -> None:
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not sent or (key and sent != key):
        raise BadRequestError(f"Incorrect API key provided: {sent}.", None, "invalid_api_key", 401)


async def _models(_service: Service, _request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(bodies.models(MODELS)), ""


async def _read(request: Request) -> tuple[Any, list[bytes], str]:
    """Read a body: its fields, its pictures, and a hash that does not depend on how it was packed."""
    kind, data = request.headers.get("content-type", ""), await request.body()
    values, uploads = await reading.read(kind, data)
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode() if reading.is_form(kind) else data)
    for upload in uploads:
        digest.update(hashlib.sha256(upload).digest())
    return values, uploads, digest.hexdigest()


async def _model(
    service: Service, request: Request, path: str
) -> tuple[Response | responses.BrokenResponse, str]:
    body, uploads, digest = await _read(request)
    picture = "/images/" in path or (isinstance(body, dict) and "modalities" in body)
    streamed = "/images/" in path and isinstance(body, dict) and body.get("stream") is True
    fault = choose(service.faults, picture=picture, streamed=streamed)
    failed: dict[str, Callable[[], Response]] = {
        "429": responses.too_many,
        "quota": lambda: errors.error(429, "You exceeded your current quota.", None, "insufficient_quota"),
        "500": responses.server_failed,
        "badjson": lambda: Response('{"id": "half of an', media_type="application/json"),
        "leak": lambda: errors.error(
            401, f"Bad header: {request.headers.get('authorization')}", None, "invalid_api_key"
        ),
    }
    if fault in failed:
        return failed[fault](), digest
    if fault == "slow":
        await asyncio.sleep(_SLOW)
    reply = await run_in_threadpool(service.answer, path, body, uploads, fault)
    if fault == "drop":
        return responses.BrokenResponse(json.dumps(reply).encode()), digest
    if streamed:
        return image_streams.response(path, reply, body.get("partial_images", 0), fault), digest
    return JSONResponse(reply), digest
