"""Lists of pictures, a page at a time: a search is ranked once, and its pages are read off that."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.documents import storable
from promptcodec.archive.indexing.facts import facts_of
from promptcodec.archive.record import Record
from promptcodec.archive.searching.advice import advice
from promptcodec.archive.searching.search import Ranking, Result, ranked, shown
from promptcodec.archive.transfer.streams import standing_alone
from promptcodec.errors import BitstreamError
from promptcodec.server.gallery import Snapshot
from promptcodec.server.keeper import State
from promptcodec.server.public import name_of, public_facts
from promptcodec.server.shelf import Opened, absent

MOST = 1000
"""Pictures that a search lists."""

KEPT = 32
"""Searches whose ranking is remembered."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for.

    Attributes:
        query: as it was typed; may be empty where there is ``like``.
        like: the id of a picture that others are to be like; None for none.
    """

    query: str
    like: bytes | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the pictures of a list, as an answer has them.

    Attributes:
        total: of the whole list.
        start: the position of the first.
        images: one after another.
        advice: what to know of the search.
        more: there are more pictures than the list has.
    """

    total: int
    start: int
    images: list[dict[str, Any]]
    advice: list[str]
    more: bool = False

    def as_object(self) -> dict[str, Any]:
        """Make the object of the answer."""
        value: dict[str, Any] = {
            "total": self.total, "start": self.start, "images": self.images, "advice": self.advice,
        }  # fmt: skip
        return value | ({"more": True} if self.more else {})


class Rankings:
    """What searches gave, as long as the archive stays as it is."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Search, tuple[State, Ranking]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, opened: Opened, snapshot: Snapshot, search: Search) -> Ranking:
        """Give the ranking of a search.

        Args:
            opened: the archive.
            snapshot: of it.
            search: what for.

        Raises:
            UsageError: the query is wrong.
            Problem: there is no picture ``like``.
        """
        with self._lock:
            state, ranking = self._kept.get(search, (None, None))
            if ranking and state is opened.state:
                self._kept.move_to_end(search)
                return ranking
        ranking = _ranked(opened, snapshot, search)
        with self._lock:
            self._kept[search] = opened.state, ranking
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return ranking


def _ranked(opened: Opened, snapshot: Snapshot, search: Search) -> Ranking:
    """Rank one picture more than is listed, which tells whether there are more."""
    if search.like is None:
        return ranked(opened.archive, opened.index, search.query, limit=MOST + 1, known=snapshot.looks)
    row = opened.index.base.execute("SELECT doc FROM doc WHERE id = ?", (search.like,)).fetchone()
    if row is None:
        raise absent()
    like = looks.one(opened.index.base, row[0])
    ranking = ranked(
        opened.archive, opened.index, search.query, like=like, limit=MOST + 2, known=snapshot.looks
    )
    others = [at for at, hit in enumerate(ranking.hits) if hit.doc != row[0]]
    return replace(
        ranking,
        hits=tuple(ranking.hits[at] for at in others),
        looks=tuple(ranking.looks[at] for at in others),
    )


def every(opened: Opened, snapshot: Snapshot, start: int, limit: int) -> Page:
    """Give pictures of the whole archive, the newest first."""
    ids = map(snapshot.id, range(start, min(start + limit, len(snapshot))))
    images = []
    for id_ in ids:
        with suppress(BitstreamError):  # what is damaged is left out
            if record := opened.archive.get(id_):
                images.append(_row(record, snapshot))
    return Page(len(snapshot), start, images, [])


def matching(
    opened: Opened, snapshot: Snapshot, ranking: Ranking, start: int, limit: int, *, with_private: bool
) -> Page:
    """Give pictures that a search ranks, best first."""
    total = min(len(ranking.hits), MOST)
    facts = facts_of if with_private else public_facts
    results = shown(opened.archive, opened.index, ranking, slice(start, min(start + limit, total)), facts)
    images = [_row(each.record, snapshot) | _match(each) for each in results]
    return Page(total, start, images, advice(ranking, total), more=len(ranking.hits) > MOST)


def _row(record: Record, snapshot: Snapshot) -> dict[str, Any]:
    position = snapshot.position(record.id)
    if position is None:  # it is newer
        size, colours = (0, 0), looks.measure(record.stream).colours
    else:
        size, colours = snapshot.size(position), snapshot.colours[position].tobytes()
    return {
        "id": record.id.hex(),
        "name": name_of(record),
        "width": size[0],
        "height": size[1],
        "bytes": len(standing_alone(record.stream)),
        "colours": base64.b64encode(colours).decode(),
        "score": 0.0,
        "why": [],
        "lacks": [],
    }


def _match(result: Result) -> dict[str, Any]:
    value: dict[str, Any] = {
        "score": round(result.score, 6),
        "why": [
            {"field": each.field, "text": storable(each.text), "words": list(map(storable, each.words))}
            for each in result.why
        ],
        "lacks": list(map(storable, result.lacks)),
    }
    return value | ({"grid": list(result.grid)} if result.grid else {})
