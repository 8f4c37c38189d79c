"""A text of settings, as A1111's web UI and its kin write it, in pieces that join to the same text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_STEPS = re.compile(r"(?:^|(?<=\n)|(?<=, ))Steps: *\d+(?:,|\s{0,8}$)", re.MULTILINE)
_NEGATIVE = re.compile(r"(?:^|\n)Negative prompt:")
_NAME = r"([A-Za-z][\w \-/.+()]{0,60}?):\s{0,8}"
_FIRST, _KEY = re.compile(_NAME), re.compile(rf"[,\n]\s{{0,8}}{_NAME}")


def is_settings(text: str) -> bool:
    """Say whether a text holds settings."""
    return _STEPS.search(text) is not None


def split_settings(text: str) -> Iterator[tuple[str, str]]:
    """Split a text of settings.

    Returns:
        Pairs of a key and a piece; what is between the pieces (signs, the keys) has the key ``type``, under
        which nothing is looked for but what is private by itself.
    """
    start = [match.start() for match in _STEPS.finditer(text)][-1]
    negative = _NEGATIVE.search(text, 0, start)
    if negative:
        yield "prompt", text[: negative.start()]
        yield "type", negative[0]
        yield "negative", text[negative.end() : start]
    else:
        yield "prompt", text[:start]
    at, match = start, _FIRST.match(text, start)
    while match:
        end = _value_end(text, match.end())
        yield "type", match[0]
        yield match[1], text[match.end() : end]
        at, match = end, _KEY.match(text, end)
    yield "prompt", text[at:]


def _value_end(text: str, start: int) -> int:
    """Give where a value ends: before a comma with a key behind it, that is not inside quotes or JSON."""
    if text[start : start + 1] in ('"', "[", "{"):
        try:
            _, start = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            start += 1
    while start < len(text):
        comma = min(
            (at for at in (text.find(",", start), text.find("\n", start)) if at >= 0), default=len(text)
        )
        if _KEY.match(text, comma):
            return comma
        start = comma + 1
    return len(text)
