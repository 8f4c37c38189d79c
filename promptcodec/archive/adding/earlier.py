"""What was at a file's place when it was added before."""

from __future__ import annotations

import functools
import hashlib
import os
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from promptcodec.archive.record import ID_BYTES, Place, path_bytes, place_key
from promptcodec.archive.sources.source import Source
from promptcodec.archive.store import Archive
from promptcodec.errors import BitstreamError

Lookup = Callable[[str, str], tuple[bytes, int] | None]
"""Gives the id of a record that has a place with this root and path, and the time there."""

_BASE = "base"
_DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was at a file's place when that was looked at before."""

    id: bytes
    place: Place


def earlier(source: Source, lookup: Lookup, roots: Iterable[str]) -> Earlier | None:
    """Say what record has the place of a file; one in place may be known below any folder that it lies in.

    Args:
        source: the file.
        lookup: knows the places of an archive.
        roots: the folders that places of the archive name.
    """
    for root, path in _names(source, roots):
        known = lookup(root, path)
        if known:
            return Earlier(known[0], Place(root, path, known[1]))
    return None


def _names(source: Source, roots: Iterable[str]) -> Iterator[tuple[str, str]]:
    place = source.place
    yield place.root, place.path
    if source.in_place:
        for root in roots:
            above = os.path.join(root, "")  # noqa: PTH118 - with a separator at its end
            if root and root != source.base and source.location.startswith(above):
                yield root, source.location[len(above) :].replace(os.sep, "/")


def lookup_of(archive: Archive) -> Lookup:
    """Give what knows the places of an archive: its index, else all records, which are read once.

    Whatever is wrong with the index, pictures can be added. Without it a place takes 40 bytes of memory.
    """
    records = functools.cache(lambda: scanned(archive))
    try:
        from promptcodec.archive.indexing import index  # noqa: PLC0415 - heavy

        own = index.open(archive)
    except Exception:  # noqa: BLE001
        return records()

    def lookup(root: str, path: str) -> tuple[bytes, int] | None:
        try:
            return own.place(root, path)
        except sqlite3.Error:
            return records()(root, path)

    return lookup


def scanned(archive: Archive) -> Lookup:
    """Read all places of an archive."""
    keys, times, ids = array("q"), array("q"), bytearray()
    for record in archive.stored():
        for place in record.places:
            keys.append(place_key(place.root, place.path))
            times.append(place.time)
            ids += record.id
    order = array("L", sorted(range(len(keys)), key=keys.__getitem__))

    def lookup(root: str, path: str) -> tuple[bytes, int] | None:
        wanted = place_key(root, path)
        at = bisect_left(order, wanted, key=keys.__getitem__)
        if at == len(order) or keys[order[at]] != wanted:
            return None
        row = order[at]
        return bytes(ids[ID_BYTES * row : ID_BYTES * (row + 1)]), times[row]

    return lookup


def is_only_base(archive: Archive, base: str) -> bool:
    """Say whether all that was ever copied into an archive was named below this folder.

    A name alone does not tell a file: ``1.png`` of two folders may have the same time. Where there is one
    folder, name and time do.
    """
    return _known_base(archive) == _base_digest(archive, base)


def remember_base(archive: Archive, base: str) -> None:
    """Remember a folder that files are copied from, before they are put, inside a transaction that writes."""
    known, digest = _known_base(archive), _base_digest(archive, base)
    if known is None:
        archive.put_meta(_BASE, b"" if next(archive.ids(), None) else digest)
    elif known not in (b"", digest):
        archive.put_meta(_BASE, b"")


def forget_base(archive: Archive) -> None:
    """Remember that names came from nobody knows which folders, inside a transaction that writes."""
    archive.put_meta(_BASE, b"")


def _known_base(archive: Archive) -> bytes | None:
    """Give the digest of the only folder, nothing where there are several, None where it is not known."""
    try:
        return archive.meta(_BASE)
    except BitstreamError:
        return None


def _base_digest(archive: Archive, base: str) -> bytes:
    return hashlib.sha256(archive.uid + path_bytes(base)).digest()[:_DIGEST_BYTES]
