"""The endpoints of files and batches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from promptcodec.server.openai.rules import BadRequestError, fields
from promptcodec.testing.loopback import batches
from promptcodec.testing.loopback.faults import choose_of
from promptcodec.testing.loopback.responses import BrokenResponse, server_failed, too_many
from promptcodec.testing.loopback.service import Service

Reply = tuple[Response | BrokenResponse, str]
Work = Callable[[Service, Request, str], Awaitable[tuple[Response, str]]]


def _failing(work: Work, name: str = "call") -> Callable[[Service, Request, str], Awaitable[Reply]]:
    """Make an endpoint that faults hit: before it does anything, or after."""

    async def run(service: Service, request: Request, path: str) -> Reply:
        fault = choose_of(service.faults, {"call-429", "call-500"})
        if fault:
            async for _ in request.stream():  # a client that is still sending would see no answer
                pass
            return (too_many() if fault == "call-429" else server_failed()), ""
        response, digest = await work(service, request, path)
        fault = choose_of(
            service.faults, {"call-drop", f"{name}-drop", "create-500" if name == "create" else ""}
        )
        if fault == "create-500":
            return server_failed(), digest
        return (BrokenResponse(bytes(response.body)) if fault else response), digest

    return run


async def _upload(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    async with request.form() as form:
        item, purpose = form.get("file"), form.get("purpose")
        if purpose != "batch" or not isinstance(item, UploadFile):
            raise BadRequestError("A file for the purpose 'batch' is required.", "purpose", "invalid_value")
        if not (item.filename or "").endswith(".jsonl"):
            raise BadRequestError("Invalid file format for Batch API. Must be .jsonl", "file", None)
        data = await item.read(service.most_bytes + 1)
    if len(data) > service.most_bytes:
        words = f"File is too large: a batch has at most {service.most_bytes} bytes."
        raise BadRequestError(words, "file", "file_too_large")
    digest = await run_in_threadpool(lambda: hashlib.sha256(data).hexdigest())
    return JSONResponse(service.files.keep(data, item.filename or "", "batch")), digest


async def _files(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(service.files.page(request.query_params)), ""


async def _file(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(service.files.show(request.path_params["id"])), ""


async def _delete(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(service.files.delete(request.path_params["id"])), ""


async def _content(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    data = service.files.content(request.path_params["id"])
    return Response(data, media_type="application/octet-stream"), ""


async def _create(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    data = await request.body()
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise BadRequestError("We could not parse the JSON body of your request.") from None
    fields(body, batches.REQUEST, ("input_file_id", "endpoint", "completion_window"))
    return JSONResponse(service.batches.create(body)), hashlib.sha256(data).hexdigest()


async def _batches(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(service.batches.page(request.query_params)), ""


async def _state(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(service.batches.state(request.path_params["id"])), ""


async def _cancel(service: Service, request: Request, _path: str) -> tuple[Response, str]:
    return JSONResponse(service.batches.cancel(request.path_params["id"])), ""


ROUTES = (
    ("/v1/files", _failing(_upload, "upload"), "POST"),
    ("/v1/files", _failing(_files), "GET"),
    ("/v1/files/{id}", _failing(_file), "GET"),
    ("/v1/files/{id}", _failing(_delete), "DELETE"),
    ("/v1/files/{id}/content", _failing(_content), "GET"),
    ("/v1/batches", _failing(_create, "create"), "POST"),
    ("/v1/batches", _failing(_batches), "GET"),
    ("/v1/batches/{id}", _failing(_state), "GET"),
    ("/v1/batches/{id}/cancel", _failing(_cancel), "POST"),
)
