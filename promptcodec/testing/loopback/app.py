"""The loopback server's endpoints, as a Starlette application."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from promptcodec.testing.loopback import batches, image_requests, text_requests
from promptcodec.testing.loopback.faults import Fault, choose
from promptcodec.testing.loopback.rules import BadRequestError, fields
from promptcodec.testing.loopback.service import Service

_SLOW = 3.0
_RETRY_AFTER = "1"
MODELS = (text_requests.MODEL, image_requests.MODEL)


class BrokenResponse:
    """A response that promises more bytes than it sends; the server then closes the connection."""

    status_code = 200

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and half of the body."""
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(self.body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


def make(faults: Sequence[Fault], log: Path | None, key: str) -> Starlette:
    """Make the application."""
    service = Service(faults, log, key)

    def endpoint(
        work: Callable[[Service, Request, str], Awaitable[tuple[Response | BrokenResponse, str]]],
    ) -> Any:
        async def run(request: Request) -> Response | BrokenResponse:
            path = request.url.path
            digest = ""
            response: Response | BrokenResponse
            try:
                _check_key(request, service.key)
                response, digest = await work(service, request, path)
            except BadRequestError as error:
                response = _error(error.status, error.message, error.param, error.code)
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
            route("/v1/files", _upload, "POST"),
            route("/v1/files/{id}", _file, "GET"),
            route("/v1/files/{id}/content", _content, "GET"),
            route("/v1/batches", _batch, "POST"),
            route("/v1/batches/{id}", _state, "GET"),
        ]
    )


def _check_key(request: Request, key: str) -> None:
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not sent or (key and sent != key):
        raise BadRequestError(f"Incorrect API key provided: {sent}.", None, "invalid_api_key", 401)


def _error(status: int, message: str, param: str | None, code: str | None, **headers: str) -> Response:
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(status, "invalid_request_error")
    value = {
        "message": message,
        "type": "server_error" if status >= 500 else kind,
        "param": param,
        "code": code,
    }
    return JSONResponse({"error": value}, status, headers)


async def _models(_service: Service, _request: Request, _path: str) -> tuple[Response, str]:
    now = int(time.time())
    listed = [{"id": name, "object": "model", "created": now, "owned_by": "promptcodec"} for name in MODELS]
    return JSONResponse({"object": "list", "data": listed}), ""


async def _read(request: Request) -> tuple[Any, list[bytes], str]:
    """Read a body: its fields, its pictures, and a hash that does not depend on how it was packed."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_part_size=64 << 20) as form:
            values: dict[str, Any] = {}
            uploads = []
            for name, item in form.multi_items():
                if isinstance(item, UploadFile):
                    if name not in {"image", "image[]"}:
                        raise BadRequestError(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
                    uploads.append(await item.read())
                else:
                    values[name] = (
                        int(item) if name in {"n", "output_compression"} and item.isdigit() else item
                    )
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
        for data in uploads:
            digest.update(hashlib.sha256(data).digest())
        return values, uploads, digest.hexdigest()
    data = await request.body()
    try:
        return json.loads(data), [], hashlib.sha256(data).hexdigest()
    except (ValueError, RecursionError):
        raise BadRequestError("We could not parse the JSON body of your request.") from None


async def _model(service: Service, request: Request, path: str) -> tuple[Response | BrokenResponse, str]:
    body, uploads, digest = await _read(request)
    picture = "/images/" in path or (isinstance(body, dict) and "modalities" in body)
    fault = choose(service.faults, picture=picture)
    failed = {
        "429": lambda: _error(
            429,
            "Rate limit reached for requests.",
            None,
            "rate_limit_exceeded",
            **{"retry-after": _RETRY_AFTER},
        ),
        "quota": lambda: _error(429, "You exceeded your current quota.", None, "insufficient_quota"),
        "500": lambda: _error(500, "The server had an error while processing your request.", None, None),
        "badjson": lambda: Response('{"id": "half of an', media_type="application/json"),
        "leak": lambda: _error(
            401, f"Bad header: {request.headers.get('authorization')}", None, "invalid_api_key"
        ),
    }
    if fault in failed:
        return failed[fault](), digest
    if fault == "slow":
        await asyncio.sleep(_SLOW)
    reply = await run_in_threadpool(service.answer, path, body, uploads, fault)
    if fault == "drop":
        return BrokenResponse(json.dumps(reply).encode()), digest
    return JSONResponse(reply), digest


async def _upload(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    async with request.form() as form:
        item, purpose = form.get("file"), form.get("purpose")
        if purpose != "batch" or not isinstance(item, UploadFile):
            raise BadRequestError("A file for the purpose 'batch' is required.", "purpose", "invalid_value")
        data = await item.read()
    return JSONResponse(service.batches.keep(data)), hashlib.sha256(data).hexdigest()


async def _file(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(service.batches.file(request.path_params["id"])), ""


async def _content(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return PlainTextResponse(service.batches.content(request.path_params["id"])), ""


async def _batch(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    body, _, digest = await _read(request)
    fields(body, batches.REQUEST, ("input_file_id", "endpoint", "completion_window"))
    return JSONResponse(service.batches.start(body["input_file_id"], body["endpoint"])), digest


async def _state(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(service.batches.state(request.path_params["id"])), ""
