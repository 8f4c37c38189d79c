"""The pictures in a server's answer, wherever it puts them: bytes, or the address of one."""

from __future__ import annotations

import base64
import binascii
import contextlib
import itertools
import re
from collections.abc import Iterator
from typing import Any

from promptcodec.api.thoughts import is_thought

_MOST = 16
_DEEPEST = 8
_CODED = ("b64_json", "b64", "base64", "image_base64", "bytesBase64Encoded")
_ADDRESSES = ("url", "uri", "image_url")
# Where pictures stand. Other fields hold what was asked.
_HOLDERS = (
    *(
        "data",
        "images",
        "image",
        "artifacts",
        "output",
        "outputs",
        "result",
        "results",
        "choices",
        "candidates",
        "predictions",
    ),
    *("message", "delta", "content", "parts", "image_url", "source", "inline_data", "inlineData"),
    *("output_image", "response"),
)
_TEXTS = ("content", "text", "output", "result")
# What a model says one after the other: the last picture of it is the one it ends with. Elsewhere several are
# as good as each other.
_SPOKEN = ("message", "delta", "content", "parts", "output")
_UNFINISHED = ("failed", "incomplete", "cancelled", "canceled", "in_progress", "generating", "queued")
# Base64 of the first bytes of PNG, JPEG, WebP, GIF, and AVIF or HEIC.
_PICTURE = re.compile(r"iVBORw0|/9j/|_9j_|UklGR|R0lGOD|AAAA")
_DATA_URL = re.compile(r"data:image/[\w.+-]+(?:;[\w=.+-]+)*;base64,([\w+/=\s-]+)", re.ASCII)
_ADDRESS = re.compile(r"\A\s*(https?://\S+)\s*\Z", re.IGNORECASE)
_IN_TEXT = re.compile(rf"{_DATA_URL.pattern}|!\[[^\]]*\]\(\s*<?(https?://[^\s)>]+)", re.ASCII)


def pictures(answer: Any) -> Iterator[bytes | str]:
    """Give the pictures of an answer: what stands in it as bytes, what is elsewhere as its address or path.

    Of several that a model gives one after the other the last comes first; what stands in a text comes
    behind what stands where pictures belong. Interim pictures, and those of thoughts, are passed over.

    Args:
        answer: JSON of the image API, Chat Completions, Responses, or their kin. What stands where a
            picture belongs and is no base64 is passed over.
    """
    ranked = list(itertools.islice(_walk(answer, _DEEPEST), _MOST))
    in_order = sorted(ranked, key=lambda one: one[0])
    yield from dict.fromkeys(picture for _, picture in in_order)


def answer_of(body: bytes) -> dict[str, Any] | None:
    """Give an answer that is a picture and nothing else the form of the image API; None where it is none."""
    coded = base64.b64encode(body[:12]).decode()
    if not _PICTURE.match(coded):
        return None
    return {"data": [{"b64_json": base64.b64encode(body).decode()}]}


def decode(text: str) -> bytes:
    """Decode base64 as servers write it.

    Args:
        text: with or without ``data:...;base64,``, line feeds and padding; of either alphabet.

    Raises:
        ValueError: it is something else.
    """
    body = text.partition(",")[2] if text.lstrip()[:5].lower() == "data:" else text
    body = "".join(body.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"it is no base64: {error}") from None


def without_pictures(text: str) -> str:
    """Give a model's words on one line, without pictures that stand in them."""
    return " ".join(_DATA_URL.sub("", text).split())


def _walk(value: Any, deep: int, *, last_first: bool = False) -> Iterator[tuple[int, bytes | str]]:
    """Give pictures, each with its rank: 0 where pictures belong, 1 in a text, 2 where it is not finished."""
    if isinstance(value, list) and deep:
        for item in value[-_MOST:][::-1] if last_first else value[:_MOST]:
            yield from (
                _one(item, "data")
                if isinstance(item, str)
                else (_walk(item, deep - 1, last_first=last_first))
            )
    elif isinstance(value, dict) and deep and not is_partial(value) and not is_thought(value):
        unfinished = value.get("status") in _UNFINISHED and "output" not in value
        for field in (*_CODED, "url", "uri", "text", *_HOLDERS):
            item = value.get(field)
            spoken = last_first or field in _SPOKEN
            stands = _one(item, field) if isinstance(item, str) else _walk(item, deep - 1, last_first=spoken)
            yield from ((2 if unfinished else rank, picture) for rank, picture in stands)


def _one(text: str, field: str) -> Iterator[tuple[int, bytes | str]]:
    """Give the pictures that a text in a field is or holds, the last first: data, addresses, Markdown.

    An address among other words is a link to something else.
    """
    start = text[:200].strip()
    if field in _CODED or _PICTURE.match(start) or re.match(r"data:\S*,", start, re.IGNORECASE):
        yield from ((0, picture) for picture in _decoded(text))
    elif _ADDRESS.match(text) or (field in _ADDRESSES and re.match(r"/[^/\s]\S*\Z", text)):
        yield 0, text.strip()
    elif field in _TEXTS:
        for match in [*_IN_TEXT.finditer(text)][:-_MOST:-1]:
            if match[2]:
                yield 1, match[2]
            else:
                yield from ((1, picture) for picture in _decoded(match[1]))


def _decoded(text: str) -> Iterator[bytes]:
    with contextlib.suppress(ValueError):
        yield decode(text)


def is_partial(value: dict[str, Any]) -> bool:
    """Say whether an object is a picture on its way, not the one that was asked for."""
    kind = str(value.get("type", ""))
    return "partial_image" in kind or "partial_image_index" in value or "partial_image_b64" in value
