"""What a JPEG file asks of its reader, before any of it is decoded.

Source: ITU-T T.81, B.1 and B.2 (markers), G.1 (progressive scans).
"""

from __future__ import annotations

from dataclasses import dataclass

_SOI, _SOS, _EOI = b"\xff\xd8", 0xDA, 0xD9
# Frame headers; C4, C8 and CC are other things.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Demand:
    """What reading takes.

    Attributes:
        scans: passes over the picture.
        kept: bytes of coefficients that stay in memory until the last pass, 0 where there is but one.
    """

    scans: int
    kept: int


def demand(data: bytes) -> Demand:
    """Look at the markers of a JPEG file; what cannot be followed counts as not there."""
    kept, scans, components, at = 0, 0, 0, 2
    buffered = False
    while (found := _marker(data, at)) is not None:
        marker, at, body = found
        if marker in _FRAMES:
            components, kept = _frame(body)
            buffered = marker in _PROGRESSIVE
        elif marker == _SOS:
            scans += 1
            buffered |= bool(body) and body[0] < components  # components one after another
        elif marker == _EOI:
            break
    return Demand(scans, kept if buffered else 0)


def _marker(data: bytes, at: int) -> tuple[int, int, memoryview] | None:
    """Give the next marker from ``at`` on, where its segment ends, and what is in it."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 2 > len(data):
            return None
        marker = data[at + 1]
        # FF 00 is a byte of a scan, FF FF a filling, and restarts are everywhere.
        if marker == 0xFF:
            at += 1
        elif marker == 0 or marker in _ALONE:
            at += 2
        elif marker == _EOI:
            return marker, at + 2, memoryview(b"")
        else:
            length = max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
            return marker, at + 2 + length, memoryview(data)[at + 4 : at + 2 + length]


def _frame(body: memoryview) -> tuple[int, int]:
    """Give the number of components and the bytes of all coefficients, two each."""
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return 0, 0
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    factors = [(body[at] >> 4 or 1, body[at] & 15 or 1) for at in range(7, 7 + 3 * body[5], 3)]
    if not factors:
        return 0, 0
    most = max(across for across, _ in factors), max(down for _, down in factors)
    shares = sum(across * down / (most[0] * most[1]) for across, down in factors)
    return body[5], round(2 * width * height * shares)
