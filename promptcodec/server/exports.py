"""Pictures written into one file that is sent while it is written: a table, or a zip of streams."""

from __future__ import annotations

import io
import sqlite3
import time
import zipfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeAlias

from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.documents import storable
from promptcodec.archive.indexing.index import dictionaries_of
from promptcodec.archive.record import ID_BYTES, Record
from promptcodec.archive.searching.search import matching_ids
from promptcodec.archive.transfer import formats
from promptcodec.archive.transfer.exporting import exported
from promptcodec.archive.transfer.naming import names_of
from promptcodec.archive.transfer.streams import standing_alone
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError
from promptcodec.server.problems import Problem
from promptcodec.server.public import named, public
from promptcodec.server.settings import ServeSettings
from promptcodec.server.shelf import Opened, Shelf

STREAMS = "streams"
FORMATS = (*formats.FORMATS, STREAMS)
MEDIA_TYPES = {
    "parquet": ("application/vnd.apache.parquet", ".parquet"),
    "jsonl": ("application/jsonl", ".jsonl"),
    "csv": ("text/csv; charset=utf-8", ".csv"),
    STREAMS: ("application/zip", ".zip"),
}
"""Of each form, and how such a file's name ends."""

PIECE_BYTES, PIECE_SECONDS = 1 << 16, 0.25
"""A piece is given when it has so many bytes, or took so long."""

_MARK = 8

Pieces: TypeAlias = Generator[bytes, Opened, None]
"""Pieces of a file, each made when it is asked for with the archive as it is open then."""

_Put: TypeAlias = Callable[[Record, Opened, Sequence[Dictionary]], None]


def ids_of(opened: Opened, what: Sequence[bytes] | str, shelf: Shelf) -> bytes:
    """Give the ids of the pictures that are to be written, one behind the other.

    Args:
        opened: the archive.
        what: ids, of which those that are not there are left out; or a query, best first. The empty query is
            all pictures, in the order of the gallery.
        shelf: that the archive is of.

    Raises:
        UsageError: the query is wrong.
    """
    if not isinstance(what, str):
        return b"".join(id_ for id_ in what if _number(opened, id_) is not None)
    if not what.strip():
        return shelf.snapshot_of(opened).ids.tobytes()
    return b"".join(matching_ids(opened.archive, opened.index, what)[0])


def pieces(ids: bytes, form: str, settings: ServeSettings) -> Pieces:
    """Write pictures, piece by piece. Those that are gone by then, or damaged, are passed over.

    The first piece is empty, and comes before anything is done. At least one follows, of no pictures too. It
    may be empty as well. Between two pieces nothing of the archive is held.

    Args:
        ids: as ``ids_of`` gives them.
        form: one of FORMATS.
        settings: of the server.

    Raises:
        MissingError: the form needs an extra that is not installed.
    """
    opened = yield b""
    window, begun = _Window(), time.monotonic()
    with _opened_zip(window, settings) if form == STREAMS else _opened_table(window, form, settings) as put:
        dictionaries = dictionaries_of(opened.archive)
        for at in range(0, len(ids), ID_BYTES):
            with suppress(BitstreamError):
                if record := opened.archive.get(ids[at : at + ID_BYTES]):
                    put(record, opened, dictionaries)
            if window.filled >= PIECE_BYTES or time.monotonic() - begun > PIECE_SECONDS:
                opened = yield window.take()
                begun, dictionaries = time.monotonic(), dictionaries_of(opened.archive)
    rest = window.take()
    for at in range(0, max(len(rest), 1), PIECE_BYTES):  # the list of files in a zip may be long
        yield rest[at : at + PIECE_BYTES]


@contextmanager
def _opened_table(window: _Window, form: str, settings: ServeSettings) -> Iterator[_Put]:
    with formats.writer(window, form) as add:

        def put(record: Record, opened: Opened, dictionaries: Sequence[Dictionary]) -> None:
            shown = record if settings.with_private else named(record)
            listed = shown, _signature(opened, record.id)
            row = exported(listed, dictionaries, with_private=settings.with_private).row
            if row is not None:
                add(row)

        yield put


@contextmanager
def _opened_zip(window: _Window, settings: ServeSettings) -> Iterator[_Put]:
    """Open a zip of streams, which have no more to be compressed."""
    taken: set[str] = set()
    with zipfile.ZipFile(window, "w", zipfile.ZIP_STORED) as packed:

        def put(record: Record, _: Opened, dictionaries: Sequence[Dictionary]) -> None:
            try:
                shown = public(record, dictionaries, settings)
            except Problem:  # nothing of it may be shown
                return
            name = storable(names_of(shown, ".pxt")[0])
            if name.casefold() in taken:
                name = f"{name.removesuffix('.pxt')}.{shown.id.hex()[:_MARK]}.pxt"
            taken.add(name.casefold())
            packed.writestr(zipfile.ZipInfo(name), standing_alone(shown.stream))

        yield put


class _Window(io.BytesIO):
    """A file that grows at its end alone, of which what is written is taken away.

    What was not taken yet can be written again: a zip puts lengths in front of what they are of.
    """

    def __init__(self) -> None:
        super().__init__()
        self._gone = 0

    @property
    def filled(self) -> int:
        """Count the bytes that can be taken."""
        return super().tell()

    def tell(self) -> int:
        """Give the place in the whole file."""
        return self._gone + super().tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place in the whole file, from its start."""
        return self._gone + super().seek(offset - self._gone, whence)

    def take(self) -> bytes:
        """Give what was written since the last time."""
        data = self.getvalue()
        self._gone += len(data)
        super().seek(0)
        self.truncate(0)
        return data


def _number(opened: Opened, id_: bytes) -> int | None:
    """Give the number of a picture in the index; None where it has none."""
    row = opened.index.base.execute("SELECT doc FROM doc WHERE id = ?", (id_,)).fetchone()
    return int(row[0]) if row else None


def _signature(opened: Opened, id_: bytes) -> bytes | None:
    """Give the signature that the index has: of this picture alone, as those of all are large."""
    with suppress(sqlite3.Error, ValueError, IndexError, TypeError):
        if (number := _number(opened, id_)) is not None:
            return looks.one(opened.index.base, number).signature
    return None
