"""Requests that are answered in words, in one form: what was asked, of which picture, in which schema."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_FENCED = re.compile(r"<data ([0-9a-f]{16})>\n(.*?)\n</data \1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is answered in words.

    Attributes:
        text: everything the request says, instructions first.
        images: the pictures' bytes.
        name: of the schema asked for.
        schema: the schema itself.
    """

    text: str
    images: tuple[bytes, ...]
    name: str
    schema: dict[str, Any]

    @property
    def image(self) -> bytes | None:
        """The first picture, None where there is none."""
        return self.images[0] if self.images else None


def read_chat(body: dict[str, Any]) -> Question:
    """Read a request of the Chat Completions API."""
    texts: list[str] = []
    images: list[str] = []
    for message in body["messages"]:
        content = message["content"]
        parts: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content
        texts += [part["text"] for part in parts if part["type"] == "text"]
        images += [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    wanted = body.get("response_format", {}).get("json_schema") or {}
    return Question("\n".join(texts), pictures_of(images), wanted.get("name", ""), wanted.get("schema", {}))


def pictures_of(urls: Sequence[str]) -> tuple[bytes, ...]:
    """Give the pictures of data URLs that were looked at."""
    return tuple(base64.b64decode(url.partition(",")[2]) for url in urls)


def fenced(text: str) -> str:
    """Give what stands between the last data marks of a request, ``""`` where there are none."""
    blocks = _FENCED.findall(text)
    return blocks[-1][1] if blocks else ""
