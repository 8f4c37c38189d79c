"""The three ways to ask for a picture: the image API, Chat Completions with modalities, Responses."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Any

from promptcodec.api.profile import Profile
from promptcodec.errors import UsageError

DIALECTS = ("images", "chat", "responses")
# Chat models are told a ratio, not a size: those that are documented, and the pictures that come.
_RATIOS = {
    "1:1": "1024x1024",
    "2:3": "832x1248",
    "3:2": "1248x832",
    "3:4": "864x1184",
    "4:3": "1184x864",
    "4:5": "896x1152",
    "5:4": "1152x896",
    "9:16": "768x1344",
    "16:9": "1344x768",
    "21:9": "1536x672",
}
PARTIAL_IMAGES = 3
"""Interim pictures that a stream is asked for: the most there are."""
PARTIAL_TOKENS = 100
"""Output tokens that each of them costs, as published."""

Reference = tuple[str, str, bytes]
"""Name, meaning and PNG of a picture that is sent along."""


def dialect(profile: Profile) -> str:
    """Give the dialect of a profile of pictures.

    Raises:
        UsageError: there is none of that name.
    """
    name = profile.dialect or DIALECTS[0]
    if name not in DIALECTS:
        raise UsageError(f"an image generator's dialect is one of {', '.join(DIALECTS)}, not {name!r}")
    return name


def sizes(profile: Profile) -> str:
    """Give the sizes that may be asked for, as ``sizes`` of a profile says them; empty is any."""
    return profile.sizes or (",".join(_RATIOS.values()) if dialect(profile) == "chat" else "")


def build(
    profile: Profile, size: tuple[int, int], prompt: str, references: Sequence[Reference]
) -> tuple[str, dict[str, Any]]:
    """Give the endpoint, as of ``Connection.exchange``, and the request."""
    match dialect(profile):
        case "chat":
            return "chat", _chat(profile, size, prompt, references)
        case "responses":
            return "responses", _responses(profile, size, prompt, references)
    request: dict[str, Any] = {
        "model": profile.model,
        "prompt": prompt,
        "size": f"{size[0]}x{size[1]}",
        "n": 1,
    }
    if profile.quality:
        request["quality"] = profile.quality
    if profile.response_format:
        request["response_format"] = profile.response_format
    if references:
        request["image"] = [(f"{name}.png", data, "image/png") for name, _, data in references]
    return ("edit" if references else "generate"), request


def partial_images(profile: Profile) -> int:
    """Give how many interim pictures are asked for; chat models have none."""
    return 0 if dialect(profile) == "chat" else PARTIAL_IMAGES


def partial_tokens(profile: Profile) -> int:
    """Give the output tokens that these cost."""
    return partial_images(profile) * PARTIAL_TOKENS


def streamed(profile: Profile, request: dict[str, Any]) -> dict[str, Any]:
    """Give the request whose answer is a stream that shows the picture on its way, where there is one."""
    match dialect(profile):
        case "chat":
            return request
        case "responses":
            tools = [tool | {"partial_images": PARTIAL_IMAGES} for tool in request["tools"]]
            return request | {"tools": tools, "extra_body": {"stream": True}}
    return request | {"extra_body": {"stream": True, "partial_images": PARTIAL_IMAGES}}


def _chat(
    profile: Profile, size: tuple[int, int], prompt: str, references: Sequence[Reference]
) -> dict[str, Any]:
    shown = [{"type": "image_url", "image_url": {"url": _data_url(data)}} for _, _, data in references]
    return {
        "model": profile.model,
        "messages": [{"role": "user", "content": [{"type": "text", "text": prompt}, *shown]}],
        "modalities": ["image", "text"],
        "extra_body": {"image_config": {"aspect_ratio": _ratio(size)}},
    }


def _responses(
    profile: Profile, size: tuple[int, int], prompt: str, references: Sequence[Reference]
) -> dict[str, Any]:
    shown = [
        {"type": "input_image", "image_url": _data_url(data), "detail": "auto"} for _, _, data in references
    ]
    tool: dict[str, Any] = {"type": "image_generation", "size": f"{size[0]}x{size[1]}"}
    return {
        "model": profile.model,
        "input": [{"role": "user", "content": [{"type": "input_text", "text": prompt}, *shown]}],
        "tools": [tool | ({"quality": profile.quality} if profile.quality else {})],
        "tool_choice": {"type": "image_generation"},
        "store": False,
    }


def _ratio(size: tuple[int, int]) -> str:
    shape = math.log(size[0] / size[1])

    def distance(ratio: str) -> float:
        width, height = map(int, ratio.split(":"))
        return abs(math.log(width / height) - shape)

    return min(_RATIOS, key=distance)


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
