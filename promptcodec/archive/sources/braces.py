"""Braces in names, as shells and webdataset expand them: ``train-{000..099}.tar``, ``{a,b}.tar``."""

from __future__ import annotations

import re
from collections.abc import Iterator

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?")
_LETTERS = re.compile(r"([a-zA-Z])\.\.([a-zA-Z])")


def expanded(text: str) -> Iterator[str]:
    """Give the names that a name with braces stands for, in order; a name without any stands for itself.

    Numbers that begin with a zero are all as long as the longer one that is named. What is no range and has
    no comma stays as it is, with its braces.
    """
    start, end = _first(text)
    if end < 0:
        yield text
        return
    for middle in _alternatives(text[start + 1 : end]):
        for rest in expanded(text[end + 1 :]):
            yield text[:start] + middle + rest


def _first(text: str) -> tuple[int, int]:
    """Give where the first braces are that stand for something, (0, -1) where there are none."""
    for start, char in enumerate(text):
        if char == "{":
            end = _closing(text, start)
            if end > 0 and _means_something(text[start + 1 : end]):
                return start, end
    return 0, -1


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return at
    return -1


def _means_something(inner: str) -> bool:
    return bool(_RANGE.fullmatch(inner) or _LETTERS.fullmatch(inner)) or len(_parts(inner)) > 1


def _parts(inner: str) -> list[str]:
    """Split at the commas that are in no further braces."""
    parts, depth = [""], 0
    for char in inner:
        depth += (char == "{") - (char == "}")
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _alternatives(inner: str) -> Iterator[str]:
    if match := _RANGE.fullmatch(inner):
        first, last = int(match[1]), int(match[2])
        padded = any(re.match(r"-?0\d", text) for text in match.group(1, 2))
        width = max(len(match[1]), len(match[2])) if padded else 0
        for number in _steps(first, last, int(match[3] or 1)):
            yield f"{number:0{width}d}"
    elif match := _LETTERS.fullmatch(inner):
        yield from map(chr, _steps(ord(match[1]), ord(match[2]), 1))
    else:
        for part in _parts(inner):
            yield from expanded(part)


def _steps(first: int, last: int, step: int) -> range:
    step = max(abs(step), 1)
    return range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
