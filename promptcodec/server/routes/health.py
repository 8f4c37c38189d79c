"""Whether the server is well, for those who watch over it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from promptcodec import __version__
from promptcodec.errors import PromptcodecError
from promptcodec.server.problems import Problem
from promptcodec.server.service import service_of


async def _health(request: Request) -> Response:
    service = service_of(request)
    try:
        await service.shelf.read_archive(lambda archive: archive.newest())
        readable = True
    except (Problem, PromptcodecError):
        readable = False
    waiting, running = service.renders.counts()
    body: dict[str, Any] = {
        "status": "ok" if readable else "failing",
        "version": __version__,
        "archive": {"readable": readable},
        "queue": {"waiting": waiting, "running": running},
        "cache": {"bytes": service.renders.kept_bytes, "limit": service.settings.cache_bytes},
    }
    status = HTTPStatus.OK if readable else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})


ROUTES = [Route("/healthz", _health, methods=["GET"])]
