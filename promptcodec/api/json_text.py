"""Find the JSON that a model was asked for in what it wrote.

Models think aloud, fence, wrap, quote as Python does, and leave commas behind. What is found here is
still held against its schema by whoever asked; nothing is filled in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

_MOST_TEXT = 1_000_000
_MOST_REPAIRED = 200_000
_MOST_CLOSINGS = 50
_MOST_STARTS = 2000
"""Braces that are tried as the start of an object: a hostile text holds more."""
_DEEPEST = 5
_WIDEST = 8
_THOUGHT_ENDS = re.compile(
    r"</\s*(?:think|thinking|thought|reasoning|analysis)\s*>|<\|end_of_thought\|>", re.IGNORECASE
)
# A byte order mark and what has no width; a space that is none to JSON.
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u2060\u200e\u200f"), "") | {0xA0: " "}
_CLOSING = re.compile(r"[}\]]")
_ESCAPED = re.compile(r"\{\s*(?:\\n\s*)?\\+\"")
_DECODER = json.JSONDecoder(strict=False)  # raw line feeds inside texts are taken


def objects(content: Any, names: Collection[str], *, cut: bool = False) -> Iterator[dict[str, Any]]:
    """Give the objects in an answer that have a field of these names, the likeliest first.

    Of several in one text the last comes first: a model that corrects itself does so at the end.

    Args:
        content: a text, or JSON that the server parsed already.
        names: fields of the object that was asked for.
        cut: the text stopped at its limit, so only what is whole counts.
    """
    if not isinstance(content, str):
        yield from _inside(content, names, _DEEPEST)
        return
    text = content[:_MOST_TEXT]
    thought_ends = [match.end() for match in _THOUGHT_ENDS.finditer(text)]
    for part in [text[end:] for end in thought_ends[-1:]] + [text]:
        candidates = [*_unescaped(part, names), *_strict(part, names)]
        if not candidates and not cut:
            candidates = list(_repaired(part, names))
        yield from reversed(candidates)


def _strict(text: str, names: Collection[str]) -> Iterator[dict[str, Any]]:
    """Give what is JSON as it stands, in the order of the text."""
    at = 0
    for _ in range(_MOST_STARTS):
        at = text.find("{", at)
        if at < 0:
            return
        value = _decode(text, at)
        if value is None:
            at += 1
        else:
            yield from _inside(value[0], names, _DEEPEST)
            at = value[1]


def _unescaped(text: str, names: Collection[str]) -> Iterator[dict[str, Any]]:
    """Give what is JSON inside a JSON text, with its quotes around it or without."""
    start = _ESCAPED.search(text)
    value = _decode(f'"{text[start.start() : text.rfind("}") + 1]}"', 0) if start else None
    if value is not None:
        yield from reversed(list(objects(value[0], names)))


def _decode(text: str, at: int) -> tuple[Any, int] | None:
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None


def _repaired(text: str, names: Collection[str]) -> Iterator[dict[str, Any]]:
    """Give what can be read as JSON after all.

    The text ends at its last closing bracket outside of quotes, so that a text that stopped in the middle
    of a value stays one: the value's field is then missing.
    """
    text = text[-_MOST_REPAIRED:].translate(_INVISIBLE)
    for bracket in list(_CLOSING.finditer(text))[:-_MOST_CLOSINGS:-1]:
        text = text[: bracket.end()]
        if text.count('"') % 2 == 0:
            break
    else:
        return
    at = {text.find("{")}
    fields = [match.start() for match in re.finditer("|".join(map(re.escape, names)), text)]
    if fields:
        first = text[fields[0] :][: max(map(len, names))]
        name = next(name for name in sorted(names, key=len, reverse=True) if first.startswith(name))
        at |= {text.rfind("{", 0, fields[0]), text.rfind("{", 0, text.rfind(name))}
    for start in sorted(at - {-1}):
        yield from _inside(_repair(text[start:]), names, _DEEPEST)


def _repair(text: str) -> Any:
    import json_repair  # noqa: PLC0415 - only where an answer is no JSON

    try:
        return json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError, IndexError):
        return None


def _inside(value: Any, names: Collection[str], deep: int) -> Iterator[dict[str, Any]]:
    """Give the object itself, or those that it, a list or a text wraps."""
    if isinstance(value, dict) and not set(names).isdisjoint(value):
        yield value
    elif deep and isinstance(value, dict | list):
        for item in list(value.values() if isinstance(value, dict) else value)[:_WIDEST]:
            if isinstance(item, str):
                if "{" in item:
                    yield from reversed(list(objects(item, names)))
            else:
                yield from _inside(item, names, deep - 1)
