"""Captions in IPTC's records (IIM 4.2): 1C, record, number, length, content."""

from __future__ import annotations

from collections.abc import Iterator

_RESOURCES = 0x0404
_CAPTION = 120
_MOST = 1024


def block_of(resources: bytes | memoryview) -> bytes | memoryview:
    """Give the records in Photoshop's resources: ``8BIM``, number, name, length, content."""
    at = 0
    while resources[at : at + 4] == b"8BIM":
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        at += 6 + (resources[at + 6 : at + 7] or b"\0")[0] // 2 * 2 + 2
        length = int.from_bytes(resources[at : at + 4], "big")
        if number == _RESOURCES:
            return resources[at + 4 : at + 4 + length]
        at += 4 + (length + 1) // 2 * 2
    return b""


def captions(data: bytes | memoryview) -> Iterator[bytes]:
    """List the captions in a block of records, alone or in Photoshop's resources."""
    data = block_of(data) if data[:4] == b"8BIM" else data
    at = 0
    for _ in range(_MOST):
        if data[at : at + 1] != b"\x1c" or at + 5 > len(data):
            return
        record, number = data[at + 1], data[at + 2]
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        at += 5
        if length & 0x8000:  # so many bytes of length follow
            more = min(length & 0x7FFF, 8)
            length = int.from_bytes(data[at : at + more], "big")
            at += more
        if record == 2 and number == _CAPTION and length:
            yield bytes(data[at : at + length])
        at += length
