"""Search: the pictures of an archive that match a query, best first, and why they do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from promptcodec.archive.indexing import documents
from promptcodec.archive.indexing.facts import Facts, facts_of
from promptcodec.archive.indexing.index import Index, dictionaries_of
from promptcodec.archive.indexing.index_file import BUSY, is_busy
from promptcodec.archive.indexing.looks import CHUNK, Look, Looks
from promptcodec.archive.record import Record
from promptcodec.archive.searching import colours, query, spelling
from promptcodec.archive.searching.ranking import LIMIT, Answer, Hit, rank
from promptcodec.archive.searching.why import Reason, why
from promptcodec.archive.store import Archive
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, HeldUpError, PromptcodecError, UsageError

Value = TypeVar("Value")

MOST_MISSING = 10
"""Words that no picture has, of which it is said."""


@dataclass(frozen=True, slots=True)
class Result:
    """A picture that matches.

    Attributes:
        record: of the archive.
        score: more is better: BM25 where words rank, from 0 without an end; 0..1 where colours or likeness
            do; 0 where nothing does, and the newest come first.
        why: what matched.
        grid: rows and columns of the cells that are named there; None where the picture has no words.
        lacks: words of the query that this picture has not, but others have.
    """

    record: Record
    score: float
    why: tuple[Reason, ...]
    grid: tuple[int, int] | None = None
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remarks:
    """What there is to know of a search beside its results.

    Attributes:
        missing: words of the query that no picture has, each with one that is spelt much like it, ``""`` for
            none.
        unused: words that only names have, and that were not asked for as such, each with a field of names.
        closest: no picture matches enough of the words; these match the most of them.
        nearest: none has the colours; these come nearest to them.
        colours: the query, where it was read as one of colours.
    """

    missing: dict[str, str]
    unused: dict[str, str]
    closest: bool
    nearest: bool
    colours: str


@dataclass(frozen=True, slots=True)
class Results(Remarks):
    """What a search gives.

    Attributes:
        results: best first.
    """

    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Ranking(Remarks):
    """What a search gives before anything is read of the archive: ``shown`` makes results of it.

    Attributes:
        hits: best first.
        looks: of each, where colours were asked for or another picture was given, else None.
        asked: what was asked for.
        like: how the other picture looks.
        named: words of the query that decided as names.
    """

    hits: tuple[Hit, ...]
    looks: tuple[Look | None, ...]
    asked: query.Query
    like: Look | None
    named: tuple[str, ...]


def search(
    archive: Archive,
    index: Index,
    text: str,
    *,
    like: Look | None = None,
    limit: int = LIMIT,
    everything: bool = False,
) -> Results:
    """Search an archive.

    Args:
        archive: open.
        index: of it, open. One that turns out to be damaged is made anew.
        text: the query; see ``query``.
        like: how a picture looks that others are to be like; the query may be empty then.
        limit: results at most.
        everything: one word of the query is enough.

    Raises:
        UsageError: the query is empty or wrong, or another program is writing the index for long.
        MissingError: a damaged index cannot be made anew.
    """
    ranking = ranked(archive, index, text, like=like, limit=limit, everything=everything)
    remarks: dict[str, Any] = {each.name: getattr(ranking, each.name) for each in fields(Remarks)}
    return Results(**remarks, results=shown(archive, index, ranking, slice(None)))


def ranked(
    archive: Archive,
    index: Index,
    text: str,
    *,
    like: Look | None = None,
    limit: int = LIMIT,
    everything: bool = False,
    known: Looks = (),
) -> Ranking:
    """Search an index; arguments and errors are those of ``search``, ``known`` is as for ``rank``."""
    asked, plain = _parsed(text)
    if not asked.words and not asked.filters and like is None:
        raise UsageError("the query names nothing to search for")

    def attempt() -> Answer:
        return rank(index.base, asked, like=like, limit=limit, everything=everything, known=known)

    answer = _renewing(archive, index, attempt)
    dictionaries = dictionaries_of(archive)
    missing = {
        word: spelling.alike(archive, index.base, word, dictionaries)
        for word in answer.missing[:MOST_MISSING]
    }
    by_name = not answer.worded
    return Ranking(
        missing,
        {} if by_name else answer.named,
        answer.closest,
        answer.nearest,
        plain,
        answer.hits,
        tuple(_look(answer.looks, hit.doc) for hit in answer.hits),
        asked,
        like,
        tuple(answer.named) if by_name else (),
    )


def shown(
    archive: Archive,
    index: Index,
    ranking: Ranking,
    which: slice,
    facts: Callable[[Record, Sequence[Dictionary]], Facts] = facts_of,
) -> tuple[Result, ...]:
    """Read some of the pictures that a search ranks, and why they match.

    Args:
        archive: open.
        index: of it, that was searched.
        ranking: of the search.
        which: of its hits; one that was removed meanwhile, or is damaged, is left out.
        facts: gives what may be shown of a record.
    """
    hits = zip(ranking.hits[which], ranking.looks[which], strict=True)
    matching = _renewing(archive, index, lambda: list(_records(archive, index.base, hits)))
    dictionaries = dictionaries_of(archive)
    own = [(facts(record, dictionaries), look) for _, look, record in matching]
    matches = why(ranking.asked, own, ranking.like, ranking.named)
    grids = [(each.description.rows, each.description.cols) if each.description else None for each, _ in own]
    elsewhere = {*ranking.missing, *ranking.unused}
    return tuple(
        Result(
            record, hit.score, each.reasons, grid, tuple(word for word in each.lacks if word not in elsewhere)
        )
        for (hit, _, record), each, grid in zip(matching, matches, grids, strict=True)
    )


def matching_ids(
    archive: Archive, index: Index, text: str, limit: int | None = None
) -> tuple[tuple[bytes, ...], Answer]:
    """Give the ids of the pictures that match a query, best first, and the answer that they are of.

    Args:
        archive: open.
        index: of it, as for ``search``.
        text: the query.
        limit: ids at most; None for all.

    Raises:
        UsageError, MissingError: as ``search``.
    """
    asked, _ = _parsed(text)
    if not asked.words and not asked.filters:
        raise UsageError("the query names nothing to search for")

    def attempt() -> tuple[tuple[bytes, ...], Answer]:
        answer = rank(index.base, asked, limit=limit or max(documents.size(index.base), 1))
        rows = (index.base.execute("SELECT id FROM doc WHERE doc = ?", (hit.doc,)) for hit in answer.hits)
        return tuple(id_ for row in rows for (id_,) in row), answer

    return _renewing(archive, index, attempt)


def _parsed(text: str) -> tuple[query.Query, str]:
    """Read a query; give also the colours that it was read as, ``""`` for none."""
    plain = colours.spoken(text)
    return query.parse(f'color:"{plain}"' if plain else text), plain


def _renewing(archive: Archive, index: Index, attempt: Callable[[], Value]) -> Value:
    """Ask an index; make it anew where it turns out to be damaged."""
    try:
        return attempt()
    except PromptcodecError:
        raise
    except Exception as error:  # noqa: BLE001 - what is damaged may fail in any way
        if is_busy(error):
            raise HeldUpError(BUSY) from None
        index.renew(archive)
        return attempt()


def _records(
    archive: Archive, base: sqlite3.Connection, hits: Iterable[tuple[Hit, Look | None]]
) -> Iterator[tuple[Hit, Look | None, Record]]:
    """Give the records of hits; one that was removed meanwhile, or is damaged, is left out."""
    for hit, look in hits:
        for (id_,) in base.execute("SELECT id FROM doc WHERE doc = ?", (hit.doc,)):
            with suppress(BitstreamError):
                if record := archive.get(id_):
                    yield hit, look, record


def _look(looks: Looks, doc: int) -> Look | None:
    return looks[doc // CHUNK].look(doc % CHUNK) if looks else None
