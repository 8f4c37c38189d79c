"""Requests of the image API: sizes and pictures that the real one refuses are refused."""

from __future__ import annotations

import io
import re
from typing import Any

from PIL import Image

from promptcodec.testing.loopback.rules import (
    BadRequestError,
    Rule,
    among,
    between,
    fields,
    filled_list,
    kind,
    model,
)
from promptcodec.testing.loopback.text_requests import messages

MODEL = "loopback-image"
_MOST_PROMPT = 32_000
_MOST_IMAGES = 16
_FORMATS = ["JPEG", "PNG", "WEBP"]


def size(value: Any, param: str) -> None:
    """Hold a picture's size against the rules of current image models."""
    match = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", value) if isinstance(value, str) else None
    if value == "auto":
        return
    if match is None:
        raise BadRequestError(f"Invalid size '{value}'.", param, "invalid_value")
    width, height = int(match[1]), int(match[2])
    problem = ""
    if width % 16 or height % 16:
        problem = "width and height must both be divisible by 16"
    elif max(width, height) > 3 * min(width, height):
        problem = "the aspect ratio must be between 1:3 and 3:1"
    elif not 655_360 <= width * height <= 8_294_400 or max(width, height) > 3840:
        problem = "the number of pixels is outside 655360..8294400, or an edge above 3840"
    if problem:
        raise BadRequestError(f"Invalid size '{value}': {problem}.", param, "invalid_value")


def _prompt(value: Any, param: str) -> None:
    kind(str)(value, param)
    if not value or len(value) > _MOST_PROMPT:
        raise BadRequestError(
            f"Invalid '{param}': 1 to {_MOST_PROMPT} characters.", param, "string_above_max_length"
        )


GENERATE: dict[str, Rule] = {
    "model": model(MODEL),
    "prompt": _prompt,
    "size": size,
    "quality": among("low", "medium", "high", "auto"),
    "n": between(1, 10, int),
    "background": among("transparent", "opaque", "auto"),
    "moderation": among("low", "auto"),
    "output_format": among("png", "webp", "jpeg"),
    "output_compression": between(0, 100, int),
    "user": kind(str),
    "safety_identifier": kind(str),
    "stream": kind(bool),
    "partial_images": between(0, 3, int),
}
EDIT: dict[str, Rule] = {
    **{name: rule for name, rule in GENERATE.items() if name != "moderation"},
    "input_fidelity": among("low", "high"),
}


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
    """Open the pictures of an edit."""
    if not 1 <= len(uploads) <= _MOST_IMAGES:
        raise BadRequestError(f"1 to {_MOST_IMAGES} images are required.", "image", "invalid_value")
    try:
        return [Image.open(io.BytesIO(data), formats=_FORMATS).convert("RGB") for data in uploads]
    except (OSError, ValueError, SyntaxError):
        raise BadRequestError("Invalid image file or mode.", "image", "invalid_image_file") from None
