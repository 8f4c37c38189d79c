"""What people type to find pictures, taken apart: words, phrases, fields, and what is not wanted.

    red kite "on the beach" -boat model:sdxl seed:7 people:2 width:>=1000 color:"orange in the middle"

Only letters and digits of words are kept, so nothing of a query is ever syntax of the database.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time

from promptcodec.archive.indexing.facts import NAMES, NUMBERS, SPOKEN
from promptcodec.errors import UsageError
from promptcodec.recipe.model import Number

ANY = ""
"""Stands for all fields of words."""

COLOUR = "color"
TIME = "time"
FIELDS = (*SPOKEN, *NAMES, *NUMBERS, "before", "after", COLOUR)
_ALIASES = {"colour": COLOUR, "objects": "object", "person": "people", "date": TIME, "guidance": "cfg"}

MOST_WORDS = 256
"""Words of a query, of phrases and fields too; a long prompt has as many."""

_QUOTES = str.maketrans("“”„‟«»", '""""""')
_TOKEN = re.compile(r'\s*(-?)(?:([^\W\d_]+):)?(?:"([^"]*)("?)|([^\s"]*))')
_WORD = re.compile(r"[^\W_]+")
_NUMBER = r"-?\d{1,20}(?:\.\d{1,9})?"
_DATE = r"\d{4}(?:-\d{1,2}(?:-\d{1,2})?)?"
_HIGHEST = 1 << 64


@dataclass(frozen=True, slots=True)
class Filter:
    """Something that pictures must have, or must not have.

    Attributes:
        field: one of FIELDS but ``before`` and ``after``, or ANY.
        text: what was typed; of fields of words, and of ANY, its words apart by spaces.
        low, high: of fields of numbers, the range that is asked for, both ends in it.
        excluded: it must not be.
    """

    field: str
    text: str
    low: Number = -math.inf
    high: Number = math.inf
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for.

    Attributes:
        words: each once; more of them are better.
        filters: all of them must be met. Those of ANY that are not excluded are phrases.
    """

    words: tuple[str, ...]
    filters: tuple[Filter, ...]

    @property
    def phrases(self) -> tuple[str, ...]:
        """Give the phrases that pictures must have."""
        return tuple(each.text for each in self.filters if each.field == ANY and not each.excluded)


def parse(text: str) -> Query:
    """Take a query apart.

    Raises:
        UsageError: a field is unknown or has a value that it cannot have, a quotation mark is not closed, or
            there are more than MOST_WORDS; the message says where.
    """
    plain = text.translate(_QUOTES)
    words: dict[str, None] = {}
    filters: list[Filter] = []
    for match in _TOKEN.finditer(plain):
        minus, field, quoted, closing, bare = match.groups()
        if quoted is not None and not closing:
            raise _error("the quotation mark", match.start(3) - 1, "is not closed")
        value = bare if quoted is None else quoted
        excluded = bool(minus)
        if field is not None:
            filters.append(_field(field, value, match.start(2), excluded=excluded))
        elif excluded or quoted is not None:
            if own := " ".join(_WORD.findall(value)):
                filters.append(Filter(ANY, own, excluded=excluded))
        else:
            words |= dict.fromkeys(word.lower() for word in _WORD.findall(value))
    count = len(words) + sum(len(each.text.split()) for each in filters)
    if count > MOST_WORDS:
        raise UsageError(f"the query has {count} words; the most is {MOST_WORDS}")
    return Query(tuple(words), tuple(filters))


def _error(what: str, at: int, problem: str) -> UsageError:
    return UsageError(f"{what} at character {at + 1} of the query {problem}")


def _field(name: str, value: str, at: int, *, excluded: bool) -> Filter:
    field = _ALIASES.get(name.lower(), name.lower())
    if field not in FIELDS:
        known = ", ".join(FIELDS)
        raise _error(f"{name!r}", at, f"is no field; there are {known}. Quotation marks make it words")
    if not value.strip():
        raise _error(f"the field {name}", at, f"has no value; such as {name}:{_EXAMPLES.get(field, 'word')}")
    if field in SPOKEN or field in NAMES:
        own = " ".join(_WORD.findall(value)) if field in SPOKEN else value
        if not _WORD.search(value):
            raise _error(f"the field {name}", at, f"has no letter or digit in its value {value!r}")
        return Filter(field, own, excluded=excluded)
    if field == COLOUR:
        return Filter(field, value, excluded=excluded)
    span = _span(field, value)
    if span is None:
        raise _error(f"the field {name}", at, f"cannot be {value!r}; such as {_EXAMPLES[field]}")
    kind = TIME if field in ("before", "after") else field
    return Filter(kind, value, *span, excluded=excluded)


_RANGE = "2, 2.., 2..4, >=2 or <4"
_EXAMPLES = {
    **dict.fromkeys(NUMBERS, _RANGE), "seed": "7", TIME: "2024, 2024-05, 2024-05-31, 2023..2024 or >=2024",
    "before": "2024-05-31", "after": "2024-05-31", COLOUR: 'navy or "orange in the middle"',
}  # fmt: skip


def _span(field: str, value: str) -> tuple[Number, Number] | None:
    """Give the range that a value asks for, both ends in it; None where it is none."""
    value = value.strip()
    if field == "seed":
        return _seed(value)
    if field in ("before", "after"):
        value = ("<" if field == "before" else ">") + value
    dated = field in (TIME, "before", "after")
    part, pattern = (_dates, _DATE) if dated else (_number, _NUMBER)
    match = re.fullmatch(rf"(>=|<=|>|<|=|)({pattern})|({pattern})?\.\.({pattern})?", value, re.ASCII)
    if match is None:
        return None
    sign, one, low, high = match.groups()
    try:
        if one is None:
            return (part(low)[0] if low else -math.inf), (part(high)[1] if high else math.inf)
        first, last = part(one)
    except (ValueError, OverflowError):  # no such day
        return None
    return {
        "": (first, last), "=": (first, last), ">=": (first, math.inf), "<=": (-math.inf, last),
        ">": (math.nextafter(last, math.inf), math.inf), "<": (-math.inf, math.nextafter(first, -math.inf)),
    }[sign]  # fmt: skip


def _seed(value: str) -> tuple[int, int] | None:
    if not re.fullmatch(r"-?\d{1,20}", value, re.ASCII) or abs(int(value)) >= _HIGHEST:
        return None
    return int(value), int(value)


def _number(text: str) -> tuple[float, float]:
    return float(text), float(text)


def _dates(text: str) -> tuple[int, int]:
    """Give the first and the last millisecond of a year, a month or a day, by the clock of this place."""
    year, month, day, *_ = *map(int, text.split("-")), 0, 0
    if day:
        after = date.fromordinal(date(year, month, day).toordinal() + 1)
    else:
        after = date(year + month // 12, month % 12 + 1, 1) if month else date(year + 1, 1, 1)
    return _millis(date(year, month or 1, day or 1)), _millis(after) - 1


def _millis(day: date) -> int:
    return int(datetime.combine(day, time()).astimezone().timestamp()) * 1000
