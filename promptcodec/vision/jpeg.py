"""What a JPEG file asks of its reader, before any of it is decoded.

Source: ITU-T T.81, B.1 and B.2 (markers), G.1 (progressive scans).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

START = b"\xff\xd8"
# What follows FF in a scan without ending it: a byte FF, a filling, restarts.
_INSIDE = np.isin(np.arange(256), [0x00, 0x01, 0xFF, *range(0xD0, 0xD9)])
_LEAST_STRETCH, _MOST_STRETCH = 1 << 8, 1 << 20
_SOS, _EOI, _COMMENT = 0xDA, 0xD9, 0xFE
# Frame headers; C4, C8 and CC are other things.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
# Segments beside the picture, and those of them that say how it is seen: JFIF, EXIF, colour profile, Adobe's.
_BESIDE = frozenset(range(0xE0, 0xF0)) | {_COMMENT}
_SHOWN = (b"\xff\xe0", b"\xff\xee")
_SHOWN_AS = ((b"\xff\xe1", b"Exif\0\0"), (b"\xff\xe2", b"ICC_PROFILE\0"))
_MOST_SEGMENTS, _MOST_BYTES = 1000, 1 << 20


@dataclass(frozen=True, slots=True)
class Demand:
    """What reading takes.

    Attributes:
        scans: passes over the picture.
        kept: bytes of coefficients that stay in memory until the last pass, 0 where there is but one.
    """

    scans: int
    kept: int


def demand(data: bytes, most_scans: int) -> Demand:
    """Look at the markers of a JPEG file; what cannot be followed counts as not there.

    Args:
        data: the file.
        most_scans: no more are counted than one more than these.
    """
    kept = scans = components = 0
    buffered = False
    for marker, start, end in _segments(data):
        body = data[start + 4 : end]
        if marker in _FRAMES and not scans:
            components, kept = _frame(body)
            buffered = marker in _PROGRESSIVE
        elif marker == _SOS:
            scans += 1
            buffered |= body[:1] < bytes([components])  # components one after another
            if not buffered or scans > most_scans:
                break  # a reader stops here too
    return Demand(scans, kept if buffered else 0)


def is_crowded(data: bytes) -> bool:
    """Say whether so much stands beside the picture that it costs memory or time."""
    beside = size = 0
    for marker, start, end in _segments(data):
        if marker == _SOS:
            return False
        if marker in _BESIDE:
            beside += 1
            size += end - start
        if beside > _MOST_SEGMENTS or size > _MOST_BYTES:
            return True
    return False


def bare(data: bytes) -> bytes:
    """Leave out what the picture can do without; of each kind of segment that is kept, the first thousand."""
    view, pieces, kept = memoryview(data), [memoryview(START)], 0
    for marker, start, end in _segments(data):
        if marker == _SOS:
            pieces.append(view[start:])
            break
        if marker not in _BESIDE or (kept < _MOST_SEGMENTS and _is_shown(data, start)):
            kept += marker in _BESIDE
            pieces.append(view[start:end])
    return b"".join(pieces)


def _is_shown(data: bytes, start: int) -> bool:
    head = data[start : start + 2]
    return head in _SHOWN or any(
        head == mark and data.startswith(name, start + 4) for mark, name in _SHOWN_AS
    )


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """List the segments up to the end of the picture: marker, first byte, byte behind its last."""
    at = len(START)
    while True:
        if at + 1 < len(data) and (data[at] != 0xFF or _INSIDE[data[at + 1]]):
            at = _next_marker(data, at)
        if at + 4 > len(data) or data[at + 1] == _EOI:
            return
        end = at + 2 + max(data[at + 2] << 8 | data[at + 3], 2)
        yield data[at + 1], at, end
        at = end


def _next_marker(data: bytes, at: int) -> int:
    """Give where the next marker begins that ends a scan."""
    stretch = _LEAST_STRETCH
    while at + 1 < len(data):
        values = np.frombuffer(data, np.uint8, min(stretch, len(data) - at), at)
        places = np.flatnonzero(values[:-1] == 0xFF)
        places = places[~_INSIDE[values[places + 1]]]
        if places.size:
            return at + int(places[0])
        at += values.size - 1  # an FF at the end is looked at again
        stretch = min(2 * stretch, _MOST_STRETCH)
    return len(data)


def _frame(body: bytes) -> tuple[int, int]:
    """Give the number of components and the bytes of all coefficients, two each."""
    if len(body) < 6 or not body[5] or len(body) < 6 + 3 * body[5]:
        return 0, 0
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    factors = [(body[at] >> 4 or 1, body[at] & 15 or 1) for at in range(7, 7 + 3 * body[5], 3)]
    most = max(across for across, _ in factors), max(down for _, down in factors)
    shares = sum(across * down / (most[0] * most[1]) for across, down in factors)
    return body[5], round(2 * width * height * shares)
