"""How often a JPEG 2000 file can be halved while it is decoded.

Source: ITU-T T.800, A.4 to A.6 (SOC, SIZ and COD markers).
"""

from __future__ import annotations

_START, _CODING = b"\xff\x4f\xff\x51", b"\xff\x52"
# Behind the marker: length, style, progression, layers, component transform, then the levels.
_LEVELS = 9


def halvings(data: bytes) -> int:
    """Give how many levels its coding names, 0 where they are not found."""
    start = data.find(_START)
    at = data.find(_CODING, start) if start >= 0 else -1
    if at < 0 or at + _LEVELS >= len(data):
        return 0
    return data[at + _LEVELS]
