"""Why a picture matches: the words and cells that a query matched, of the few results that are shown."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from promptcodec.archive.indexing import facts, words
from promptcodec.archive.indexing.documents import quoted, storable
from promptcodec.archive.indexing.facts import Facts
from promptcodec.archive.indexing.looks import Look
from promptcodec.archive.searching import colours
from promptcodec.archive.searching.query import COLOUR, Filter, Query
from promptcodec.layers import signature

LONGEST = 16
"""Words that are shown of a text."""

_MARKS = ("\x02", "\x03")


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that matched.

    Attributes:
        field: where: a field of a query; of a cell as ``cell r2c3``; ``like`` of another picture.
        text: what stands there; of a long text the part that matched.
        words: of the text, as they stand there, that the query's words, phrases and fields match.
    """

    field: str
    text: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """How far a picture matches.

    Attributes:
        reasons: what matched.
        lacks: words of the query that neither its texts nor its names have; those of grammar do not count.
    """

    reasons: tuple[Reason, ...]
    lacks: tuple[str, ...]


def why(
    asked: Query,
    results: Sequence[tuple[Facts, Look | None]],
    like: Look | None = None,
    named: Sequence[str] = (),
) -> list[Match]:
    """Say why pictures match, and what of the query they have not.

    Args:
        asked: what was asked for.
        results: what each says, and how it looks where colours were asked for or another picture was given.
        like: how that one looks.
        named: words that only names have.
    """
    spoken = _spoken(asked, [own for own, _ in results])
    return [
        Match(
            (
                *reasons,
                *_named(named, own),
                *_fields(asked, own),
                *_colours(asked, look),
                *_likeness(like, look),
            ),
            tuple(word for word in lacks if word not in named),
        )
        for (reasons, lacks), (own, look) in zip(spoken, results, strict=True)
    ]


def _spoken(asked: Query, results: Sequence[Facts]) -> list[tuple[list[Reason], list[str]]]:
    """Give the texts of each result that words, phrases and fields of words match, by the same stems.

    With them come the words that none of its texts match.
    """
    telling = [word for word in dict.fromkeys(asked.words) if word.casefold() not in words.GRAMMAR]
    anywhere = [quoted(text) for text in (*(telling or asked.words), *asked.phrases)]
    within = [each for each in asked.filters if each.field in facts.SPOKEN and not each.excluded]
    expressions = [(" OR ".join(anywhere), "")] if anywhere else []
    expressions += [(quoted(each.text), each.field) for each in within]
    if not expressions:
        return [([], []) for _ in results]
    texts = [(number, *text) for number, each in enumerate(results) for text in _texts(each)]
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute(f"CREATE VIRTUAL TABLE entry USING fts5(text, tokenize='{words.TOKENIZER}')")
        base.executemany("INSERT INTO entry VALUES (?)", ((_unmarked(text),) for *_, text in texts))
        matched: dict[int, str] = {}
        for expression, field in expressions:
            rows = base.execute(
                "SELECT rowid, snippet(entry, 0, ?, ?, '...', ?) FROM entry WHERE entry MATCH ?",
                (*_MARKS, LONGEST, expression),
            )
            for row, text in rows:
                if not field or texts[row - 1][1].partition(" ")[0] == field:
                    matched.setdefault(row, text)
        having = {
            word: {
                texts[row - 1][0]
                for (row,) in base.execute("SELECT rowid FROM entry WHERE entry MATCH ?", (quoted(word),))
            }
            for word in telling
        }
    reasons: list[list[Reason]] = [[] for _ in results]
    for row, text in sorted(matched.items()):
        number, field, _ = texts[row - 1]
        reasons[number].append(Reason(field, _unmarked(text, ""), _marked(text)))
    return [
        (own, [word for word in telling if number not in having[word]]) for number, own in enumerate(reasons)
    ]


def _unmarked(text: str, instead: str = " ") -> str:
    """Give a text without marks, which stand around what matched."""
    return storable(text).translate(dict.fromkeys(map(ord, _MARKS), instead))


def _marked(text: str) -> tuple[str, ...]:
    """Give what stands between marks, each once."""
    start, end = _MARKS
    return tuple(dict.fromkeys(part.partition(end)[0] for part in text.split(start)[1:]))


def _texts(own: Facts) -> Iterator[tuple[str, str]]:
    if own.description:
        yield from words.texts_of(own.description)
    for tag in own.tags:
        yield "tag", tag
    yield "prompt", own.prompt


def _named(words: Sequence[str], own: Facts) -> Iterator[Reason]:
    """Give the names and the seed that words of the query are, each once."""
    yield from dict.fromkeys(
        reason for word in words for field in facts.NAMES for reason in _names(field, word, own)
    )
    if str(own.numbers.get("seed")) in words:
        yield Reason("seed", str(own.numbers["seed"]))


def _names(field: str, text: str, own: Facts) -> Iterator[Reason]:
    start = facts.squeezed(text)
    for name in own.names.get(field, ()):
        if any(word.startswith(start) for word in facts.beginnings(name).split()):
            yield Reason(field, name)


def _fields(asked: Query, own: Facts) -> Iterator[Reason]:
    """Give the names and numbers that were asked for."""
    for each in asked.filters:
        if each.excluded:
            continue
        if each.field in facts.NAMES:
            yield from _names(each.field, each.text, own)
        elif each.field in own.numbers:
            yield Reason(each.field, _number(each, own))


def _number(one: Filter, own: Facts) -> str:
    value = own.numbers[one.field]
    if one.field == "time":
        return datetime.fromtimestamp(value / 1e3).astimezone().isoformat(" ", "seconds")
    return str(value)


def _colours(asked: Query, look: Look | None) -> Iterator[Reason]:
    """Say how much of a picture has each colour that was asked for, and where."""
    for each in asked.filters:
        if each.field == COLOUR and not each.excluded and look:
            clauses = colours.parse(each.text)
            for clause, cells in zip(clauses, colours.matches(look.colours, clauses), strict=True):
                yield Reason(COLOUR, f"{clause}: {colours.spread(clause, cells)}")


def _likeness(like: Look | None, look: Look | None) -> Iterator[Reason]:
    """Say in what a picture is like the one that was given, 0..1."""
    if not like or not look:
        return
    if like.signature and look.signature:
        parts = signature.parts(like.signature, look.signature)
        yield Reason("like", ", ".join(f"{name} {1 - apart:.0%}" for name, apart in parts.items()))
    else:
        yield Reason("like", "colours")
