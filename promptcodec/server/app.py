"""The application: routes, errors, and what starts and ends with it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from promptcodec.errors import PromptcodecError
from promptcodec.server import problems
from promptcodec.server.guard import Gate, Guard
from promptcodec.server.problems import Problem
from promptcodec.server.renders import Renders
from promptcodec.server.routes import ROUTES
from promptcodec.server.service import Service
from promptcodec.server.settings import ServeSettings
from promptcodec.server.shelf import Shelf


def make(settings: ServeSettings) -> Starlette:
    """Make the application."""
    guard = Guard(settings)

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        shelf = Shelf(settings.archive)
        renders = Renders(settings, guard.limits)
        await renders.start(guard.named)
        app.state.service = Service(settings, shelf, guard, renders)
        try:
            yield
        finally:
            await renders.close()
            renders.end()
            shelf.close()

    return Starlette(
        routes=ROUTES,
        middleware=[Middleware(Gate, guard=guard)],
        lifespan=life,
        exception_handlers={
            Problem: _problem,
            PromptcodecError: _error,
            HTTPException: _http,
        },
    )


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problems.response(error, request.url.path)


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PromptcodecError)
    return problems.response(problems.of(error), request.url.path)


def _methods(request: Request) -> set[str]:
    """Give the methods that an address takes: several routes may share it."""
    matching = (route for route in ROUTES if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in matching if isinstance(route, Route) for method in route.methods or ()}


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers, detail, kind = dict(error.headers or {}), error.detail, "usage"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
        detail = f"this address takes {headers['Allow']}"
    elif error.status_code == HTTPStatus.NOT_FOUND:
        detail, kind = "there is nothing at this address; /openapi.json says what there is", "missing"
    return problems.response(Problem(error.status_code, detail, kind, headers=headers), request.url.path)
