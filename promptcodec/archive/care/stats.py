"""How many bytes an archive has, and what for."""

from __future__ import annotations

from dataclasses import dataclass

from promptcodec.archive.file.walk import walk
from promptcodec.archive.record import ID_BYTES
from promptcodec.archive.store import Archive

_TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Stats:
    """Sizes of an archive.

    Attributes:
        records: how many there are.
        bytes: of the file.
        payload_bytes: of the bare streams.
        named_bytes: of what names and dates the pictures: an id, one path and a time of eight bytes for each.
        journal: entries that are not compacted yet.
    """

    records: int
    bytes: int
    payload_bytes: int
    named_bytes: int
    journal: int

    @property
    def overhead_per_record(self) -> float:
        """Give the bytes for each record that are neither stream nor name: framing, lookup, other places."""
        return (self.bytes - self.payload_bytes - self.named_bytes) / max(self.records, 1)


def stats(archive: Archive) -> Stats:
    """Count the bytes of an archive."""
    records = payload = named = 0
    for located in walk(archive.database):
        stream, path = located.span.stream, located.span.path
        records += 1
        payload += stream[1] - stream[0]
        named += ID_BYTES + path[1] - path[0] + _TIME_BYTES
    ((journal,),) = archive.database.run("SELECT count(*) FROM journal")
    return Stats(records, archive.path.stat().st_size, payload, named, journal)
