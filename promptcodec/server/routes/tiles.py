"""Small pictures of a gallery: many in one answer, each as soon as it is there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from promptcodec.archive.record import ID_BYTES
from promptcodec.archive.store import Archive
from promptcodec.errors import BitstreamError
from promptcodec.server import parameters
from promptcodec.server.problems import Problem
from promptcodec.server.routes.render import asker
from promptcodec.server.service import service_of

MOST = 96
SIDE, SIDES = 160, (16, 512)
_ID = re.compile(f"[0-9a-f]{{{2 * ID_BYTES}}}")


async def _tiles(request: Request) -> Response:
    query, service = request.query_params, service_of(request)
    parameters.check(query, ("ids", "side"))
    names = list(dict.fromkeys(query.get("ids", "").split(",")))
    side = parameters.whole(query, "side", *SIDES) or SIDE
    if len(names) > MOST or not all(map(_ID.fullmatch, names)):
        raise Problem(400, f"ids are 1 to {MOST} ids of pictures with commas between them")
    ids = [bytes.fromhex(name) for name in names]

    def stream(archive: Archive, id_: bytes) -> bytes:
        with suppress(BitstreamError):  # a damaged one cannot be drawn; the others can
            if record := archive.get(id_):
                return record.stream
        return b""

    some = await service.shelf.read_archive(lambda archive: [(id_, stream(archive, id_)) for id_ in ids])

    async def frames() -> AsyncIterator[bytes]:
        async for id_, data in service.renders.tiles(some, side, asker(request)):
            yield id_ + len(data).to_bytes(4, "big") + data

    return StreamingResponse(
        frames(), media_type="application/octet-stream", headers={"Cache-Control": "no-store"}
    )


ROUTES = [Route("/tiles", _tiles, methods=["GET"])]
