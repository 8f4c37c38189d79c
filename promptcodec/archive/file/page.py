"""Blobs of an archive: each says what it is and carries a checksum; a page is one that holds records.

    blob := kind crc body        crc: CRC-32 of kind and body, big-endian
    page := count record*        the body of PAGE; the count is a varint, records are sorted by id

A record is found by looking for its id: no directory is needed, and none can be wrong.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress

from promptcodec.archive.record import ID_BYTES, Span, fields, has_checksum, locate
from promptcodec.bitstream import container
from promptcodec.entropy.varint import read_varint, write_varint
from promptcodec.errors import BitstreamError

# What a blob is. No UTF-8 text starts so, nor does it end there: these bytes begin a pair.
PAGE, REMOVAL, ROOT, META, DICTIONARY = 0xD1, 0xD2, 0xD3, 0xD4, 0xD5
HEAD_BYTES = 5
_KEY_BYTES = 8
_MIDDLE = 1 << (8 * _KEY_BYTES - 1)


def key_of(record_id: bytes) -> int:
    """Give the key of an id: its first eight bytes as a signed integer, in the order of ids."""
    return int.from_bytes(record_id[:_KEY_BYTES], "big") - _MIDDLE


def seal(kind: int, body: bytes) -> bytes:
    """Make a blob."""
    return bytes([kind]) + zlib.crc32(body, zlib.crc32(bytes([kind]))).to_bytes(4, "big") + body


def is_sound(blob: bytes, kind: int) -> bool:
    """Say whether a blob is of this kind, and its checksum holds."""
    crc = int.from_bytes(blob[1:HEAD_BYTES], "big")
    return (
        len(blob) > HEAD_BYTES
        and blob[0] == kind
        and zlib.crc32(memoryview(blob)[HEAD_BYTES:], zlib.crc32(blob[:1])) == crc
    )


def kind_of(blob: bytes) -> int | None:
    """Say what a blob is; None where its checksum does not hold."""
    return blob[0] if blob and is_sound(blob, blob[0]) else None


def unseal(kind: int, blob: bytes, what: str) -> bytes:
    """Give the body of a blob.

    Raises:
        BitstreamError: it is damaged, or of another kind.
    """
    if not is_sound(blob, kind):
        raise BitstreamError(f"the checksum of {what} does not match: it is damaged")
    return blob[HEAD_BYTES:]


def write(records: Sequence[bytes]) -> bytes:
    """Make the page of records that are sorted by id."""
    return seal(PAGE, write_varint(len(records)) + b"".join(records))


def spans(blob: bytes) -> Iterator[Span]:
    """Give where the records of a page are, sorted by id; of one that is damaged, those that survived."""
    if not is_sound(blob, PAGE):
        there = {id_at(blob, span): span for span in survivors(blob)}
        yield from (there[id_] for id_ in sorted(there))
        return
    number, pos = read_varint(blob, HEAD_BYTES, "the number of records")
    for _ in range(number):
        span = locate(blob, pos)
        yield span
        pos = span.end


def survivors(data: bytes) -> Iterator[Span]:
    """Give where whole records are among damaged bytes.

    One checksum of two bytes proves little where every offset is tried. So a record counts where it follows
    another; or where its stream can be parsed, and another record or the end follows or its path is a name;
    or where it is the whole of a sound page.
    """
    pos, chained = 0, False
    while pos + ID_BYTES < len(data):
        span = _record_at(data, pos, chained=chained)
        if span:
            yield span
        pos, chained = (span.end, True) if span else (pos + 1, False)


def _record_at(data: bytes, pos: int, *, chained: bool) -> Span | None:
    with suppress(BitstreamError):
        span = fields(data, pos)
        # A checksum of what may be long comes last: it is asked for at every offset.
        if (chained or _is_proven(data, span)) and has_checksum(data, span):
            return span
    return None


def _is_proven(data: bytes, span: Span) -> bool:
    if is_sound(data[max(0, span.start - HEAD_BYTES - 1) : span.end], PAGE):
        return True
    try:
        container.read(data[slice(*span.stream)], bare=True)
        if span.end == len(data):
            return True
        with suppress(BitstreamError):
            locate(data, span.end)
            return True
        path = data[slice(*span.path)].decode("utf-8")
        return bool(path) and path.isprintable()
    except (BitstreamError, UnicodeDecodeError):
        return False


def suspects(blob: bytes) -> list[bytes]:
    """Give what stands where damaged records of a page begin, where it can be an id: these are sorted."""
    kept = sorted(survivors(blob), key=lambda span: span.start)
    try:
        start = read_varint(blob, HEAD_BYTES, "the number of records")[1]
    except BitstreamError:
        return []
    starts = [start, *(span.end for span in kept)]
    ids = [b"", *(id_at(blob, span) for span in kept)]
    following = [*((span.start, id_at(blob, span)) for span in kept), (len(blob), b"\xff" * ID_BYTES)]
    return [
        blob[at : at + ID_BYTES]
        for at, before, (end, behind) in zip(starts, ids, following, strict=True)
        if at + ID_BYTES < end and before < blob[at : at + ID_BYTES] < behind
    ]


def find(blob: bytes, record_id: bytes) -> Span | None:
    """Look for a record in a page.

    Raises:
        BitstreamError: the page is damaged, and so is the record, or it cannot be told whether it is there.
    """
    pos = blob.find(record_id, HEAD_BYTES)
    while pos >= 0:
        try:
            return locate(blob, pos)
        except BitstreamError:  # damaged, or these bytes are part of another record
            pos = blob.find(record_id, pos + 1)
    if not is_sound(blob, PAGE):
        raise BitstreamError(
            "the checksum of the page where the record is to be does not match: it is damaged"
        )
    return None


def id_at(blob: bytes, span: Span) -> bytes:
    """Give the id of a record that was located."""
    return blob[span.start : span.start + ID_BYTES]
