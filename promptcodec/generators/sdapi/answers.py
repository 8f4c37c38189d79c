"""The picture in a server's answer, what it tells of it, and what its errors mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from PIL import Image

from promptcodec.api.servers import StatusError
from promptcodec.errors import ApiError, GeneratorError, ImageError, PromptcodecError
from promptcodec.generators import Conditions
from promptcodec.generators.sdapi.encoded import decoded
from promptcodec.generators.sdapi.requests import Request
from promptcodec.generators.servers.pictures import is_failed
from promptcodec.generators.shown import shown

CLOSE_RATIO = 1.1
"""By how much the shape of what comes back may differ from what was asked for."""
_NAN_OUT = (
    "start it with --no-half-vae or --no-half, or set 'Upcast cross attention layer to float32' there, or "
    "draw with another model="
)
_SEED = re.compile(r"\bSeed: (\d+)\b")
_QUOTED = 300


def picture(answer: Any, request: Request, conditions: Conditions, name: str) -> Image.Image:
    """Give the picture, RGB, as it came.

    Args:
        answer: JSON.
        request: what was asked.
        conditions: that it was asked for.
        name: of the server, for messages.

    Raises:
        GeneratorError: there is none that can be used; the message says what to do.
    """
    pictures = answer.get("images") if isinstance(answer, dict) else None
    if not isinstance(pictures, list):
        raise GeneratorError(f"{name} answers without pictures; is server= right for it?")
    texts = [text for text in pictures if isinstance(text, str) and text]
    if not texts:
        raise GeneratorError(f"{name} drew no picture; its log says why")
    try:
        image = decoded(texts[0])
    except ImageError as error:
        raise GeneratorError(f"the picture of {name} cannot be read: {error}; draw it again") from None
    if is_failed(image, conditions):
        raise GeneratorError(f"{name} drew a black picture, as it does of numbers out of range: {_NAN_OUT}")
    ratio = image.width * request.size[1] / (image.height * request.size[0])
    if not 1 / CLOSE_RATIO <= ratio <= CLOSE_RATIO:
        raise GeneratorError(
            f"{name} drew {image.width}x{image.height} where {request.size[0]}x{request.size[1]} was asked "
            "for"
        )
    return image


def notices(answer: Any, image: Image.Image, request: Request) -> Iterator[str]:
    """Say what is otherwise than it was asked for: the size, the seed, a control picture left out."""
    if image.size != request.size:
        yield (
            f"the server drew {image.width}x{image.height}, not the {request.size[0]}x{request.size[1]} that "
            "was asked for"
        )
    info, text = _info(answer)
    seed = info.get("seed")
    match = _SEED.search(text)
    if not isinstance(seed, int):
        seed = int(match[1]) if match else None
    # KoboldCpp counts seeds from -2**31.
    if seed is not None and (seed - request.seed) % 2**32:
        yield f"the server drew with the seed {shown(str(seed))}, not {request.seed}"
    if request.controlled and "alwayson_scripts" in request.body and text and "ControlNet" not in text:
        yield "the server drew without the structure layer: its log says what was wrong with its ControlNet"


def _info(answer: Any) -> tuple[dict[str, Any], str]:
    """Give what a server tells of a picture: fields, and the parameters text; either may be empty."""
    info = answer.get("info")
    if isinstance(info, str):
        try:
            parsed = json.loads(info)
        except (ValueError, RecursionError):
            return {}, info
        info = parsed
    if not isinstance(info, dict):
        return {}, ""
    texts = info.get("infotexts")
    first = texts[0] if isinstance(texts, list) and texts else ""
    return info, first if isinstance(first, str) else ""


def explained(error: StatusError, name: str, checkpoint: str) -> PromptcodecError:
    """Say what an error of a server means, and the way out.

    Args:
        error: the server's.
        name: of the server, for messages.
        checkpoint: that was asked for, ``""`` for none.
    """
    words = _words(error.body)
    lower, status = words.lower(), error.status
    meanings: list[tuple[bool, type[PromptcodecError], str]] = [
        (
            status in {401, 403},
            ApiError,
            "wants a key: api_key_env=NAME names the variable that holds it, user:password for --api-auth",
        ),
        (
            "nan" in lower and "tensor" in lower,
            GeneratorError,
            f"met numbers out of range ({words}): {_NAN_OUT}",
        ),
        ("out of memory" in lower, GeneratorError, "ran out of memory: draw smaller, area=512x512"),
        (
            "sampler not found" in lower,
            GeneratorError,
            "has no such sampler; /sdapi/v1/samplers lists those it has",
        ),
        (
            "checkpoint" in lower or "model not found" in lower,
            GeneratorError,
            f"cannot load {shown(checkpoint) or 'its model'}: {words}",
        ),
        (
            status == 404,
            ApiError,
            f"has no such endpoint ({words}): is it started with --api, and is server= right?",
        ),
        (status == 422, GeneratorError, f"refuses the request: {words}"),
        (status == 503, ApiError, f"is still loading, or busy: {words}; try again later"),
        (True, GeneratorError, f"failed ({status}): {words or 'it does not say why'}; its log says more"),
    ]
    kind, meaning = next((kind, text) for holds, kind, text in meanings if holds)
    return kind(f"{name} {meaning}")


def _words(body: Any) -> str:
    """Give the words of an error's body: A1111's, FastAPI's with the field's name, or any text."""
    if isinstance(body, dict):
        detail = body.get("detail")
        if isinstance(detail, list):
            texts: list[Any] = [_field(item) for item in detail]
        elif isinstance(detail, dict):
            texts = [detail.get("msg")]
        else:
            texts = [detail, body.get("errors"), body.get("message"), body.get("error")]
        body = next((text for text in texts if isinstance(text, str) and text), "")
    text = body if isinstance(body, str) else ""
    if "<html" in text.lower():
        return "it answers with a page, not with JSON"
    return shown(" ".join(text.split()), _QUOTED)


def _field(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    where = item.get("loc")
    place = ".".join(str(part) for part in where[1:]) if isinstance(where, list) else ""
    return f"{place}: {item.get('msg', '')}"
