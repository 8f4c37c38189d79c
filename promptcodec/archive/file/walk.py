"""All records of an archive in the order of their ids: pages and journal merged, a little at a time.

A reader holds up who writes, so each chunk is read on its own. Between two chunks records may be put, removed
or moved into other pages: a chunk is all that is there between two keys, however it is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

from promptcodec.archive.file import page
from promptcodec.archive.file.database import Database, damaged
from promptcodec.archive.record import ID_BYTES, Span

FIRST_KEY, LAST_KEY = page.key_of(bytes(ID_BYTES)), page.key_of(b"\xff" * ID_BYTES)
PAGES, ENTRIES = 16, 2048
"""What is read at a time, at most: pages, entries of the journal."""


@dataclass(frozen=True, slots=True)
class Located:
    """A record, and the bytes it is in."""

    id: bytes
    blob: bytes
    span: Span


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What is stored for the keys of ``low <= key < high``.

    Attributes:
        pages: which may also hold records outside.
        entries: key and blob, older ones of a key first.
    """

    low: int
    high: int
    pages: list[bytes]
    entries: list[tuple[int, bytes]]


def walk(database: Database, low: int = FIRST_KEY, high: int = LAST_KEY) -> Iterator[Located]:
    """Give the records whose keys are in ``low..high``; damaged ones are passed over.

    Raises:
        BitstreamError: the file is damaged so that it cannot be told what else there is.
    """
    for chunk in _chunks(database, low, high):
        yield from _merged(chunk)


def _chunks(database: Database, low: int, high: int) -> Iterator[_Chunk]:
    while low <= high:
        with database.reading():
            chunk = _read(database, low, high + 1)
        yield chunk
        if chunk.high <= low:
            raise damaged("its pages are not sorted")
        low = chunk.high


def _read(database: Database, low: int, high: int) -> _Chunk:
    """Read a chunk from ``low`` on that ends at ``high`` or before."""
    pages = database.blobs(
        "SELECT key, data FROM page WHERE key BETWEEN "
        "coalesce((SELECT max(key) FROM page WHERE key <= ?1), ?1) AND ?2 ORDER BY key LIMIT ?3",
        (low, min(high, LAST_KEY), PAGES + 1),
    )
    if len(pages) > PAGES:
        high = min(high, pages.pop()[0])
    entries, high = entries_from(database, low, high)
    return _Chunk(low, high, [blob for _, blob in pages], entries)


def entries_from(database: Database, low: int, high: int) -> tuple[list[tuple[int, bytes]], int]:
    """Read entries of the journal from key ``low`` on, older ones of a key first; none from ``high`` on.

    Returns:
        keys and blobs, and where they end: at ``high`` or, to be few, before.
    """
    keys = database.run(
        "SELECT key FROM journal WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 1 OFFSET ?",
        (low, high - 1, ENTRIES),
    )
    if keys:
        high = max(keys[0][0], low + 1)
    entries = database.blobs(
        "SELECT key, data FROM journal WHERE key BETWEEN ? AND ? ORDER BY key, number", (low, high - 1)
    )
    return entries, high


def _merged(chunk: _Chunk) -> Iterator[Located]:
    newest, unknown = newest_of(chunk.entries)
    fresh = sorted((item for item in newest.values() if item), key=lambda item: item.id)
    for item in merge(_of_pages(chunk), fresh, key=lambda item: item.id):
        if newest.get(item.id, item) is item and (item.id in newest or page.key_of(item.id) not in unknown):
            yield item


def _of_pages(chunk: _Chunk) -> Iterator[Located]:
    for blob in chunk.pages:
        for span in page.spans(blob):
            id_ = page.id_at(blob, span)
            if chunk.low <= page.key_of(id_) < chunk.high:
                yield Located(id_, blob, span)


def newest_of(entries: list[tuple[int, bytes]]) -> tuple[dict[bytes, Located | None], set[int]]:
    """Give the newest of each id, None for a removal; and the keys of which an entry is damaged.

    Whose entry it was cannot be told, so what is older of its key is not given either.
    """
    newest: dict[bytes, Located | None] = {}
    unknown: set[int] = set()
    for key, blob in entries:
        if page.is_sound(blob, page.REMOVAL):
            newest[blob[page.HEAD_BYTES :]] = None
        elif spans := list(page.spans(blob)):
            located = (Located(page.id_at(blob, span), blob, span) for span in spans)
            newest |= {item.id: item for item in located}
        else:
            unknown.add(key)
            newest = {id_: item for id_, item in newest.items() if page.key_of(id_) != key}
    return newest, unknown
