"""An archive's records: putting, getting, listing, removing.

page      records sorted by id, many to a blob: what ``compact`` makes of the journal
journal   what was put or removed since, numbered; of one id the newest entry holds
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from promptcodec.archive import record
from promptcodec.archive.file import dictionaries, page
from promptcodec.archive.file.database import Database, damaged, fresh
from promptcodec.archive.file.schema import FAILURES_SINCE
from promptcodec.archive.file.walk import Located, walk
from promptcodec.archive.record import ID_BYTES, Failure, Record
from promptcodec.errors import BitstreamError, MissingDictionary, OutputExistsError, UsageError
from promptcodec.files import exists, write_whole

if TYPE_CHECKING:
    from promptcodec.entropy.dictionary import Dictionary

UID_BYTES = 16
NUMBER_BYTES = 8
_LAST = 1 << 62
"""No journal gets that far; SQLite counts to twice as much."""
_PUT_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)"


def create(path: str | Path) -> Archive:
    """Make an empty archive; give it, to be written.

    Raises:
        OutputExistsError: there is something at ``path``.
        UsageError: it cannot be written.
    """
    meta = {"uid": os.urandom(UID_BYTES), "compacted": bytes(NUMBER_BYTES)}
    data = fresh([(_PUT_META, (name, _sealed_meta(name, value))) for name, value in meta.items()])
    if exists(path):
        raise OutputExistsError(f"{path} exists; choose another name for the archive")
    write_whole(str(path), data, overwrite=False)
    return Archive(Path(path), write=True)


def open(  # noqa: A001 - as files are opened
    path: str | Path,
    write: bool = False,  # noqa: FBT001, FBT002
    *,
    patience: float | None = None,
) -> Archive:
    """Open an archive.

    Args:
        path: the file.
        write: records are to be put or removed.
        patience: seconds to wait for another program, None for a minute.

    Raises:
        UsageError: it is no archive, or cannot be opened so.
        NewerError: a newer version wrote it.
        BitstreamError: it is damaged.
    """
    return Archive(Path(path), write=write, patience=patience)


class Archive:
    """An open archive; ``with`` closes it.

    Every method raises HeldUpError where another program is in the way for too long, UsageError where nothing
    can be written,
    and BitstreamError where what it needs is damaged.

    Attributes:
        path: the file.
        database: the connection to it.
    """

    def __init__(self, path: Path, *, write: bool, patience: float | None = None) -> None:
        """Open it, see ``open``."""
        self.path = path
        self.database = Database(path, write=write, patience=patience)
        self._roots = _Roots(self.roots)
        self._state = self._checked = -1
        self._tables: dict[int, Dictionary] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self.database.close()

    @cached_property
    def uid(self) -> bytes:
        """Give what tells this archive from all others: UID_BYTES, chosen when it was made."""
        return self.meta("uid")

    def get(self, id: bytes) -> Record | None:  # noqa: A002 - an id is what it takes
        """Give the record with this id; None where there is none."""
        with self.database.reading():
            located = self.locate(id)
            return self.read(located) if located else None

    def has(self, ids: Iterable[bytes]) -> set[bytes]:
        """Give those of these ids whose records are there; a damaged one is not: it may be put again."""
        there: set[bytes] = set()
        for id_ in ids:
            with suppress(BitstreamError):
                if self.get(id_):
                    there.add(id_)
        return there

    def matching(self, prefix: str) -> list[bytes]:
        """Give the ids that start with these hexadecimal digits, in order.

        Raises:
            UsageError: these are no digits, or too many.
        """
        digits = 2 * ID_BYTES
        try:
            low, high = (page.key_of(bytes.fromhex(prefix.ljust(digits, fill))) for fill in "0f")
        except ValueError:
            raise UsageError(
                f"{prefix!r} is not the start of an id: {digits} digits or fewer, 0-9 and a-f"
            ) from None
        return [
            each.id for each in walk(self.database, low, high) if each.id.hex().startswith(prefix.lower())
        ]

    def records(self) -> Iterator[Record]:
        """Give all records in the order of their ids; damaged ones are passed over.

        Others may write meanwhile: what they put or remove may be given or not.
        """
        for located in walk(self.database):
            with suppress(BitstreamError):
                yield self.read(located)

    def stored(self) -> Iterator[Record]:
        """Give all records as ``records`` does, their streams as they are stored: no text is coded again."""
        for located in walk(self.database):
            with suppress(BitstreamError):
                yield self.read_stored(located)

    def ids(self) -> Iterator[bytes]:
        """Give the ids of all records in order; damaged ones are passed over."""
        return (located.id for located in walk(self.database))

    def put(self, records: Iterable[Record]) -> int:
        """Put records, all or none; they are durable at the end. One whose id is there replaces the older.

        Returns:
            how many.
        """
        batch = list(records)
        with self.database.writing():
            numbers = self._numbers(place.root for each in batch for place in each.places)
            entries = ((each.id, page.write([record.write(each, numbers)])) for each in batch)
            self._append(self.newest(), entries)
        return len(batch)

    def remove(self, ids: Iterable[bytes]) -> int:
        """Remove records, all or none, and overwrite their bytes in the file.

        Returns:
            how many there were.
        """
        with self.database.writing():
            newest = self.newest()  # an index may have seen the entry that is erased
            there = list(self._erase(sorted(set(ids))))
            self._append(newest, ((id_, page.seal(page.REMOVAL, id_)) for id_ in there))
        return len(there)

    def changes(self, since: int) -> tuple[list[bytes], int] | None:
        """Give the ids that were put or removed after an entry of the journal.

        Returns:
            the ids, and the number of the newest entry; None where the journal does not say: ``compact`` has
            moved on, or there is no such entry yet.
        """
        with self.database.reading():
            newest = self.newest()
            if not self._compacted() <= since <= newest:
                return None
            rows = self.database.blobs("SELECT data FROM journal WHERE number > ? ORDER BY number", (since,))
        return list(dict.fromkeys(id_of_entry(blob) for (blob,) in rows)), newest

    def newest(self) -> int:
        """Give the number of the newest entry of the journal, whether it is still there or compacted."""
        ((number,),) = self.database.run("SELECT max(number) FROM journal")
        number = self._compacted() if number is None else int(number)
        if number > _LAST:
            raise damaged(f"its journal counts to {number}")
        return number

    def dictionaries(self) -> tuple[Dictionary, ...]:
        """Give the dictionaries that streams of the archive may need."""
        return dictionaries.kept(self.database)

    def put_dictionaries(self, new: Iterable[Dictionary]) -> None:
        """Keep dictionaries that streams need."""
        with self.database.writing():
            dictionaries.keep(self.database, new)
            self._state = self._checked = -1  # one's own changes are no others' state

    def failures(self) -> list[Failure]:
        """Give the files that could not be added, sorted."""
        if self.database.version < FAILURES_SINCE:
            return []
        with self.database.reading():
            rows = self.database.run(
                "SELECT root, CAST(path AS BLOB), CAST(time AS INTEGER), CAST(kind AS TEXT), "
                "CAST(message AS TEXT) FROM failure ORDER BY root, path"
            )
            roots = self.roots()
        try:
            return [Failure(roots[root], record.path_text(path), *others) for root, path, *others in rows]
        except KeyError as error:
            raise damaged(f"a failure names folder {error}, which is not known") from None

    def note_failures(self, failures: Iterable[Failure]) -> None:
        """Keep files that could not be added; one that is there already is replaced."""
        batch = list(failures)
        with self.database.writing():
            numbers = self._numbers(each.root for each in batch)
            rows = [
                (numbers[each.root], record.path_bytes(each.path), each.time, each.kind, each.message)
                for each in batch
            ]
            self.database.run_many("INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?)", rows)

    def forget_failures(self, files: Iterable[tuple[str, str]]) -> None:
        """Forget failures of files, each given by root and path."""
        with self.database.writing():
            numbers = {root: number for number, root in self.roots().items()}
            rows = [(numbers.get(root), record.path_bytes(path)) for root, path in files]
            self.database.run_many("DELETE FROM failure WHERE root = ? AND path = ?", rows)

    def roots(self) -> dict[int, str]:
        """Give the folders that places name, by number; a damaged one is not there."""
        rows = self.database.blobs("SELECT number, data FROM root")
        known = {number: root for number, blob in rows if (root := read_root(number, blob)) is not None}
        return {0: ""} | known

    def locate(self, id_: bytes) -> Located | None:
        """Find a record, inside a transaction where it is to be read; None where there is none."""
        key = page.key_of(id_)
        rows = self.database.blobs("SELECT data FROM journal WHERE key = ? ORDER BY number DESC", (key,))
        for (blob,) in rows:
            if page.is_sound(blob, page.REMOVAL):
                if blob[page.HEAD_BYTES :] == id_:
                    return None
            elif span := page.find(blob, id_):
                return Located(id_, blob, span)
        rows = self.database.blobs(
            "SELECT data FROM page WHERE key = (SELECT max(key) FROM page WHERE key <= ?)", (key,)
        )
        for (blob,) in rows:
            if span := page.find(blob, id_):
                return Located(id_, blob, span)
        return None

    def read(self, located: Located) -> Record:
        """Read a record that was located; its stream needs no table of the archive."""
        stored = self.read_stored(located)
        self._update_tables()
        if not self._tables:
            return stored
        from promptcodec.archive.texts import adapt  # noqa: PLC0415 - few archives have a table

        try:
            return replace(stored, stream=adapt.alone(stored.stream, tuple(self._tables.values())))
        except MissingDictionary as error:
            raise damaged(str(error)) from None

    def read_stored(self, located: Located) -> Record:
        """Read a record that was located, with its stream as it is stored."""
        return record.read(located.blob, located.span, self._roots)

    def _update_tables(self) -> None:
        """Know the archive's tables of texts. Older ones stay known: what was read before may need them."""
        if self._checked == self.database.transactions:
            return
        ((state,),) = self.database.run("PRAGMA data_version")  # another one once others have written
        if state != self._state and (kept := self.dictionaries()):
            from promptcodec.archive.texts.table import slot_of  # noqa: PLC0415 - few archives have a table

            self._tables |= {slot: each for each in kept if (slot := slot_of(each)) is not None}
        self._state, self._checked = state, self.database.transactions

    def meta(self, name: str) -> bytes:
        """Give a value that belongs to the archive as a whole."""
        rows = self.database.blobs("SELECT data FROM meta WHERE name = ?", (name,))
        if not rows:
            raise damaged(f"it does not say its {name}")
        sealed = page.unseal(page.META, rows[0][0], f"the archive's {name}")
        return sealed.removeprefix(name.encode() + b"\0")

    def put_meta(self, name: str, value: bytes) -> None:
        """Put such a value, inside a transaction that writes."""
        self.database.run(_PUT_META, (name, _sealed_meta(name, value)))

    def _compacted(self) -> int:
        return int.from_bytes(self.meta("compacted"), "big")

    def _append(self, newest: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Append entries to the journal behind the newest: ids and blobs."""
        start = newest + 1
        rows = ((number, page.key_of(id_), blob) for number, (id_, blob) in enumerate(entries, start))
        self.database.run_many("INSERT INTO journal VALUES (?, ?, ?)", rows)

    def _erase(self, ids: Iterable[bytes]) -> Iterator[bytes]:
        """Take records out of pages and journal; give the ids of those that were there."""
        for id_ in ids:
            if not self.locate(id_):
                continue
            yield id_
            key = page.key_of(id_)
            for number, blob in self.database.blobs("SELECT number, data FROM journal WHERE key = ?", (key,)):
                if id_of_entry(blob) == id_:
                    self.database.run("DELETE FROM journal WHERE number = ?", (number,))
            rows = self.database.blobs(
                "SELECT key, data FROM page WHERE key <= ? ORDER BY key DESC LIMIT 1", (key,)
            )
            for page_key, blob in rows:
                self._rewrite(page_key, blob, id_)

    def _rewrite(self, key: int, blob: bytes, without: bytes) -> None:
        span = page.find(blob, without)
        if span is None:
            return
        page.unseal(page.PAGE, blob, "the page of a record that is to be removed")
        others = [blob[each.start : each.end] for each in page.spans(blob) if each != span]
        if others:
            self.database.run("UPDATE page SET data = ? WHERE key = ?", (page.write(others), key))
        else:
            self.database.run("DELETE FROM page WHERE key = ?", (key,))

    def _numbers(self, roots: Iterable[str]) -> dict[str, int]:
        """Give the numbers of roots; new ones get the next, inside a transaction that writes."""
        numbers = {root: number for number, root in self.roots().items()}
        new = [root for root in dict.fromkeys(roots) if root not in numbers]
        if new:
            ((last,),) = self.database.run("SELECT max(number) FROM root")
            numbers |= {root: number for number, root in enumerate(new, (last or 0) + 1)}
            rows = [(numbers[root], sealed_root(numbers[root], root)) for root in new]
            self.database.run_many("INSERT INTO root VALUES (?, ?)", rows)
        return numbers


class _Roots(dict[int, str]):
    """Folders by number, read when one is asked for that is new: a number never becomes another folder's."""

    def __init__(self, read: Callable[[], dict[int, str]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, number: int) -> str:
        self.update(self._read())
        if number not in self:
            raise KeyError(number)
        return self[number]


def sealed_root(number: int, root: str) -> bytes:
    """Make the blob of a root: its number is in it, so that it cannot be taken for another."""
    return page.seal(page.ROOT, b"%d\0%b" % (number, record.path_bytes(root)))


def read_root(number: int, blob: bytes) -> str | None:
    """Give the root of a blob; None where it is damaged."""
    start = b"%d\0" % number
    body = blob[page.HEAD_BYTES :]
    if not page.is_sound(blob, page.ROOT) or not body.startswith(start):
        return None
    return record.path_text(body.removeprefix(start))


def _sealed_meta(name: str, value: bytes) -> bytes:
    return page.seal(page.META, name.encode() + b"\0" + value)


def id_of_entry(blob: bytes) -> bytes:
    """Give the id that an entry of the journal is about."""
    start = page.HEAD_BYTES + (blob[:1] == bytes([page.PAGE]))  # a page of one record: its count has one byte
    return blob[start : start + ID_BYTES]
