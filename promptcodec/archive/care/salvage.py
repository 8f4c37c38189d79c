"""Records out of a damaged archive, without SQLite.

A blob says itself what it is, and its checksum whether it is whole. Of a page that is not whole, the records
that are count. What belongs to no whole blob is searched for records last.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from promptcodec.archive import record
from promptcodec.archive.care.wreck import Row, Wreck
from promptcodec.archive.file import page
from promptcodec.archive.record import Record, Span
from promptcodec.archive.store import read_root

if TYPE_CHECKING:
    from promptcodec.entropy.dictionary import Dictionary


@dataclass(frozen=True, slots=True)
class Saved:
    """A record that was saved, or an id that was removed: then ``span`` is None."""

    id: bytes
    blob: bytes = b""
    span: Span | None = None

    @property
    def digest(self) -> int:
        """Give a checksum of the record's bytes; 0 where it was removed."""
        return zlib.crc32(self.blob[self.span.start : self.span.end]) if self.span else 0

    @property
    def name(self) -> str:
        """Give the name of the picture."""
        assert self.span is not None
        return record.path_text(self.blob[slice(*self.span.path)]).rpartition("/")[2]

    def read(self, roots: Mapping[int, str]) -> Record:
        """Read the record."""
        assert self.span is not None
        return record.read(self.blob, self.span, roots)


class Folders(dict[int, str]):
    """Folders by number; one that is lost is no folder."""

    def __missing__(self, number: int) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was read of an archive.

    Attributes:
        wreck: the file.
        roots: its folders by number, those that are whole.
        dictionaries: those that are whole.
        journal: where the rows of the journal are, in their order: number, page, index.
        suspects: ids that stand where damaged records begin, as far as these are whole.
        claimed: by number, the pages of which all is read.
    """

    wreck: Wreck
    roots: Folders
    dictionaries: tuple[Dictionary, ...]
    journal: list[tuple[int, int, int]]
    suspects: set[bytes]
    claimed: bytearray

    def saved(self) -> Iterator[Saved]:
        """Give the records of pages, then those of the journal, the newest last: these replace others."""
        for number in self.wreck.numbers():
            for row in self.wreck.rows(number)[0]:
                if not row.in_journal:
                    yield from _saved(row)
        for number, places in groupby(self.journal, key=itemgetter(1)):
            rows = self.wreck.rows(number)[0]
            for _, _, index in places:
                yield from _saved(rows[index])

    def left_over(self) -> Iterator[Saved]:
        """Give records that stand where nothing leads to: each counts where there is no other of its id."""
        for data in self.wreck.left_over(self.claimed):
            for span in page.survivors(data):
                yield Saved(page.id_at(data, span), data, span)

    def missing(self, known: Iterable[bytes]) -> set[bytes]:
        """Give the ids of records that there were: those known from elsewhere, or else the suspects."""
        return set(known) or self.suspects


def salvage(wreck: Wreck) -> Salvage:
    """Look through a file once for what reading its records takes."""
    from promptcodec.entropy.dictionary import Dictionary  # noqa: PLC0415 - heavy

    roots = Folders()
    dictionaries: list[Dictionary] = []
    journal: list[tuple[int, int, int]] = []
    suspects: set[bytes] = set()
    claimed = bytearray(wreck.pages + 1)
    for number in wreck.numbers():
        rows, whole = wreck.rows(number)
        claimed[number] |= whole  # it may be where a blob goes on
        for index, row in enumerate(rows):
            for each in row.pages:
                claimed[each] = True
            blob = row.blobs[0]
            kind = page.kind_of(blob)
            if row.in_journal:
                journal.append((row.number, number, index))
            if kind is None:
                suspects |= set(page.suspects(blob))
            elif kind == page.DICTIONARY:
                dictionaries.append(Dictionary.from_bytes(blob[page.HEAD_BYTES :]))
            elif (root := read_root(row.number, blob)) is not None:
                roots[row.number] = root
    return Salvage(wreck, roots, tuple(dictionaries), sorted(journal), suspects, claimed)


def _saved(row: Row) -> Iterator[Saved]:
    kind = page.kind_of(row.blobs[0])
    if kind == page.REMOVAL:
        yield Saved(row.blobs[0][page.HEAD_BYTES :])
    elif kind in (page.PAGE, None):
        for blob in row.blobs:
            for span in page.spans(blob):
                yield Saved(page.id_at(blob, span), blob, span)
