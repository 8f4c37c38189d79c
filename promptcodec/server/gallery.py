"""All pictures of an archive in the order of the gallery, a few bytes of each: what shows them at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.looks import CELLS, CHUNK, UNKNOWN, Bytes, Looks
from promptcodec.archive.record import ID_BYTES

SIZE_BYTES = 4
"""Of a width and of a height, big-endian."""

ROW_BYTES = ID_BYTES + 2 * SIZE_BYTES + CELLS
"""Of a picture: id, width, height, and the numbers of palette colours."""

_COLOURS = ID_BYTES + 2 * SIZE_BYTES
_KEY = np.dtype(">u8")


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The pictures of an archive, the newest first; of equal times the lower id.

    Attributes:
        rows: ``(N, ROW_BYTES)``.
        keys: ``(N,)``: the first 8 bytes of every id as a number, sorted.
        places: ``(N,)``: the row of each key.
        looks: of all documents of the index, for searches.
    """

    rows: Bytes
    keys: npt.NDArray[np.uint64]
    places: npt.NDArray[np.int32]
    looks: Looks

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ids(self) -> Bytes:
        """Give ``(N, ID_BYTES)``."""
        return self.rows[:, :ID_BYTES]

    @property
    def colours(self) -> Bytes:
        """Give palette numbers or ``looks.UNKNOWN``, row by row from the top left: ``(N, CELLS)``."""
        return self.rows[:, _COLOURS:]

    def id(self, position: int) -> bytes:
        """Give the id of the picture at a position."""
        return self.rows[position, :ID_BYTES].tobytes()

    def position(self, id_: bytes) -> int | None:
        """Give the position of a picture; None where it is not among these."""
        key = np.frombuffer(id_, _KEY, 1)[0]
        at = int(np.searchsorted(self.keys, key))
        while at < len(self.keys) and self.keys[at] == key:
            if self.id(int(self.places[at])) == id_:
                return int(self.places[at])
            at += 1
        return None

    def size(self, position: int) -> tuple[int, int]:
        """Give width and height of a picture."""
        width, height = self.rows[position, ID_BYTES:_COLOURS].view(">u4")
        return int(width), int(height)


def take(base: sqlite3.Connection) -> Snapshot:
    """Take a snapshot of what an index knows."""
    base.execute("BEGIN")  # others may write meanwhile
    try:
        # numpy reads one long text in a third of the time that Python takes for rows.
        columns = base.execute(
            "SELECT group_concat(doc), group_concat(coalesce(time, 0)), group_concat(coalesce(width, 0)),"
            " group_concat(coalesce(height, 0)), group_concat(hex(id), '') FROM doc"
        ).fetchone()
        known = looks.load(base)
    finally:
        base.execute("COMMIT")
    docs, times, widths, heights = (np.fromstring(text or "", np.int64, sep=",") for text in columns[:4])
    ids = np.frombuffer(bytes.fromhex(columns[4] or ""), np.uint8).reshape(-1, ID_BYTES)
    keys = np.ascontiguousarray(ids).view(_KEY)
    order = np.lexsort((keys[:, 1], keys[:, 0], -times))
    rows = np.empty((len(ids), ROW_BYTES), np.uint8)
    rows[:, :ID_BYTES] = ids[order]
    for at, sides in enumerate((widths, heights)):
        start = ID_BYTES + at * SIZE_BYTES
        own = np.clip(sides[order], 0, 2**32 - 1).astype(">u4")
        rows[:, start : start + SIZE_BYTES] = own.view(np.uint8).reshape(-1, SIZE_BYTES)
    _put_colours(rows, docs[order], known)
    firsts = keys[order, 0].astype(np.uint64)
    places = np.argsort(firsts, kind="stable").astype(np.int32)
    rows.flags.writeable = False
    return Snapshot(rows, firsts[places], places, known)


def _put_colours(rows: Bytes, docs: npt.NDArray[np.int64], known: Iterable[looks.Chunk]) -> None:
    rows[:, _COLOURS:] = UNKNOWN
    chunks = docs // CHUNK
    for number, chunk in enumerate(known):
        which = np.flatnonzero(chunks == number)
        rows[which, _COLOURS:] = chunk.colours.T[docs[which] % CHUNK]
