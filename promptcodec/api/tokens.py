"""How many tokens a question will cost, before it is asked: an estimate, and said to be one."""

from __future__ import annotations

import functools
import io
import json
import math
import threading
from typing import TYPE_CHECKING

from promptcodec.api.profile import Profile, Usage

if TYPE_CHECKING:
    import tiktoken

    from promptcodec.api.dialects import Ask

_PATCH = 32
_MOST_PATCHES = 1536
_CHARACTERS = 4
"""Characters of English a token stands for, where no vocabulary is at hand."""
_PATIENCE = 5.0
"""Seconds tiktoken may take to load its vocabulary: it downloads it at first use."""


def estimate(ask: Ask, profile: Profile, *, exact: bool = False) -> Usage:
    """Estimate the tokens of a question and of its answer.

    Args:
        ask: the question; its answer is taken to need half of what it may have.
        profile: for the tokens of a picture.
        exact: count text with tiktoken where its vocabulary can be had.
    """
    text = ask.instructions + ask.text + json.dumps(ask.schema)
    read = count(text)[0] if exact else math.ceil(len(text) / _CHARACTERS)
    return Usage(read + (_picture(ask.image, profile) if ask.image else 0), ask.most // 2)


def count(text: str) -> tuple[int, bool]:
    """Count tokens; the second is False where the count is by length, for want of a vocabulary."""
    encoding = _encoding()
    if encoding is None:
        return math.ceil(len(text) / _CHARACTERS), False
    return len(encoding.encode(text, disallowed_special=())), True


def _picture(image: bytes, profile: Profile) -> int:
    from PIL import Image  # noqa: PLC0415 - heavy

    with Image.open(io.BytesIO(image)) as picture:
        patches = math.ceil(picture.width / _PATCH) * math.ceil(picture.height / _PATCH)
    return math.ceil(min(patches, _MOST_PATCHES) * profile.image_tokens)


@functools.cache
def _encoding() -> tiktoken.Encoding | None:
    encodings: list[tiktoken.Encoding] = []

    def load() -> None:
        try:
            import tiktoken  # noqa: PLC0415 - heavy, and downloads

            encodings.append(tiktoken.get_encoding("o200k_base"))
        except Exception:  # noqa: BLE001, S110 - offline, blocked, not installed: all the same here
            pass

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return encodings[0] if encodings else None
