"""The document of the API."""

from __future__ import annotations

import functools
import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@functools.cache
def _data() -> bytes:
    from promptcodec.server.openapi import document  # noqa: PLC0415 - it names what the routes take

    return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()


async def _document(_request: Request) -> Response:
    return Response(_data(), media_type="application/json")


ROUTES = [Route("/openapi.json", _document, methods=["GET"])]
