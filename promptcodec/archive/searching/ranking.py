"""Ranking: which documents of an index match a query, best first.

Words rank: BM25 over their stems, any word may match. Phrases, fields, colours and what is not wanted decide
which pictures there are to rank. So do names of files and models and seeds, where no text has any word. A
picture must match words that are worth SHARE of the query, each by how rare it is and those of grammar
nothing; where more than MOST pictures do, they must match more of them. Without words, pictures come by how
well they have the colours, by how like a picture they are, or else the newest first.

Where nothing matches so well, the answer is what comes nearest, and says so.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.archive.indexing import documents, facts, looks
from promptcodec.archive.indexing.documents import docs, quoted
from promptcodec.archive.indexing.words import GRAMMAR
from promptcodec.archive.searching import colours, similar
from promptcodec.archive.searching.query import ANY, COLOUR, Filter, Query
from promptcodec.errors import UsageError
from promptcodec.vision.colour import Floats

LIMIT = 10
SHARE = 0.4
"""How much of the worth of a query's words a picture must match.

Of three queries for each of 89 pictures with written descriptions of 400 characters, 248 of the 262 pictures
that match at all still do, and four pictures match a query.
"""

MOST = 10_000
"""Pictures that are ranked without asking more of them; BM25 takes a second for a million."""

MOST_COLOURS = 16
"""Colours of a query; each is looked for in every cell of every picture, which takes 0.05 s for 100,000."""

HARDLY = 0.05
"""A picture whose score of colours is no more than this has nothing of them."""

_LETTERS = 3
"""A shorter word has to be all of a name's word, not its beginning."""

_DIGITS = 20
"""The most that a seed has."""

_STRICTER = (SHARE, (1 + SHARE) / 2, 1.0)
_ROUNDING = 1e-5
_WORTHLESS = 1e-6
"""What FTS5 gives a word that more than half of all documents have."""

_NO_DOCS: npt.NDArray[np.int32] = np.zeros(0, np.int32)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that matches.

    Attributes:
        doc: its number.
        score: of words BM25, from 0 and without an end; of colours and of likeness 0..1; else 0.
    """

    doc: int
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gives.

    Attributes:
        hits: best first.
        missing: words of the query that no picture has.
        named: words that only names have, each with a field of names.
        worded: texts have words of the query that tell pictures apart; names do not decide then.
        closest: no picture matches enough of the words; these match the most of them.
        nearest: none has the colours; these come nearest to them.
        looks: of all documents; none where nothing asks for them.
    """

    hits: tuple[Hit, ...]
    missing: tuple[str, ...]
    named: dict[str, str]
    worded: bool
    closest: bool
    nearest: bool
    looks: looks.Looks


def rank(
    base: sqlite3.Connection,
    asked: Query,
    *,
    like: looks.Look | None = None,
    limit: int = LIMIT,
    everything: bool = False,
    known: looks.Looks = (),
) -> Answer:
    """Search an index.

    Args:
        base: the index.
        asked: what for.
        like: of a picture that others are to be like: that ranks them then, and words only decide.
        limit: hits at most.
        everything: one word of the query is enough.
        known: the looks of all documents, where somebody has read them; where there are more by now, they are
            read again.

    Raises:
        UsageError: a colour is none, or there are too many.
    """
    clauses = _clauses(asked)
    base.execute("BEGIN")  # others may write meanwhile
    try:
        count = documents.size(base)
        own = _looks(base, known, count) if clauses or like else ()
        score: Floats | None = None
        kept = _kept(base, asked.filters, count)
        coloured = np.ones(count, np.bool_)
        for each, parsed in clauses:
            met = colours.score(own, parsed)
            if each.excluded:
                kept &= met < colours.THRESHOLD
            else:
                coloured &= met >= colours.THRESHOLD
                score = met if score is None else np.minimum(score, met)
        if like:
            score = similar.score(like, own)
            kept &= score > 0
        worth = _worth(base, asked.words, count, everything=everything)
        for word in () if worth.telling else worth.named:
            kept &= _mask(_having_name(base, word), count)
        masks = [kept & coloured]
        if score is not None and not like:
            masks.append(kept & (score > HARDLY))
        attempts = _attempts(worth, masks, limit, everything=everything)
        enough, needs_all, closest, nearest = next(
            (each for each in attempts if each[0].any()), (_mask(_NO_DOCS, count), False, False, False)
        )
        wanted = [*(worth.words if everything else worth.telling or worth.words), *map(quoted, asked.phrases)]
        too_many = not (worth.telling or asked.phrases) and int(enough.sum()) > MOST
        if not enough.any():
            hits = []
        elif nearest and score is not None:
            hits = _best(score, enough & (score >= score[enough].max() / 2), limit)
        elif wanted and not like and not too_many:
            expression = (" AND " if needs_all else " OR ").join(wanted)
            hits = _ranked(base, expression, enough, limit)
        elif score is not None:
            hits = _best(score, enough, limit)
        else:
            hits = _newest(base, enough, limit)
    finally:
        base.execute("COMMIT")
    return Answer(tuple(hits), worth.missing, worth.named, bool(worth.telling), closest, nearest, own)


def _clauses(asked: Query) -> list[tuple[Filter, tuple[colours.Clause, ...]]]:
    clauses = [(each, colours.parse(each.text)) for each in asked.filters if each.field == COLOUR]
    if sum(len(parsed) for _, parsed in clauses) > MOST_COLOURS:
        raise UsageError(f"the query names more than {MOST_COLOURS} colours")
    return clauses


def _looks(base: sqlite3.Connection, known: looks.Looks, count: int) -> looks.Looks:
    return known if sum(map(len, known)) == count else looks.load(base)


@dataclass(frozen=True, slots=True)
class _Worth:
    """What words are worth.

    Attributes:
        words: those that some picture has, as FTS5 takes them.
        telling: of these, those that no more than half of all documents have, without those of grammar.
        missing: those that none has.
        named: those that none has but in names, each with a field of names.
        total: of all words.
        each: of every document, the sum of the words that it has.
    """

    words: tuple[str, ...]
    telling: tuple[str, ...]
    missing: tuple[str, ...]
    named: dict[str, str]
    total: float
    each: Floats


def _worth(base: sqlite3.Connection, words: Sequence[str], count: int, *, everything: bool) -> _Worth:
    """Weigh words as BM25 does: the rarer, the more.

    Those of grammar are left out, unless there are no others or everything is asked for.
    """
    each = np.zeros(count, np.float32)
    weights: dict[str, float] = {}
    content = [word for word in words if word not in GRAMMAR] or words
    missing: list[str] = []
    named: dict[str, str] = {}
    for word in words if everything else content:
        having = docs(base, "said WHERE said MATCH ?", quoted(word))
        if len(having):
            idf = math.log((count - len(having) + 0.5) / (len(having) + 0.5))
            weights[word] = max(idf, _WORTHLESS)
            each[having] += weights[word]
        elif word in content and len(_having_name(base, word)):
            named[word] = _field_of(base, word)
        elif word in content:
            missing.append(word)
    telling = [quoted(word) for word, weight in weights.items() if weight > _WORTHLESS]
    return _Worth(
        tuple(map(quoted, weights)), tuple(telling), tuple(missing), named, sum(weights.values()), each
    )


def _having_name(base: sqlite3.Connection, word: str, fields: str = "") -> npt.NDArray[np.int32]:
    """Give the documents with a name that begins so, or with this seed."""
    start = "*" if len(word) >= _LETTERS else ""
    having = docs(base, "named WHERE named MATCH ?", f"{fields}{quoted(word)} {start}")
    if fields or not word.isdecimal() or len(word) > _DIGITS:
        return having
    return np.concatenate([having, docs(base, "doc WHERE seed = ?", documents.number("seed", int(word)))])


def _field_of(base: sqlite3.Connection, word: str) -> str:
    having = (field for field in facts.NAMES if len(_having_name(base, word, f"{{{field}}} : ")))
    return next(having, "seed")


def _attempts(
    worth: _Worth, masks: Sequence[Mask], limit: int, *, everything: bool
) -> Iterator[tuple[Mask, bool, bool, bool]]:
    """Give what to be content with, one after another.

    Args:
        worth: of the words.
        masks: the documents that there are to choose from, those that have the colours first.
        limit: hits at most.
        everything: one word of the query is enough.

    Yields:
        The documents, whether they match all of the words, too little of them, and not the colours.
    """
    for nearest, kept in enumerate(masks):
        yield *_enough(worth, kept, limit, everything=everything), False, bool(nearest)
    for nearest, kept in enumerate(masks if worth.telling else ()):
        most = worth.each[kept].max(initial=len(worth.words) * _WORTHLESS)
        yield kept & (worth.each >= most * (1 - _ROUNDING)), False, True, bool(nearest)


def _enough(worth: _Worth, kept: Mask, limit: int, *, everything: bool) -> tuple[Mask, bool]:
    """Choose the documents that match enough of the words; say whether that is all of them."""
    if not worth.words:
        return kept & (bool(worth.named) or not worth.missing), True
    if everything:
        return kept & (worth.each > 0), False
    enough = kept
    for share in _STRICTER:
        stricter = kept & (worth.each >= share * worth.total * (1 - _ROUNDING))
        matching = int(stricter.sum())
        if share > SHARE and matching < limit:
            return enough, False
        enough = stricter
        if matching <= MOST:
            break
    return enough, share == 1


def _mask(which: npt.NDArray[np.int32], count: int) -> Mask:
    mask = np.zeros(count, np.bool_)
    mask[which] = True
    return mask


def _kept(base: sqlite3.Connection, filters: Iterable[Filter], count: int) -> Mask:
    """Give the documents that filters let pass; those of colours are not among them."""
    kept = np.ones(count, np.bool_)
    kept[docs(base, "gone")] = False
    for each in filters:
        if each.field == COLOUR:
            continue
        kept &= _mask(_passing(base, each), count) != each.excluded
    return kept


def _passing(base: sqlite3.Connection, one: Filter) -> npt.NDArray[np.int32]:
    if one.field in facts.NUMBERS:
        span = [documents.number(one.field, value) for value in (one.low, one.high)]
        return docs(base, f"doc WHERE {one.field} >= ? AND {one.field} <= ?", *span)
    if one.field in facts.NAMES:
        # Words of a name of a file stand apart; other names are one word, however they are written.
        value = one.text if one.field == "name" else facts.squeezed(one.text)
        return docs(base, "named WHERE named MATCH ?", f"{{{one.field}}} : {quoted(value)} *")
    field = "" if one.field == ANY else f"{{{one.field}}} : "
    return docs(base, "said WHERE said MATCH ?", field + quoted(one.text))


def _ranked(base: sqlite3.Connection, expression: str, kept: Mask, limit: int) -> list[Hit]:
    base.create_function("kept", 1, kept.tobytes().__getitem__, deterministic=True)
    rows = base.execute(
        "SELECT rowid, -bm25(said) AS score FROM said WHERE said MATCH ? AND kept(rowid)"
        " ORDER BY score DESC, rowid LIMIT ?",
        (expression, limit),
    )
    return [Hit(doc, score) for doc, score in rows]


def _best(score: Floats, kept: Mask, limit: int) -> list[Hit]:
    chosen = np.flatnonzero(kept)
    if len(chosen) > limit:
        least = np.partition(score[chosen], -limit)[-limit]
        chosen = chosen[score[chosen] >= least]
    order = np.argsort(-score[chosen], kind="stable")[:limit]
    return [Hit(int(doc), float(score[doc])) for doc in chosen[order]]


def _newest(base: sqlite3.Connection, kept: Mask, limit: int) -> list[Hit]:
    chosen = np.flatnonzero(kept)
    if len(chosen) <= MOST:
        which = f"doc IN ({', '.join(map(str, chosen))})"
    else:  # so many are soon found among the newest
        base.create_function("kept", 1, kept.tobytes().__getitem__, deterministic=True)
        which = "kept(doc)"
    statement = f"SELECT doc FROM doc WHERE {which} ORDER BY time DESC, doc LIMIT ?"  # noqa: S608 - numbers
    return [Hit(doc, 0.0) for (doc,) in base.execute(statement, (limit,))]
