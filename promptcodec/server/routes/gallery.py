"""All pictures at once: their colours, a few bytes each."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from promptcodec.server.gallery import ROW_BYTES, Snapshot
from promptcodec.server.parameters import check, whole
from promptcodec.server.routes.render import same
from promptcodec.server.service import service_of
from promptcodec.server.shelf import Opened

BLOCK = 10_000
"""Pictures of an answer where the request does not say how many, and at most."""

LAST = 10**9


async def _gallery(request: Request) -> Response:
    shelf, query = service_of(request).shelf, request.query_params
    check(query, ("start", "count"))
    start = whole(query, "start", 0, LAST) or 0
    count = whole(query, "count", 1, BLOCK) or BLOCK

    def work(opened: Opened) -> tuple[Snapshot, bytes, str]:
        snapshot = shelf.snapshot_of(opened)
        rows = snapshot.rows[start : start + count].tobytes()
        digest = hashlib.blake2b(rows, digest_size=12, key=b"%d" % len(snapshot)).hexdigest()
        return snapshot, rows, digest

    snapshot, rows, tag = await shelf.read(work)
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": "no-cache",  # the page asks whether it is still so
        "Gallery-Total": str(len(snapshot)),
        "Gallery-Row-Bytes": str(ROW_BYTES),
    }
    if same(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(rows, media_type="application/octet-stream", headers=headers)


ROUTES = [Route("/gallery", _gallery, methods=["GET"])]
