"""How many tokens a question will cost, before it is asked: an estimate, and said to be one."""

from __future__ import annotations

import functools
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


def estimate(ask: Ask, profile: Profile) -> Usage:
    """Estimate the tokens of a question and of its answer, which is taken to need half of what it may have.

    Args:
        ask: the question; text is counted with tiktoken where its vocabulary can be had.
        profile: for the tokens of a picture.
    """
    return Usage(count(_text(ask))[0] + _picture(ask.image, profile), ask.most // 2)


def most(ask: Ask, profile: Profile) -> Usage:
    """Give the tokens a question may come to: what is held back for it until its answer says."""
    return Usage(_by_length(_text(ask)) + _picture(ask.image, profile), ask.most)


def count(text: str) -> tuple[int, bool]:
    """Count tokens; the second is False where the count is by length, for want of a vocabulary."""
    encoding = _encoding()
    if encoding is None:
        return _by_length(text), False
    return len(encoding.encode(text, disallowed_special=())), True


def _text(ask: Ask) -> str:
    return ask.instructions + ask.text + json.dumps(ask.schema)


def _by_length(text: str) -> int:
    """Count by length: of most other scripts than Latin a character is a token or more."""
    latin = sum(map(str.isascii, text))
    return math.ceil(latin / _CHARACTERS) + len(text) - latin


def _picture(image: bytes | None, profile: Profile) -> int:
    if image is None:
        return 0
    from promptcodec.vision.opened import open_image  # noqa: PLC0415 - heavy

    with open_image(image) as picture:
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
