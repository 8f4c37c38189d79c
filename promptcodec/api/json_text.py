"""Find the JSON that a model was asked for in what it wrote.

Models think aloud, fence, wrap, quote as Python does, and leave commas behind. What is given here is
still held against its schema by whoever asked; nothing is filled in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from promptcodec.api import thoughts
from promptcodec.api.repair import TooMuchError, repair

_MOST_TEXT = 1_000_000
_MOST_WORK = 8_000_000
"""Characters that are read for one answer, those read again counted again."""
_MOST_REPAIRED, _MOST_REPAIRS = 100_000, 1_000_000
"""Characters of what is repaired, and readings of one while all of it is."""
_EACH_START, _EACH_LINE = 50, 16
"""What a start counts for, in characters; those before it that count as one, for its line is counted."""
_MOST_CLOSINGS = 50
_DEEPEST = 5
_WIDEST = 8
_FAR = 60
_QUOTES = "\\nrt \n\r\t\"'“”‘’"  # noqa: RUF001
"""What may stand between a brace and the name of a field, as many characters of it."""
_WORDS = 300
"""Characters before an object that may say what it is."""
# A byte order mark and what has no width; a space that is none to JSON.
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u2060\u200e\u200f"), "") | {0xA0: " "}
_START = re.compile(r"\{\s*[\"}]")
_CLOSING = re.compile(r"[}\]]")
_ESCAPED = re.compile(r"\{\s*(?:\\n\s*)?\\+\"")
_NOTHING_MORE = re.compile(r"(?:[\s`~}\]|.]|<[^<>\n]{1,40}>)*")
_ANSWER_KEYS = re.compile(
    r"answer|result|descri|output|response|final|argument|parameter|propert", re.IGNORECASE
)
_ASIDE_KEYS = re.compile(
    r"think|thought|reason|analy[sz]|reflect|scratch|draft|example|schema|sample|template|previous|wrong|bad"
    r"|reject",
    re.IGNORECASE,
)
_DECODER = json.JSONDecoder(strict=False)  # raw line feeds inside texts are taken


@dataclass(frozen=True, slots=True)
class Candidate:
    """An object in an answer.

    Attributes:
        value: the object; None where one begins that cannot be read.
        before: the words between it and the object before.
    """

    value: dict[str, Any] | None
    before: str = ""


class _Search:
    """One search: the fields that are looked for, and the work that is left."""

    def __init__(self, names: Collection[str], *, cut: bool) -> None:
        self.names = frozenset(names)
        self.cut = cut
        among = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        quote = "[\"'“”‘’]?"  # noqa: RUF001 - the quotes that models write
        self.marks = re.compile(rf"[{{}}]|(?<![\w\\])\\*{quote}(?P<name>{among})\\*{quote}\s*[:：]")  # noqa: RUF001
        self.repairs = _MOST_REPAIRS
        self._left = _MOST_WORK

    def spend(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise TooMuchError

    def near(self, value: Any) -> int:
        return len(self.names & value.keys()) if isinstance(value, dict) else 0

    def mentioned(self, value: Any) -> bool:
        """Say whether a field of the names is anywhere in JSON, which is then no piece of a broken object."""
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if self.near(item):
                return True
            if isinstance(item, dict | list):
                waiting += item.values() if isinstance(item, dict) else item
        return False

    def is_answer(self, value: Any, most: int | None = None) -> bool:
        """Say whether an object is meant as an answer: it has a quarter of the fields at least."""
        return value is None or 4 * self.near(value) >= (len(self.names) if most is None else most)


def objects(
    content: Any, names: Collection[str], *, cut: bool = False, thought: bool = False
) -> list[Candidate]:
    """Give the objects in an answer that have fields of these names, in the order of the text.

    Thoughts are left out, and what has less than a quarter of the fields of another.

    Args:
        content: a text, or JSON that the server parsed already.
        names: fields of the object that was asked for.
        cut: the text stopped before its end, so only what is whole counts.
        thought: the text is what a model thought: only a whole object that it ends with counts.
    """
    search = _Search(names, cut=cut)
    try:
        candidates = list(_objects(content, search, _DEEPEST, thought=thought))
    except TooMuchError:
        return [Candidate(None)]
    most = max((search.near(item.value) for item in candidates), default=0)
    return [item for item in candidates if search.is_answer(item.value, most)]


def _objects(content: Any, search: _Search, deep: int, *, thought: bool = False) -> Iterator[Candidate]:
    if not isinstance(content, str):
        yield from map(Candidate, _inside(content, search, deep))
        return
    text = content[:_MOST_TEXT]
    whole = list(_whole(text, search))
    outside, open_thought = thoughts.apart(text, [(start, end) for start, end, _ in whole])
    search.spend(len(text))
    if thought and not outside.strip():
        outside = open_thought
    if outside != text:
        whole = list(_whole(outside, search))
    candidates = list(_in_order(outside, whole, search, deep))
    if thought:
        candidates = candidates if _ends_with(outside, whole, search) else []
    elif not candidates and open_thought and not search.cut:
        candidates = list(_objects(open_thought, search, deep, thought=True))
    yield from candidates


def _ends_with(text: str, whole: list[tuple[int, int, Any]], search: _Search) -> bool:
    """Say whether a text ends with a whole object of what is looked for."""
    return (
        bool(whole)
        and _NOTHING_MORE.fullmatch(text, whole[-1][1]) is not None
        and bool(_inside(whole[-1][2], search, _DEEPEST))
    )


def _whole(text: str, search: _Search) -> Iterator[tuple[int, int, Any]]:
    """Give what is JSON as it stands: its start, its end, and its value."""
    start = _START.search(text)
    while start:
        at = start.start()
        search.spend(_EACH_START)
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            # An error counts the lines before it.
            search.spend(getattr(error, "pos", len(text)) - at + at // _EACH_LINE)
            end = at + 1
        else:
            search.spend(end - at)
            yield at, end, value
        start = _START.search(text, end)


def _in_order(
    text: str, whole: list[tuple[int, int, Any]], search: _Search, deep: int
) -> Iterator[Candidate]:
    """Give the objects of a text: whole ones, and between them those that have to be repaired."""
    last = 0
    for start, end, value in whole:
        values = _inside(value, search, deep)
        if values or search.mentioned(value):
            yield from _between(text[last:start], search, deep)
            before = text[last:start][-_WORDS:]
            yield from (Candidate(item, before) for item in values)
            last = end
    yield from _between(text[last:], search, deep)
    if search.cut and text.rfind("{", last) > text.rfind("}", last):
        yield Candidate(None)


def _between(text: str, search: _Search, deep: int) -> Iterator[Candidate]:
    """Give what can be read after all of the objects that begin in a text without whole ones."""
    search.spend(len(text))
    last = 0
    for start, end in _begun(text, search):
        before, part = text[last:start][-_WORDS:], text[start:end]
        values = [] if search.cut else _repaired(part, search, deep)
        yield from (Candidate(value, before) for value in values)
        ended = part.count("{") <= part.count("}")
        if not values or not (ended or any(search.is_answer(value) for value in values)):
            yield Candidate(None, before)
        last = end


def _begun(text: str, search: _Search) -> Iterator[tuple[int, int]]:
    """Give where objects begin that have a field that is looked for, each with the start of the next."""
    starts: list[int] = []
    first, opened, closed, depth, name = -1, -1, -1, 0, ""
    for mark in search.marks.finditer(text) if "{" in text else ():
        at = mark.start()
        if mark["name"] is None:
            depth += 1 if mark[0] == "{" else -1
            opened, closed = (at, closed) if mark[0] == "{" else (opened, at)
            first = opened if first < 0 else first
        elif not starts:
            begin = opened if opened > closed else first if depth > 0 else -1
            if begin >= 0:
                starts, name = [begin], mark["name"]
        elif mark["name"] == name and at - opened < _FAR and not text[opened + 1 : at].strip(_QUOTES):
            starts.append(opened)
    if starts:
        yield from zip(starts, [*starts[1:], len(text)], strict=True)


def _repaired(text: str, search: _Search, deep: int) -> list[dict[str, Any] | None]:
    """Give what can be read as JSON after all.

    The text ends at its last closing bracket outside of quotes, so that a text that stopped in the middle
    of a value stays one: the value's field is then missing.
    """
    if escaped := _ESCAPED.search(text):
        value = _unquoted(text[escaped.start() : text.rfind("}") + 1], search)
        if value is not None and deep:
            return [item.value for item in _objects(value, search, deep - 1)]
    if len(text) > _MOST_REPAIRED:
        return []
    text = text.translate(_INVISIBLE)
    for bracket in list(_CLOSING.finditer(text))[:-_MOST_CLOSINGS:-1]:
        text = text[: bracket.end()]
        if text.count('"') % 2 == 0:
            value, search.repairs = repair(text, search.repairs)
            return _inside(value, search, deep)
    return []


def _unquoted(text: str, search: _Search) -> Any:
    """Give the text that JSON inside a JSON text stands for; None where it is none."""
    search.spend(len(text))
    try:
        return _DECODER.raw_decode(f'"{text}"')[0]
    except (ValueError, RecursionError):
        return None


def _inside(value: Any, search: _Search, deep: int) -> list[dict[str, Any] | None]:
    """Give the object itself, or those that it, a list or a text wraps; None for one that is broken.

    A wrapper may have a field of the same name; what it wraps then has more of them.
    """
    if isinstance(value, str):
        return [item.value for item in _objects(value, search, deep)] if "{" in value else []
    near = search.near(value)
    if deep and near < len(search.names):
        wrapped = [
            item for item in _wrapped(value, search, deep - 1) if item is None or search.near(item) > near
        ]
        if wrapped:
            return wrapped
    # A schema says of each field what it is.
    is_schema = near and all(isinstance(value[name], dict) for name in search.names & value.keys())
    return [value] if near and not is_schema else []


def _wrapped(value: Any, search: _Search, deep: int) -> list[dict[str, Any] | None]:
    """Give what a list or an object wraps: what it calls its answer, else what it does not call otherwise."""
    if isinstance(value, list):
        return [inner for item in value[:_WIDEST] for inner in _inside(item, search, deep)]
    if not isinstance(value, dict):
        return []
    by_kind: dict[str, list[dict[str, Any] | None]] = {}
    for name, item in list(value.items())[:_WIDEST]:
        kind = "aside" if _ASIDE_KEYS.search(name) else "answer" if _ANSWER_KEYS.search(name) else "other"
        by_kind.setdefault(kind, []).extend(_inside(item, search, deep))
    if "answer" in by_kind:  # what stands aside of an answer never stands in for it
        return by_kind["answer"] or by_kind.get("other", [])
    return by_kind.get("other") or by_kind.get("aside", [])
