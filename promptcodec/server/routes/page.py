"""The page, and what a page needs to know of its server."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from promptcodec import __version__
from promptcodec.description.palette import PALETTE
from promptcodec.server.service import service_of

FOLDER = Path(__file__).parent.parent / "page"


class _Files(StaticFiles):
    """Files that browsers keep, and ask about by their ETag: an upgrade shows at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


FILES = _Files(directory=FOLDER)


async def _index(request: Request) -> Response:
    return await FILES.get_response("index.html", request.scope)


async def _about(request: Request) -> Response:
    service = service_of(request)
    settings = service.settings
    may_write = service.guard.caller(request).may_write or (bool(settings.tokens) and not settings.read_only)
    return JSONResponse(
        {
            "version": __version__,
            "generators": [
                {"name": name, "priced": service.renders.priced(name)} for name in settings.generators
            ],
            "captioners": list(settings.captioners),
            "writable": may_write,
            "needs_token": bool(settings.tokens),
            "upload_bytes": settings.upload_bytes,
            "upload_pixels": settings.upload_pixels,
            "palette": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in PALETTE.values()],
            "palette_names": list(PALETTE),
        }
    )


ROUTES: list[Route | Mount] = [
    Route("/", _index, methods=["GET"]),
    Route("/about", _about, methods=["GET"]),
    Mount("/page", FILES),
]
