"""The endpoints that models stand behind, as methods of the openai client."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import openai

_Method = Callable[..., Any]

ENDPOINTS: dict[str, Callable[[openai.AsyncOpenAI], _Method]] = {
    "chat": lambda client: client.chat.completions.with_raw_response.create,
    "responses": lambda client: client.responses.with_raw_response.create,
    "generate": lambda client: client.images.with_raw_response.generate,
    "edit": lambda client: client.images.with_raw_response.edit,
}
"""Methods that give an answer when it is whole."""
FOLLOWED: dict[str, Callable[[openai.AsyncOpenAI], _Method]] = {
    "chat": lambda client: client.chat.completions.with_streaming_response.create,
    "responses": lambda client: client.responses.with_streaming_response.create,
    "generate": lambda client: client.images.with_streaming_response.generate,
    "edit": lambda client: client.images.with_streaming_response.edit,
}
"""The same, giving an answer as it comes."""


def draws(endpoint: str, request: dict[str, Any]) -> bool:
    """Say whether the answer may hold a picture; chat models that draw are asked for one by name."""
    more = request.get("extra_body")
    asked = [request.get("modalities"), more.get("modalities") if isinstance(more, dict) else None]
    asked += [[tool["type"].partition("_")[0] for tool in request.get("tools", ())]]
    return endpoint in {"generate", "edit"} or any("image" in (kinds or ()) for kinds in asked)
