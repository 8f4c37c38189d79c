"""Pictures that the image API is asked for, drawn by the server's renders."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request

from promptcodec.server.guard import Caller
from promptcodec.server.openai import bodies, drawable, image_streams
from promptcodec.server.openai.drawable import Drawable
from promptcodec.server.openai.image_requests import sides
from promptcodec.server.openai.rules import BadRequestError
from promptcodec.server.problems import Problem
from promptcodec.server.renders import Drawn, Job, wanted_of
from promptcodec.server.routes.render import asker
from promptcodec.server.service import Service, service_of
from promptcodec.vision.load import load_image

WAIT = 600.0
"""Seconds that a client waits, as official ones do; the picture is drawn on for who asks again."""
_SMALLEST = 16


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for.

    Attributes:
        model: a generator.
        prompt: in words, or a description.
        uploads: files of pictures.
        size: width and height; None leaves them open.
        count: pictures.
        form: ``png``, ``jpeg`` or ``webp``.
        by_address: pictures are answered with addresses on this server.
        streamed: the answer is a stream of events.
        interim: pictures before the last one.
    """

    model: str
    prompt: str
    uploads: tuple[bytes, ...]
    size: tuple[int, int] | None
    count: int
    form: str
    by_address: bool
    streamed: bool
    interim: int


def order_of(asked: dict[str, Any], uploads: Sequence[bytes]) -> Order:
    """Read a request that was checked.

    Raises:
        BadRequestError: fields of it do not go together.
    """
    order = Order(
        asked["model"],
        asked["prompt"],
        tuple(uploads),
        sides(asked.get("size", "auto"), "size"),
        asked.get("n", 1),
        asked.get("output_format", "png"),
        asked.get("response_format") == "url",
        asked.get("stream", False),
        asked.get("partial_images", 0),
    )
    if order.streamed and (order.count > 1 or order.by_address):
        words = "A stream has one picture, n=1, and holds it: response_format is b64_json."
        raise BadRequestError(words, "stream", "invalid_value")
    return order


@dataclass(frozen=True, slots=True)
class Painter:
    """Draws what one request asks for.

    Attributes:
        service: what endpoints share.
        order: what is asked for.
        drawn: the stream of it.
        caller: who asks.
        root: the address of the server.
    """

    service: Service
    order: Order
    drawn: Drawable
    caller: Caller
    root: str

    @classmethod
    async def of(cls, request: Request, order: Order) -> Painter:
        """Make the stream of an order.

        Raises:
            BadRequestError: a picture cannot be read, or too many pixels are asked for.
            Problem: who asks may not have it.
        """
        service = service_of(request)
        caller = asker(request)
        if service.renders.priced(order.model):
            caller = service.guard.require(request, "spend")
        asked = await service.renders.heavy(lambda: _drawable(service, order), caller.name)
        side = service.settings.render_side
        if order.count * asked.size[0] * asked.size[1] > side * side:
            words = f"All pictures together have at most {side * side} pixels here: ask for less."
            raise BadRequestError(words, "n", "invalid_value")
        return cls(service, order, asked, caller, str(request.base_url))

    async def answer(self) -> bytes:
        """Give the answer that is no stream, as JSON."""
        kept = await asyncio.gather(*(self._picture(number) for number in range(self.order.count)))
        return await run_in_threadpool(lambda: json.dumps(self._body(kept)).encode())

    async def events(self, name: str) -> AsyncIterator[str]:
        """Give the events of a stream.

        Args:
            name: what they are called.
        """
        common = image_streams.shared(self._body([]))
        # Others draw a smaller picture in the time of a large one, and another one.
        interim = self.order.interim if drawable.draws_sketches(self.order.model) else 0
        for number in range(interim):
            small = await self._picture(0, 2 ** (interim - number))
            yield image_streams.partial(name, common, base64.b64encode(small.data).decode(), number)
        whole = await self._picture(0)
        yield await run_in_threadpool(lambda: image_streams.completed(name, self._body([whole]), interim))

    def _body(self, kept: Sequence[Drawn]) -> dict[str, Any]:
        width, height = self.drawn.size
        shown = [
            {"url": f"{self.root}jobs/{each.key}/picture"}
            if self.order.by_address
            else {"b64_json": base64.b64encode(each.data).decode()}
            for each in kept
        ]
        order = self.order
        return bodies.pictures(
            shown, order.prompt, f"{width}x{height}", (width, height), len(order.uploads), order.form
        )

    async def _picture(self, number: int, smaller: int = 1) -> Drawn:
        """Draw a picture: the first with the stream's own seed, others with their numbers."""
        width, height = (max(side // smaller, _SMALLEST) for side in self.drawn.size)
        query = {"generator": self.order.model, "format": self.order.form, "size": f"{width}x{height}"}
        query |= {"seed": str(number)} if number else {}
        wanted = wanted_of(QueryParams(query), self.service.settings)
        outcome = await self.service.renders.picture(self.drawn.stream, wanted, self.caller, WAIT)
        if isinstance(outcome, Job):
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the picture takes longer; it is drawn on: ask again",
                "timeout",
                headers={"Retry-After": "5"},
            )
        return outcome


def _drawable(service: Service, order: Order) -> Drawable:
    if not order.uploads:
        return drawable.of_words(order.prompt, order.size, order.model)
    for upload in order.uploads:
        service.guard.check_pixels(upload)
    given = [load_image(upload) for upload in order.uploads]
    side = service.settings.render_side
    return drawable.of_pictures(order.prompt, given, order.size or _within(given[0].size, side))


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Give a size that is not longer than ``side``."""
    scale = min(side / max(size), 1.0)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
