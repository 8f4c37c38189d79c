"""The index of an archive: a file beside it that finds pictures, and can always be made anew.

It knows the last entry of the archive's journal that it has seen, and catches up from there whenever it is
opened. One that is damaged, of another version or of another archive is made anew. Where the folder of the
archive cannot be written, it is kept in the folder of what is kept between runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from promptcodec.archive.indexing import documents, index_file, looks
from promptcodec.archive.indexing.documents import Document
from promptcodec.archive.record import Record, place_key
from promptcodec.archive.store import Archive
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, MissingError, PromptcodecError

BATCH = 512
"""Documents that are read and written at once."""

Measured: TypeAlias = tuple[Record, bytes | None]
"""A record, and the signature that was measured of its picture, None where none was."""

Read: TypeAlias = Callable[[Iterable[list[Measured]], Sequence[Dictionary]], Iterable[list[Document]]]
"""Reads batches of records for an index, in their order."""


Progress: TypeAlias = Callable[[int], None]


def read(batches: Iterable[list[Measured]], dictionaries: Sequence[Dictionary]) -> Iterator[list[Document]]:
    """Read batches of records, one after another."""
    for batch in batches:
        yield [documents.document_of(record, signature, dictionaries) for record, signature in batch]


@dataclass(slots=True)
class Index:
    """An open index; ``with`` closes it.

    Attributes:
        path: its file.
        base: the connection to it.
        notices: what a user should know of how it was opened.
    """

    path: Path
    base: sqlite3.Connection
    notices: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.base.close()

    def place(self, root: str, path: str) -> tuple[bytes, int] | None:
        """Give the id of the picture that was at a place, and the time of its file; None where none was."""
        row = self.base.execute(
            "SELECT doc.id, place.time FROM place JOIN doc USING (doc) WHERE key = ?",
            (place_key(root, path),),
        ).fetchone()
        return (row[0], row[1]) if row else None

    def renew(self, archive: Archive) -> None:
        """Make a damaged index anew, see ``rebuild``."""
        self.base.close()
        notices = [*self.notices, index_file.anew(self.path)]
        other = rebuild(archive, notices=notices)
        self.path, self.base, self.notices = other.path, other.base, other.notices


def open(  # noqa: A001 - as a file
    archive: Archive,
    signatures: Mapping[bytes, bytes] | None = None,
    *,
    read: Read = read,
    progress: Progress = lambda _: None,
) -> Index:
    """Open the index of an archive, with all that is in the archive by now.

    Args:
        archive: open.
        signatures: by id, those that were measured of pictures, for records that are new.
        read: reads the records; another one may do so in several processes.
        progress: is told how many records were read so far.

    Raises:
        MissingError: it can be written nowhere.
    """
    notices: list[str] = []
    for path in index_file.paths(archive):
        base = index_file.usable(path, archive, notices)
        if base is None:
            continue
        try:
            _catch_up(base, archive, signatures or {}, read, progress)
        except PromptcodecError:
            base.close()
            raise
        except Exception as error:  # noqa: BLE001 - what is damaged may fail in any way
            if index_file.is_busy(error):
                notices.append("another program is writing the index: what is new may not be there yet")
                return Index(path, base, notices)
            base.close()
            if not isinstance(error, sqlite3.OperationalError):  # or else it cannot be written here
                notices.append(index_file.anew(path))
        else:
            return Index(path, base, notices)
    return rebuild(archive, signatures, notices=notices, read=read, progress=progress)


def update(archive: Archive, signatures: Mapping[bytes, bytes] | None = None, *, read: Read = read) -> None:
    """Put into the index what is new in an archive; see ``open``."""
    open(archive, signatures, read=read).base.close()


def rebuild(
    archive: Archive,
    signatures: Mapping[bytes, bytes] | None = None,
    *,
    notices: Iterable[str] = (),
    read: Read = read,
    progress: Progress = lambda _: None,
) -> Index:
    """Make the index anew, from the archive alone but for signatures that the old one knows.

    Args:
        archive: open.
        signatures: by id, as for ``open``.
        notices: what a user should know already.
        read: reads the records; another one may do so in several processes.
        progress: is told how many records were read so far.

    Raises:
        MissingError: it can be written nowhere.
    """
    failures = []
    for path in index_file.paths(archive):
        try:
            temporary = index_file.unfinished(path)
        except OSError as error:
            failures.append(f"{path} ({error.strerror})")
            continue
        try:
            with closing(sqlite3.connect(temporary, isolation_level=None)) as base:
                _fill(base, archive, signatures or {}, read, progress)
            # Who may read the archive may read its index; that is written by whoever makes it.
            Path(temporary).chmod(archive.path.stat().st_mode & 0o666 | 0o600)
            index_file.keep(temporary, path)
        except (sqlite3.OperationalError, OSError) as error:
            failures.append(f"{path} ({error})")
            continue
        finally:
            Path(temporary).unlink(missing_ok=True)
        return Index(path, index_file.connect(path), list(notices))
    raise MissingError(
        f"the index can be written neither way: {', '.join(failures)}",
        hint="PROMPTCODEC_CACHE names another folder for what is kept",
    )


def _fill(
    base: sqlite3.Connection,
    archive: Archive,
    signatures: Mapping[bytes, bytes],
    read: Read,
    progress: Progress,
) -> None:
    """Write an index into a new file, which nobody else knows."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = {index_file.CACHE}"):
        base.execute(f"PRAGMA {pragma}")
    documents.create(base)
    seen, known, count = archive.newest(), known_signatures(archive), 0
    measured = ((record, signatures.get(record.id) or known(record.id)) for record in archive.records())
    base.execute("BEGIN")
    for batch in read(_batches(measured), dictionaries_of(archive)):
        documents.add(base, batch)
        count += len(batch)
        progress(count)
    documents.optimise(base)
    base.execute("COMMIT")
    base.execute("VACUUM")  # a ninth of the file is room that merging words has left
    index_file.sign(base, archive.uid, seen)


def _batches(measured: Iterable[Measured]) -> Iterator[list[Measured]]:
    iterator = iter(measured)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def known_signatures(archive: Archive) -> Callable[[bytes], bytes | None]:
    """Give a function that gives the signature of an id, as far as an old index can be read."""
    for path in index_file.paths(archive):
        with suppress(sqlite3.Error, ValueError):  # what is damaged knows nothing
            if path.is_file():
                base = index_file.connect(path)
                if index_file.meta(base, "uid") == archive.uid:
                    return signatures_of(base)
                base.close()
    return lambda _: None


def signatures_of(base: sqlite3.Connection) -> Callable[[bytes], bytes | None]:
    """Give a function that gives the signature that an index has for an id."""

    @cache
    def load() -> looks.Looks:  # a hundred megabytes for a million documents, and few need it
        return looks.load(base)

    def signature(id_: bytes) -> bytes | None:
        with suppress(sqlite3.Error, ValueError, IndexError, TypeError):
            for (doc,) in base.execute("SELECT doc FROM doc WHERE id = ?", (id_,)):
                own: looks.Look = load()[doc // looks.CHUNK].look(doc % looks.CHUNK)
                return own.signature
        return None

    return signature


def dictionaries_of(archive: Archive) -> tuple[Dictionary, ...]:
    """Give the dictionaries of an archive, none where they are damaged: most pictures need none."""
    with suppress(BitstreamError):
        return archive.dictionaries()
    return ()


def _catch_up(
    base: sqlite3.Connection,
    archive: Archive,
    signatures: Mapping[bytes, bytes],
    read: Read,
    progress: Progress,
) -> None:
    """Bring an index to the state of its archive."""
    seen = index_file.meta(base, "seen")
    if seen == archive.newest() and not signatures:
        return
    changes = archive.changes(seen) if isinstance(seen, int) else None
    newest = archive.newest() if changes is None else changes[1]
    ids = _differences(base, archive) if changes is None else changes[0]
    removed: list[bytes] = []
    # Another program may have put records of these signatures into the index already.
    measured = _changed(base, archive, dict.fromkeys([*ids, *signatures]), signatures, removed)
    count = 0
    for batch in read(_batches(measured), dictionaries_of(archive)):
        with _writing(base):
            # Another program may have been here meanwhile, and may know what was measured of the pictures.
            new = [each for each in batch if each.look.signature or each.digest != _digest(base, each.id)]
            documents.drop(base, (each.id for each in new))
            documents.add(base, new)
        count += len(batch)
        progress(count)
    with _writing(base):
        documents.drop(base, removed)
        index_file.put_meta(base, "seen", newest)


def _changed(
    base: sqlite3.Connection,
    archive: Archive,
    ids: Iterable[bytes],
    signatures: Mapping[bytes, bytes],
    removed: list[bytes],
) -> Iterator[Measured]:
    """Give those records of some ids that the index has not as they are; note the ids that have none."""
    known = signatures_of(base)
    for id_ in ids:
        record = None
        with suppress(BitstreamError):  # what is damaged is not found
            record = archive.get(id_)
        if record is None:
            removed.append(id_)
        elif id_ in signatures or _digest(base, id_) != documents.digest_of(record):
            yield record, signatures.get(id_) or known(id_)


def _digest(base: sqlite3.Connection, id_: bytes) -> object:
    row = base.execute("SELECT digest FROM doc WHERE id = ?", (id_,)).fetchone()
    return row and row[0]


@contextmanager
def _writing(base: sqlite3.Connection) -> Iterator[None]:
    """Write all of it or nothing."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
        base.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            base.execute("ROLLBACK")
        raise


def _differences(base: sqlite3.Connection, archive: Archive) -> list[bytes]:
    """Give the ids of records that an index has not, or has otherwise, or has no more."""
    base.execute("CREATE TEMP TABLE present (id BLOB PRIMARY KEY, digest INTEGER) WITHOUT ROWID")
    base.execute("BEGIN")
    base.executemany(
        "INSERT INTO present VALUES (?, ?)",
        ((record.id, documents.digest_of(record)) for record in archive.records()),
    )
    base.execute("COMMIT")
    rows = base.execute(
        "SELECT id FROM doc LEFT JOIN present USING (id) WHERE doc.digest IS NOT present.digest"
        " UNION ALL SELECT id FROM present WHERE id NOT IN (SELECT id FROM doc)"
    ).fetchall()
    base.execute("DROP TABLE present")
    return [id_ for (id_,) in rows]
