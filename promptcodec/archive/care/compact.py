"""Merging the journal into pages whose lengths waste nothing of SQLite's own pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from itertools import pairwise
from typing import TYPE_CHECKING

from promptcodec.archive import record
from promptcodec.archive.file import dictionaries, page
from promptcodec.archive.file.database import Database, damaged
from promptcodec.archive.file.schema import LEAST_LOCAL, OVERFLOW
from promptcodec.archive.file.walk import FIRST_KEY, LAST_KEY, entries_from, newest_of
from promptcodec.archive.store import NUMBER_BYTES, Archive

if TYPE_CHECKING:
    from promptcodec.entropy.dictionary import Dictionary

# Of a blob, in bytes. A longer one has less around it, and takes longer to read for one record.
SHORTEST, LONGEST = 64 << 10, 128 << 10
# What SQLite writes before a blob of these lengths: its head's length, a type of one byte, one of three.
_BEFORE = 5


def table_of(archive: Archive) -> Dictionary | None:
    """Make a table of an archive's own texts; None where it would not make the archive smaller."""
    from promptcodec.archive.texts import adapt  # noqa: PLC0415 - heavy

    return adapt.train((each.stream for each in archive.records()), archive.dictionaries())


def compact(archive: Archive, table: Dictionary | None = None) -> None:
    """Merge the journal into the pages, and give free room back to the file system.

    A transaction of its own makes each step: an interrupt leaves the archive as before it or as after it. It
    needs about as much room again beside the file, and in the folder of temporary files, while it runs.

    Args:
        archive: open to be written.
        table: of ``table_of``: texts are coded with it, and those that were coded with others no more.

    Raises:
        BitstreamError: something is damaged; nothing was changed.
        UsageError: another program was in the way, or there is no room.
    """
    database = archive.database
    with database.writing():
        newest = archive.newest()
        items = _merged(database)
        if table is not None:
            items = _recoded(archive, items, table)
        for key, blob in paged(items):
            database.run("INSERT INTO page VALUES (?, ?)", (key, blob))
        database.run("DELETE FROM journal")
        archive.put_meta("compacted", newest.to_bytes(NUMBER_BYTES, "big"))
    database.run("VACUUM")


def _recoded(
    archive: Archive, items: Iterator[tuple[bytes, bytes]], table: Dictionary
) -> Iterator[tuple[bytes, bytes]]:
    """Code the texts of records with a table, and keep it in place of others."""
    from promptcodec.archive.texts import adapt  # noqa: PLC0415 - heavy
    from promptcodec.archive.texts.table import slot_of  # noqa: PLC0415

    others = [each for each in archive.dictionaries() if slot_of(each) is not None]
    roots = archive.roots()
    numbers = {root: number for number, root in roots.items()}
    for id_, data in items:
        each = record.read(data, record.locate(data, 0), roots)
        stream = adapt.recode(adapt.alone(each.stream, others), table)
        yield id_, record.write(replace(each, stream=stream), numbers)
    dictionaries.drop(archive.database, others)
    archive.put_dictionaries([table])


Items = Iterator[tuple[bytes, bytes | None]]
"""Ids in order, and the bytes of their records; None for one that was removed."""


def _merged(database: Database) -> Iterator[tuple[bytes, bytes]]:
    """Take all records out of the pages, in order, as the journal changes them."""
    last = b""
    # Of two with one id that of the journal comes first.
    for id_, data in merge(_of_journal(database), _of_pages(database), key=lambda item: item[0]):
        if id_ != last and data is not None:
            yield id_, data
        last = id_


def _of_journal(database: Database) -> Items:
    low = FIRST_KEY
    while low <= LAST_KEY:
        entries, low = entries_from(database, low, LAST_KEY + 1)
        for _, blob in entries:
            if page.kind_of(blob) not in (page.PAGE, page.REMOVAL):
                raise damaged("an entry of its journal does not match its checksum")
        newest, _ = newest_of(entries)
        for id_, located in sorted(newest.items()):
            yield id_, located.blob[located.span.start : located.span.end] if located else None


def _of_pages(database: Database) -> Items:
    # The page after it is looked up together with a page: until then no new one is behind what was read.
    rows = database.run("SELECT key FROM page ORDER BY key LIMIT 1")
    while rows:
        ((key,),) = rows
        ((blob,),) = database.blobs("SELECT data FROM page WHERE key = ?", (key,))
        rows = database.run("SELECT key FROM page WHERE key > ? ORDER BY key LIMIT 1", (key,))
        database.run("DELETE FROM page WHERE key = ?", (key,))
        if not page.is_sound(blob, page.PAGE) or (rows and rows[0][0] <= key):
            raise damaged("a page does not match its checksum, or is not where it belongs")
        for span in page.spans(blob):
            yield page.id_at(blob, span), blob[span.start : span.end]


def paged(records: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Make pages of sorted records, ids and bytes; give keys and blobs."""
    kept: list[tuple[bytes, bytes]] = []
    size, enough = 0, LONGEST
    for item in records:
        kept.append(item)
        size += len(item[1])
        if size > enough and (number := _best_cut(kept)):
            yield _page(kept[:number])
            size -= sum(len(data) for _, data in kept[:number])
            del kept[:number]
            enough = LONGEST
        elif size > enough:  # all share one key, and may go on to
            enough = 2 * size
    if kept:
        yield _page(kept)


def _page(records: Sequence[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    return page.key_of(records[0][0]), page.write([data for _, data in records])


def _best_cut(records: Sequence[tuple[bytes, bytes]]) -> int:
    """Give how many of these records make the page that wastes least; 0 where all share one key."""
    best, least = 0, OVERFLOW + 1
    length = page.HEAD_BYTES + 2  # the count has two bytes, or the page few records
    for number, ((id_, data), (following, _)) in enumerate(pairwise(records), 1):
        length += len(data)
        waste = -(_BEFORE + length - LEAST_LOCAL) % OVERFLOW if length >= SHORTEST else OVERFLOW
        # Records of one key stay together: a page is looked up by the first key in it.
        if waste < least and page.key_of(id_) != page.key_of(following):
            best, least = number, waste
    return best
