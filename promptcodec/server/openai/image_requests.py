"""Requests of the image API: prompts, formats and pictures that the real one refuses are refused."""

from __future__ import annotations

import re
from typing import Any

from promptcodec.server.openai.rules import BadRequestError, Rule, among, between, kind

_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})", re.ASCII)
MOST_PROMPT = 32_000
MOST_IMAGES = 16
FORMATS = ("png", "webp", "jpeg")
"""Of pictures that are drawn, and that are sent."""


def sides(value: Any, param: str) -> tuple[int, int] | None:
    """Read the size of a picture, None where it says ``auto``.

    Raises:
        BadRequestError: it is no size.
    """
    if value == "auto":
        return None
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadRequestError(f"Invalid size '{value}'.", param, "invalid_value")
    return int(match[1]), int(match[2])


def _prompt(value: Any, param: str) -> None:
    kind(str)(value, param)
    if not value or len(value) > MOST_PROMPT:
        raise BadRequestError(
            f"Invalid '{param}': 1 to {MOST_PROMPT} characters.", param, "string_above_max_length"
        )


EDIT: dict[str, Rule] = {
    "prompt": _prompt,
    "quality": among("low", "medium", "high", "auto"),
    "n": between(1, 10, int),
    "background": among("transparent", "opaque", "auto"),
    "output_format": among(*FORMATS),
    "output_compression": between(0, 100, int),
    "user": kind(str),
    "safety_identifier": kind(str),
    "stream": kind(bool),
    "partial_images": between(0, 3, int),
    "input_fidelity": among("low", "high"),
}
"""All but the model and the size."""
GENERATE: dict[str, Rule] = {
    **{name: rule for name, rule in EDIT.items() if name != "input_fidelity"},
    "moderation": among("low", "auto"),
}
"""Likewise."""
