"""What the endpoints share."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from promptcodec.server.guard import Guard
from promptcodec.server.renders import Renders
from promptcodec.server.searches import Rankings
from promptcodec.server.settings import ServeSettings
from promptcodec.server.shelf import Shelf


@dataclass(slots=True)
class Service:
    """What the endpoints share.

    Attributes:
        settings: what the server was started with.
        shelf: the archive.
        guard: who may do what, and how much.
        renders: pictures drawn on demand.
        rankings: what searches gave.
        exporting: who has an export made or sent.
    """

    settings: ServeSettings
    shelf: Shelf
    guard: Guard
    renders: Renders
    rankings: Rankings = field(default_factory=Rankings)
    exporting: set[str] = field(default_factory=set)


def service_of(request: Request) -> Service:
    """Give what the endpoints share."""
    service: Service = request.app.state.service
    return service
