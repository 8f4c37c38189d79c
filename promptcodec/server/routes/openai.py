"""OpenAI's API: generators and captioners of this server as its models."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from promptcodec import describing
from promptcodec.api.spending import limited
from promptcodec.description import Description, format_text, to_json
from promptcodec.errors import PromptcodecError
from promptcodec.server import encode_options, problems
from promptcodec.server.openai import bodies, errors, face_requests, image_streams, questions, reading
from promptcodec.server.openai.describing import describe, wants_description
from promptcodec.server.openai.drawings import Order, Painter, order_of
from promptcodec.server.openai.rules import BadRequestError
from promptcodec.server.problems import Problem
from promptcodec.server.routes.render import asker
from promptcodec.server.service import Service, service_of

Work = Callable[[Request], Awaitable[Response]]


def _endpoint(work: Work) -> Work:
    """Make an endpoint that refuses as the API does."""

    async def run(request: Request) -> Response:
        try:
            return await work(request)
        except BadRequestError as error:
            return errors.of(error)

    return run


def _names(service: Service) -> list[str]:
    return list(dict.fromkeys((*service.settings.generators, *service.settings.captioners)))


async def _models(request: Request) -> Response:
    return JSONResponse(bodies.models(_names(service_of(request))))


async def _model(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _names(service_of(request)):
        raise BadRequestError(f"The model '{name}' does not exist.", "model", "model_not_found", 404)
    return JSONResponse(bodies.models([name])["data"][0])


async def _read(request: Request) -> tuple[Any, list[bytes]]:
    return await reading.read(request.headers.get("content-type", ""), await request.body())


async def _generate(request: Request) -> Response:
    settings = service_of(request).settings
    body, _ = await _read(request)
    rules = face_requests.generation(settings.generators, settings.render_side)
    return await _drawn(request, order_of(face_requests.checked(body, rules, ("model", "prompt")), ()))


async def _edit(request: Request) -> Response:
    settings = service_of(request).settings
    body, uploads = await _read(request)
    rules = face_requests.edit(settings.generators, settings.render_side)
    asked = face_requests.checked(body, rules, ("model", "prompt"))
    if not uploads:
        raise BadRequestError("Missing required parameter: 'image'.", "image", "missing_required_parameter")
    return await _drawn(request, order_of(asked, uploads))


async def _drawn(request: Request, order: Order) -> Response:
    """Answer with pictures, or with a stream of them."""
    painter = await Painter.of(request, order)
    if order.streamed:
        name = image_streams.name_of(request.url.path)
        return image_streams.sent(await _begun(painter.events(name)))
    return Response(await painter.answer(), media_type="application/json")


async def _begun(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """Wait for the first event: until then what goes wrong is an error of its own."""
    first = await anext(events)

    async def each() -> AsyncIterator[str]:
        yield first
        try:
            async for event in events:
                yield event
        except (Problem, PromptcodecError) as error:
            problem = error if isinstance(error, Problem) else problems.of(error)
            yield image_streams.failed(
                {"type": "server_error", "code": problem.kind, "message": problem.detail}
            )

    return each()


async def _chat(request: Request) -> Response:
    service = service_of(request)
    body, _ = await _read(request)
    rules = face_requests.chat(service.settings.captioners)
    # Pictures in it are decoded, which takes its time.
    asked = await run_in_threadpool(face_requests.checked, body, rules, ("model", "messages"))
    form = asked.get("response_format", {}).get("type", "text")
    question = await run_in_threadpool(questions.read_chat, asked)
    if form == "json_schema" and not wants_description(question.schema):
        raise BadRequestError(
            "This model describes pictures: the schema is promptcodec.description.SCHEMA.",
            "response_format",
            "invalid_json_schema",
        )
    name: str = asked["model"]
    limits = await encode_options.limits_of(request, name)

    def caption(image: bytes, grid: tuple[int, int] | None) -> Description:
        service.guard.check_pixels(image)
        with limited(limits):
            return describing.describe(image, captioner=name, grid=grid)

    description = await service.renders.heavy(lambda: describe(question, caption), asker(request).name)
    content = format_text(description) if form == "text" else json.dumps(to_json(description))
    answer = bodies.chat(name, content, question)
    if not asked.get("stream"):
        return JSONResponse(answer)
    with_usage = bool(asked.get("stream_options", {}).get("include_usage"))

    async def lines() -> AsyncIterator[str]:
        for chunk in bodies.chat_chunks(answer, with_usage=with_usage):
            yield f"data: {json.dumps(chunk)}\n\n"
        yield "data: [DONE]\n\n"

    return image_streams.sent(lines())


ROUTES = [
    Route("/v1/models", _endpoint(_models), methods=["GET"]),
    Route("/v1/models/{name}", _endpoint(_model), methods=["GET"]),
    Route("/v1/images/generations", _endpoint(_generate), methods=["POST"]),
    Route("/v1/images/edits", _endpoint(_edit), methods=["POST"]),
    Route("/v1/chat/completions", _endpoint(_chat), methods=["POST"]),
]
