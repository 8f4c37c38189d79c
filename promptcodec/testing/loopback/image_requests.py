"""Requests of the image API: sizes that the real one refuses are refused; and of chat models that draw."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from promptcodec.server.openai import image_requests
from promptcodec.server.openai.chat_requests import messages
from promptcodec.server.openai.image_requests import FORMATS, MOST_IMAGES, sides
from promptcodec.server.openai.rules import BadRequestError, Rule, among, fields, filled_list, model

MODEL = "loopback-image"


def size(value: Any, param: str) -> None:
    """Hold a picture's size against the rules of current image models."""
    wanted = sides(value, param)
    if wanted is None:
        return
    width, height = wanted
    problem = ""
    if width % 16 or height % 16:
        problem = "width and height must both be divisible by 16"
    elif max(width, height) > 3 * min(width, height):
        problem = "the aspect ratio must be between 1:3 and 3:1"
    elif not 655_360 <= width * height <= 8_294_400 or max(width, height) > 3840:
        problem = "the number of pixels is outside 655360..8294400, or an edge above 3840"
    if problem:
        raise BadRequestError(f"Invalid size '{value}': {problem}.", param, "invalid_value")


_OWN: dict[str, Rule] = {"model": model(MODEL), "size": size}
GENERATE: dict[str, Rule] = {**image_requests.GENERATE, **_OWN}
EDIT: dict[str, Rule] = {**image_requests.EDIT, **_OWN}


def _ratio(value: Any, param: str) -> None:
    fields(value, {"aspect_ratio": among(*CHAT_SIZES)}, (), param)


def _modalities(value: Any, param: str) -> None:
    filled_list(value, param)
    if "image" not in value:
        raise BadRequestError("This model draws: 'modalities' names 'image'.", param, "invalid_value")


CHAT_SIZES = {
    "1:1": "1024x1024",
    "2:3": "832x1248",
    "3:2": "1248x832",
    "9:16": "768x1344",
    "16:9": "1344x768",
}
"""The pictures of a chat model that draws, by the ratio it is asked for."""
CHAT: dict[str, Rule] = {
    "model": model(MODEL),
    "messages": messages,
    "modalities": _modalities,
    "image_config": _ratio,
}


def pictures(uploads: list[bytes]) -> list[Image.Image]:
    """Open the pictures of an edit.

    Raises:
        BadRequestError: there are too few or too many, or one is no picture.
    """
    if not 1 <= len(uploads) <= MOST_IMAGES:
        raise BadRequestError(f"1 to {MOST_IMAGES} images are required.", "image", "invalid_value")
    try:
        return [Image.open(io.BytesIO(data), formats=_READ).convert("RGB") for data in uploads]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise BadRequestError("Invalid image file or mode.", "image", "invalid_image_file") from None


_READ = [name.upper() for name in FORMATS]
