"""Bodies of requests: JSON, or forms with pictures."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from promptcodec.server.openai.image_requests import MOST_IMAGES
from promptcodec.server.openai.rules import BadRequestError

_NUMBERS = {"n", "output_compression", "partial_images"}
_MOST_FIELDS = 64
_MOST_FIELD = 1 << 20
"""Bytes of a field that is no file."""
_MOST_VALUES = 200_000
"""Commas and brackets of JSON: each may begin a value, which takes 20 times its bytes. Pictures have none."""


def is_form(content_type: str) -> bool:
    """Say whether a body is a form with pictures."""
    return content_type.startswith("multipart/form-data")


async def read(content_type: str, data: bytes) -> tuple[Any, list[bytes]]:
    """Read a body: its fields, and its pictures.

    Args:
        content_type: as its header says.
        data: the whole of it.

    Raises:
        BadRequestError: it is neither JSON nor such a form.
    """
    if not is_form(content_type):
        if sum(map(data.count, (b",", b"[", b"{"))) > _MOST_VALUES:
            raise BadRequestError("The JSON body of your request has too many values.")
        try:
            return await run_in_threadpool(json.loads, data), []
        except (ValueError, RecursionError):
            raise BadRequestError("We could not parse the JSON body of your request.") from None

    async def whole() -> AsyncGenerator[bytes, None]:
        yield data
        yield b""

    parser = MultiPartParser(
        Headers({"content-type": content_type}),
        whole(),
        max_files=MOST_IMAGES,
        max_fields=_MOST_FIELDS,
        max_part_size=_MOST_FIELD,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise BadRequestError(f"We could not parse the form of your request: {error.message}") from None
    values: dict[str, Any] = {}
    uploads = []
    try:
        for name, item in form.multi_items():
            if isinstance(item, UploadFile):
                if name not in {"image", "image[]"}:
                    raise BadRequestError(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
                uploads.append(await item.read())
            else:
                values[name] = _field(name, item)
    finally:
        await form.close()
    return values, uploads


def _field(name: str, text: str) -> Any:
    """Give a field of a form as JSON has it; what is no value of it stays a text, and is refused."""
    if name in _NUMBERS and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    return {"true": True, "false": False}.get(text, text) if name == "stream" else text
