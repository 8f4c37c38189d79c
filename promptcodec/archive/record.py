"""A record: a picture's stream, and where the picture was; its bytes.

    record := id time head path-length path stream-length stream [more-length more] crc

``id`` has 16 bytes, ``time`` six, signed and big-endian. ``head`` is twice the number of the root, one more
where ``more`` follows: a CBOR map of what few records have. ``crc`` is CRC-16/IBM-3740 of all bytes before
it, big-endian; ``head`` and lengths are varints. So a path of up to 127 bytes and a stream of 128 bytes or
more have six bytes around them.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptcodec.entropy.varint import read_varint, write_varint
from promptcodec.errors import BitstreamError

ID_BYTES = 16
TIME_BYTES = 6
CRC_BYTES = 2
# Of the head.
_MORE = 1
# Of the CBOR map.
_TAGS, _PLACES = 1, 2
LATEST: int = 2 ** (8 * TIME_BYTES - 1) - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture was when it was added.

    Attributes:
        root: the absolute folder of pictures that stay where they are; ``""`` where nobody is to look there.
        path: below the root, or the name of what was added; ``/`` between folders.
        time: when the file was last changed, in milliseconds since 1970.
    """

    root: str
    path: str
    time: int


@dataclass(frozen=True, slots=True)
class Record:
    """A picture of an archive.

    Attributes:
        id: the start of the SHA-256 of the file that was added, ID_BYTES: it names the content.
        stream: the bare stream.
        places: where the file was found, at least one; the first names the record.
        tags: what its owner calls it.
    """

    id: bytes
    stream: bytes
    places: tuple[Place, ...]
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Give the name of the file."""
        return self.places[0].path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be added.

    Attributes:
        root: the absolute folder that it was named below, also where it was to be copied.
        path, time: as of a Place.
        kind, message: of the error.
    """

    root: str
    path: str
    time: int
    kind: str
    message: str


def id_of(content: bytes) -> bytes:
    """Give the id of a file's content."""
    return hashlib.sha256(content).digest()[:ID_BYTES]


def checksum(data: bytes) -> bytes:
    """Give the CRC of a record's bytes."""
    return binascii.crc_hqx(data, 0xFFFF).to_bytes(CRC_BYTES, "big")


def path_bytes(path: str) -> bytes:
    """Write a path as UTF-8; a name that is no UTF-8 keeps its bytes."""
    return path.encode("utf-8", "surrogateescape")


def path_text(data: bytes) -> str:
    """Read what ``path_bytes`` wrote."""
    return data.decode("utf-8", "surrogateescape")


def place_key(root: str, path: str) -> int:
    """Give the number that a place is looked up by: a hash of 64 bits, signed as integers of SQLite are."""
    name = path_bytes(root) + b"\0" + path_bytes(path)
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big", signed=True)


def write(record: Record, numbers: Mapping[str, int]) -> bytes:
    """Write a record.

    Args:
        record: what to write. A time beyond 4400 years from 1970 becomes the nearest that fits.
        numbers: of the roots of its places.
    """
    first, *others = record.places
    path, root = path_bytes(first.path), numbers[first.root]
    head = root << 1
    tail = b""
    if others or record.tags:
        import cbor2  # noqa: PLC0415 - few records need it

        places = [[numbers[place.root], path_bytes(place.path), _within(place.time)] for place in others]
        more = cbor2.dumps(
            {key: value for key, value in ((_TAGS, list(record.tags)), (_PLACES, places)) if value}
        )
        head |= _MORE
        tail = write_varint(len(more)) + more
    out = b"".join(
        (
            record.id,
            _within(first.time).to_bytes(TIME_BYTES, "big", signed=True),
            write_varint(head),
            write_varint(len(path)),
            path,
            write_varint(len(record.stream)),
            record.stream,
            tail,
        )
    )
    return out + checksum(out)


def _within(time: int) -> int:
    return min(max(time, -LATEST), LATEST)


@dataclass(frozen=True, slots=True)
class Span:
    """Where the fields of a record are in the bytes around it: ``start`` and ``end`` of each.

    Attributes:
        start, end: of the record; ``end`` is behind its CRC.
        root: the number.
        path, stream, more: positions; ``more`` is empty where nothing follows the stream.
    """

    start: int
    end: int
    root: int
    path: tuple[int, int]
    stream: tuple[int, int]
    more: tuple[int, int]


def locate(data: bytes, pos: int) -> Span:
    """Find the fields of the record at ``pos``, and check its CRC.

    Raises:
        BitstreamError: there is no whole record.
    """
    span = fields(data, pos)
    if not has_checksum(data, span):
        raise BitstreamError("the checksum of a record does not match: it is damaged", pos)
    return span


def fields(data: bytes, pos: int) -> Span:
    """Find what would be the fields of a record at ``pos``.

    Raises:
        BitstreamError: they end behind the data.
    """
    head, at = read_varint(data, pos + ID_BYTES + TIME_BYTES, "the head of a record")
    path = _field(data, at, "a path")
    stream = _field(data, path[1], "a stream")
    more = _field(data, stream[1], "what follows a stream") if head & _MORE else (stream[1], stream[1])
    end = more[1] + CRC_BYTES
    if end > len(data):
        raise BitstreamError("a record ends behind what holds it: it is damaged", pos)
    return Span(pos, end, head >> 1, path, stream, more)


def has_checksum(data: bytes, span: Span) -> bool:
    """Say whether the checksum of a record matches."""
    return checksum(data[span.start : span.more[1]]) == data[span.more[1] : span.end]


def _field(data: bytes, pos: int, what: str) -> tuple[int, int]:
    length, pos = read_varint(data, pos, f"the length of {what}")
    if pos + length > len(data):
        raise BitstreamError(f"{what} ends behind the record: it is damaged", pos)
    return pos, pos + length


def read(data: bytes, span: Span, roots: Mapping[int, str]) -> Record:
    """Read a record that was located.

    Raises:
        BitstreamError: it names a root that is not there, or holds what no writer would write.
    """
    start = span.start + ID_BYTES
    time = int.from_bytes(data[start : start + TIME_BYTES], "big", signed=True)
    place = Place(_root(roots, span.root, start), path_text(data[slice(*span.path)]), time)
    more = data[slice(*span.more)]
    tags, others = _more(more, roots, span.more[0]) if more else ((), ())
    return Record(data[span.start : start], data[slice(*span.stream)], (place, *others), tags)


def _root(roots: Mapping[int, str], number: int, pos: int) -> str:
    try:
        return roots[number]
    except KeyError:
        raise BitstreamError(
            f"a record names folder {number}, which the archive does not know", pos
        ) from None


def _more(data: bytes, roots: Mapping[int, str], pos: int) -> tuple[tuple[str, ...], tuple[Place, ...]]:
    import cbor2  # noqa: PLC0415 - few records need it

    try:
        fields: Any = cbor2.loads(data, max_depth=8)
        tags, places = fields.get(_TAGS, []), fields.get(_PLACES, [])
        others = tuple(
            Place(_root(roots, number, pos), path_text(path), time) for number, path, time in places
        )
        typed = all(isinstance(tag, str) for tag in tags) and all(
            type(one.time) is int and abs(one.time) <= LATEST for one in others
        )
    except (
        cbor2.CBORError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        MemoryError,
        OverflowError,
    ):
        typed = False
    if not typed:
        raise BitstreamError("a record's tags and further places cannot be read", pos)
    return tuple(tags), others
