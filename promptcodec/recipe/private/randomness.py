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
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SHORT_PIECE, _PIECE_IN_LONG, _PIECE_OF_LETTERS = 2.6, 3.0, 3.2
_LONG_RUN, _FEWEST_DIGITS = 24, 3
_DIGITS = re.compile(r"[0-9a-fA-F]{8,64}[=~.-]{0,3}")
_HASH = re.compile(
    r"(?:hash|checkpoint|ckpt|model|sha-?256|sha|md5|autov\d|blake3|crc32|lora|vae|commit|revision)\W{0,4}$",
    re.IGNORECASE,
)
_MARGIN = 24
_LEAST_SECRET, _LEAST_RUN = 6, 16


def find_random(text: str, shortest: int = _SHORTEST) -> Iterator[Hit]:
    """Find what looks random: 32 hexadecimal digits, or signs that change their kind by chance.

    A hash that the words before it call one stays.

    Args:
        text: any text.
        shortest: signs of such a run.
    """
    for match in _RUN.finditer(text):
        if is_random(match[0], shortest) and not _is_hash(text, match):
            yield from covered(text, *match.span(), "keys")


def _is_hash(text: str, match: re.Match[str]) -> bool:
    named = _HASH.search(text, max(match.start() - _MARGIN, 0), match.start())
    return named is not None and _DIGITS.fullmatch(match[0]) is not None


def is_random(run: str, shortest: int = _SHORTEST) -> bool:
    """Say whether a run of letters, digits and signs looks random; an id (UUID) does not."""
    run = UUID.sub("", run[:_WIDEST])
    if _HEX.search(run) and not run.isdigit():
        return True
    longest = max(_SPLIT.split(run), key=len)
    if len(longest) >= shortest and _changes(longest):
        return True
    # Signs stand inside of keys, too; but words are joined by them.
    joined = _SPLIT.sub("", run)
    return len(joined) >= 2 * _SHORTEST - 8 and len(longest) >= _SHORTEST // 2 and _changes(joined)


def is_secret(value: str) -> bool:
    """Say whether one word looks like a password or a key: with digits among its letters, or random."""
    word = re.match(r"\S{0,400}", value)
    plain = word[0].strip(",;.\"'()[]{}") if word else ""
    is_mixed = any(sign.isdigit() for sign in plain) and any(sign.isalpha() for sign in plain)
    has_signs = plain != plain.strip("!$%^&*#~")
    return (len(plain) >= _LEAST_SECRET and (is_mixed or has_signs)) or is_random(plain, _LEAST_RUN)


def _is_mixed(run: str) -> bool:
    """Say whether small letters and capitals of a long run follow one another as in no word."""
    return len(run) >= _LONG_RUN and not run.islower() and not run.isupper()


def _changes(run: str) -> bool:
    """Say whether small letters, capitals and digits follow one another as in keys."""
    kinds = ["d" if sign.isdigit() else "u" if sign.isupper() else "l" for sign in run]
    turns = sum(first != second for first, second in pairwise(kinds))
    counts = Counter(run)
    bits = -sum(n / len(run) * math.log2(n / len(run)) for n in counts.values())
    digits = kinds.count("d")
    pieces = len(_PIECE.findall(run))
    # Letters of one case, capitals in front of them, and digits: pieces of words are longer.
    length = len(run) / pieces if pieces else len(run)
    if len(run) < _SHORTEST:
        return length <= _SHORT_PIECE and _FEWEST_DIGITS <= digits < len(run)
    if (length <= _PIECE_IN_LONG and _FEWEST_DIGITS <= digits < len(run)) or (
        length <= _PIECE_OF_LETTERS and not digits and _is_mixed(run)
    ):
        return True
    few = digits < 2 or len(set(kinds)) < 2
    return not few and digits < len(run) and turns >= _TURNS * (len(run) - 1) and bits >= _BITS
