"""Checking an archive: SQLite's own structure, every checksum, every stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

from promptcodec import bitstream
from promptcodec.archive import store
from promptcodec.archive.care.salvage import Saved, salvage
from promptcodec.archive.care.wreck import Wreck
from promptcodec.archive.file import dictionaries, page
from promptcodec.archive.file.database import damaged
from promptcodec.archive.file.walk import ENTRIES, FIRST_KEY, LAST_KEY, PAGES, walk
from promptcodec.archive.record import Record
from promptcodec.archive.store import Archive, id_of_entry, read_root
from promptcodec.errors import BitstreamError, NewerError, PromptcodecError

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """What is so of a record, or of the archive as a whole.

    Attributes:
        id: of the record; None where the finding is of no record, or it cannot be told of which.
        name: of the picture, where it can be read.
        error: what is wrong; None where nothing is.
        savable: a record cannot be read as things are, but ``repair`` saves it.
    """

    id: bytes | None
    name: str | None = None
    error: PromptcodecError | None = None
    savable: bool = False


def verify(path: Path, known: Iterable[bytes] = ()) -> Iterator[Finding]:
    """Check an archive.

    Args:
        path: the file.
        known: ids that it should hold, as its index has them: so that lost ones can be named.

    Returns:
        a finding for each record, and one for each fault of the archive as a whole.

    Raises:
        UsageError, NewerError: it cannot be opened, for a reason that is no damage.
        BitstreamError: it is no archive.
    """
    try:
        with store.open(path) as archive:
            faults = list(faults_of(archive))
            yield from _of_faulty(path, archive, faults, known) if faults else _of_sound(archive)
    except NewerError:
        raise
    except BitstreamError as error:
        yield from _of_faulty(path, None, [error], known)


def _of_sound(archive: Archive) -> Iterator[Finding]:
    for located in walk(archive.database):
        try:
            record = archive.read(located)
        except BitstreamError as error:
            yield Finding(located.id, None, error)
        else:
            yield Finding(located.id, record.name, _fault_of(record))


def _fault_of(record: Record) -> BitstreamError | None:
    """Parse a record's stream; give what is wrong with it."""
    try:
        bitstream.read(record.stream, bare=True)
    except BitstreamError as error:
        return error
    return None


def faults_of(archive: Archive) -> Iterator[PromptcodecError]:
    """Give what is wrong with an archive as a whole, and with its blobs."""
    checks = (_of_structure, _of_values, _of_dictionaries, _of_roots, _of_pages, _of_journal)
    for check in checks:
        try:
            for what in check(archive):
                yield damaged(what)
        except BitstreamError as error:
            yield error


def _of_structure(archive: Archive) -> Iterator[str]:
    for (line,) in archive.database.run(f"PRAGMA integrity_check({_MOST_LINES})"):
        if line != "ok":
            yield " ".join(line.split())


def _of_dictionaries(archive: Archive) -> Iterable[str]:
    return dictionaries.faults(archive.database)


def _of_values(archive: Archive) -> Iterator[str]:
    for read in (lambda: archive.uid, archive.newest, archive.failures):
        try:
            read()
        except BitstreamError as error:
            yield str(error)


def _of_roots(archive: Archive) -> Iterator[str]:
    for number, blob in archive.database.blobs("SELECT number, data FROM root"):
        if read_root(number, blob) is None:
            yield f"the name of folder {number} does not match its checksum"


def _of_pages(archive: Archive) -> Iterator[str]:
    before = b""
    for key, blob in _rows(archive, "SELECT key, data FROM page WHERE key >= ? ORDER BY key LIMIT ?", PAGES):
        ids = [page.id_at(blob, span) for span in page.spans(blob)]
        if not page.is_sound(blob, page.PAGE):
            yield f"page {key} does not match its checksum"
        elif not ids or ids != sorted(set(ids)) or ids[0] <= before or page.key_of(ids[0]) < key:
            yield f"page {key} is not where its records are looked for"
        elif before and page.key_of(before) >= key:
            yield f"the page before page {key} holds records that are looked for in this"
        before = ids[-1] if ids else before


def _of_journal(archive: Archive) -> Iterator[str]:
    query = "SELECT number, key, data FROM journal WHERE number >= ? ORDER BY number LIMIT ?"
    for number, key, blob in _rows(archive, query, ENTRIES):
        if page.kind_of(blob) not in (page.PAGE, page.REMOVAL):
            yield f"entry {number} of the journal does not match its checksum"
        elif page.key_of(id_of_entry(blob)) != key:
            yield f"entry {number} of the journal is not where its record is looked for"


def _rows(archive: Archive, query: str, most: int) -> Iterator[tuple[Any, ...]]:
    """Read a table a little at a time; its first column is a number."""
    start = FIRST_KEY
    while start <= LAST_KEY and (rows := archive.database.blobs(query, (start, most))):
        yield from rows
        if rows[-1][0] < start:
            raise damaged("what a table holds is not sorted")
        start = rows[-1][0] + 1


def _of_faulty(
    path: Path, archive: Archive | None, faults: Sequence[PromptcodecError], known: Iterable[bytes]
) -> Iterator[Finding]:
    """Compare what can be read with all that there is or was."""
    with closing(Wreck(path)) as wreck:
        if archive is None and not wreck.is_archive():
            raise faults[0]
        yield from (Finding(None, None, fault) for fault in faults)
        salvaged = salvage(wreck)
        newest: dict[bytes, int] = {}
        for saved in salvaged.saved():
            newest[saved.id] = saved.digest
        for saved in salvaged.left_over():
            newest.setdefault(saved.id, saved.digest)
        given: set[bytes] = set()
        for saved in chain(salvaged.saved(), salvaged.left_over()):
            if saved.span and saved.id not in given and saved.digest == newest[saved.id]:
                given.add(saved.id)
                yield _compared(archive, saved, faults[0])
        for id_ in sorted(salvaged.missing(known) - newest.keys()):
            yield Finding(id_, None, _why_lost(archive, id_) or damaged("the record is lost"))


def _compared(archive: Archive | None, saved: Saved, fault: PromptcodecError) -> Finding:
    """Read a record as ``get`` does, and compare it with what is in the file."""
    try:
        if archive is None:
            raise fault
        located = archive.locate(saved.id)
        if located is None or crc32(located.blob[located.span.start : located.span.end]) != saved.digest:
            raise damaged("the record is there but not where it is looked for")
        error: PromptcodecError | None = _fault_of(archive.read(located))
    except BitstreamError as raised:
        error = raised
    return Finding(saved.id, saved.name, error, savable=error is not None)


def _why_lost(archive: Archive | None, id_: bytes) -> PromptcodecError | None:
    if archive:
        try:
            archive.locate(id_)
        except BitstreamError as error:
            return error
    return None
