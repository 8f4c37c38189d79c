"""A record: a picture's stream, and where the picture was; its bytes.

    record := id time head path-length path stream-length stream [more-length more] crc

``id`` has 16 bytes, ``time`` seven, signed and big-endian. ``head`` is twice the number of the root, and one
more where ``more`` follows: a CBOR map of what few records have. ``crc`` is CRC-16/IBM-3740 of all bytes
before it, big-endian; ``head`` and lengths are varints.
"""

from __future__ import annotations

import binascii
import hashlib
from dataclasses import dataclass

ID_BYTES = 16
TIME_BYTES = 7


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture was when it was added.

    Attributes:
        root: the absolute folder of pictures that stay where they are; ``""`` where nobody is to look there.
        path: below the root, or the name of what was added; ``/`` between folders.
        time: when the file was last changed, in microseconds since 1970.
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


def id_of(content: bytes) -> bytes:
    """Give the id of a file's content."""
    return hashlib.sha256(content).digest()[:ID_BYTES]


def checksum(data: bytes) -> bytes:
    """Give the CRC of a record's bytes."""
    return binascii.crc_hqx(data, 0xFFFF).to_bytes(2, "big")
