"""The endpoints of the loopback servers, as Starlette applications."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from promptcodec.testing.loopback.responses import BrokenResponse
from promptcodec.testing.sdapi import lists
from promptcodec.testing.sdapi.fields import RefusedError, failed
from promptcodec.testing.sdapi.service import Service

Work = Callable[[Request], Awaitable[Response | BrokenResponse]]


def make(service: Service) -> Starlette:
    """Make the application of one server."""
    endpoints: list[tuple[str, str, Work]] = [
        *(("GET", path, _fixed(answer)) for path, answer in lists.answers(service.server).items()),
        *(("POST", f"/sdapi/v1/{name}", _drawing(service)) for name in ("txt2img", "img2img")),
    ]
    if service.server in lists.WEB_UIS:
        endpoints += [
            ("GET", "/sdapi/v1/progress", _progress(service)),
            ("POST", "/sdapi/v1/interrupt", _interrupt(service)),
            ("GET", "/sdapi/v1/options", _options(service)),
        ]
    if service.server == "sdnext":
        endpoints.append(("POST", "/sdapi/v1/control", _drawing(service)))
    if service.server in {"a1111", "forge"}:
        endpoints.append(("GET", "/controlnet/model_list", _controls(service)))
    if service.server == "xinference":
        endpoints.append(("POST", "/sdapi/v1/options", _fixed(None)))
    return Starlette(
        routes=[Route(path, _guarded(service, work), methods=[method]) for method, path, work in endpoints],
        exception_handlers={HTTPException: _missing(service)},
    )


def _guarded(service: Service, work: Work) -> Any:
    """Check the key, and note each request that is no picture; those note more."""

    async def run(request: Request) -> Response | BrokenResponse:
        path = request.url.path
        if not _opens(request.headers.get("authorization", ""), service.key):
            response: Response | BrokenResponse = JSONResponse(
                {"detail": "Incorrect username or password"}, 401
            )
        else:
            response = await work(request)
        if not hasattr(request.state, "noted"):
            service.note(request.method, path, response.status_code)
        return response

    return run


def _opens(sent: str, key: str) -> bool:
    basic = f"Basic {base64.b64encode(key.encode()).decode()}"
    return not key or sent == (basic if ":" in key else f"Bearer {key}")


def _missing(service: Service) -> Any:
    async def run(request: Request, error: HTTPException) -> Response:
        service.note(request.method, request.url.path, error.status_code)
        return JSONResponse({"detail": error.detail}, error.status_code)

    return run


def _fixed(answer: Any) -> Work:
    async def run(_request: Request) -> Response:
        return Response() if answer is None else JSONResponse(answer)

    return run


def _options(service: Service) -> Work:
    async def run(_request: Request) -> Response:
        return JSONResponse(service.options)

    return run


def _controls(service: Service) -> Work:
    async def run(_request: Request) -> Response:
        if not service.has_controlnet:
            return JSONResponse({"detail": "Not Found"}, 404)
        return JSONResponse({"model_list": list(lists.CONTROLS)})

    return run


def _progress(service: Service) -> Work:
    async def run(request: Request) -> Response:
        without = request.query_params.get("skip_current_image", "false") == "true"
        return JSONResponse(service.job.progress(without_image=without))

    return run


def _interrupt(service: Service) -> Work:
    async def run(_request: Request) -> Response:
        service.job.interrupt()
        return Response(status_code=204) if service.server == "sdnext" else JSONResponse({})

    return run


def _drawing(service: Service) -> Work:
    async def run(request: Request) -> Response | BrokenResponse:
        path = request.url.path
        request.state.noted = True
        body: Any = None
        response: Response | BrokenResponse
        try:
            body = json.loads(await request.body())
            reply = await run_in_threadpool(service.answer, path, body)
            response = JSONResponse(reply)
        except (ValueError, RecursionError):
            response = failed(service.server, 500, "Error parsing input.").response
        except RefusedError as error:
            response = error.response
        if service.fault("html"):
            response = HTMLResponse("<html><body>502 Bad Gateway</body></html>", 502)
        if service.fault("disconnect"):
            response = BrokenResponse(b'{"images": ["iVBORw0KGgo' + b"A" * 999)
        service.note(request.method, path, response.status_code, service.seen(path, body))
        return response

    return run
