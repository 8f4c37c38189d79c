"""Runs of characters that look drawn by chance, as keys do and words do not."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from promptcodec.recipe.private.hits import Hit, covered

_RUN = re.compile(r"[A-Za-z0-9+/_=~.-]{16,}")
_SPLIT = re.compile(r"[/._~=-]+")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]{32,}")
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_SHORTEST, _TURNS, _BITS = 20, 0.38, 3.4
_WIDEST = 1 << 12


def find_random(text: str) -> Iterator[Hit]:
    """Find what looks random: 32 hexadecimal digits, or 20 signs that change their kind by chance."""
    for match in _RUN.finditer(text):
        if is_random(match[0]):
            yield from covered(text, *match.span(), "keys")


def is_random(run: str) -> bool:
    """Say whether a run of letters, digits and signs looks random; an id (UUID) does not."""
    run = UUID.sub("", run[:_WIDEST])
    if _HEX.search(run) and not run.isdigit():
        return True
    longest = max(_SPLIT.split(run), key=len)
    if len(longest) >= _SHORTEST and _changes(longest):
        return True
    # Signs stand inside of keys, too; but words are joined by them.
    joined = _SPLIT.sub("", run)
    return len(joined) >= 2 * _SHORTEST - 8 and len(longest) >= _SHORTEST // 2 and _changes(joined)


def _changes(run: str) -> bool:
    """Say whether small letters, capitals and digits follow one another as in keys."""
    kinds = ["d" if sign.isdigit() else "u" if sign.isupper() else "l" for sign in run]
    turns = sum(first != second for first, second in pairwise(kinds))
    counts = Counter(run)
    bits = -sum(n / len(run) * math.log2(n / len(run)) for n in counts.values())
    digits = kinds.count("d")
    few = digits < 2 or len(set(kinds)) < 2
    return not few and digits < len(run) and turns >= _TURNS * (len(run) - 1) and bits >= _BITS
