"""Text to tokens and back: byte-level pair merges over words in lower case.

Text becomes bytes in which a capital is a marker and a small letter, so that "A red" and "a red"
are the same tokens but for one: CAPITAL stands before a word whose first letter alone is a
capital, CAPITALS before one of capitals only. In a description's canonical text, whose first line
ends in the grid's size, NEXT stands for the newline and the label of the next cell in raster
order. The markers and END are bytes that UTF-8 never has (RFC 3629, section 1), and every byte is
a token, so every text has tokens. A text is tokenised with a space before it: its first word is
then the token it is elsewhere.

Other tokens than ``encode`` chooses may give the same text; a decoder only needs ``decode``.

Source of the merges: Sennrich, Haddow, Birch, "Neural machine translation of rare words with
subword units", ACL 2016.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise

from promptcodec.errors import EntropyError
from promptcodec.native import core

BASE = 256
NEXT, END, CAPITALS, CAPITAL = range(0xFC, 0x100)
_MEMO = 1 << 15  # words kept with their tokens

# ASCII classes on bytes: what is a letter must not depend on Python's Unicode tables. Lengths
# are bounded because merging is quadratic in them.
_CAPITALS = re.compile(rb"(?<![A-Za-z])( ?)(?:([A-Z][A-Z]+)(?![a-z])|([A-Z])(?![A-Z]))")
_SMALL = re.compile(rb"([\xfe\xff])( ?)([a-z]+)")
_GRID = re.compile(rb"[^\n\xfc]* ([1-8])x([1-8])(?=[\n\xfc])")
_LABEL = re.compile(rb"\nr[1-8]c[1-8]|\xfc")
_WORDS = re.compile(rb"[\xfc\xfe\xff]| ?[a-z\x80-\xf4]{1,32}| ?[0-9]{1,4}| ?[!-/:-@[-`{-~]{1,8}|[\x00-\xff]")


def fold(data: bytes) -> bytes:
    """Replace capitals and labels by markers, where ``unfold`` can undo it; a space before it all."""

    def mark(match: re.Match[bytes]) -> bytes:
        space, many, one = match.groups()
        return b"\xfe" + space + many.lower() if many else b"\xff" + space + one.lower()

    labels = _labels(data)
    if labels:
        # Only the label that is next in turn: others stay as they are.
        data = _LABEL.sub(lambda match: _take(labels, match[0]), data)
    return _CAPITALS.sub(mark, b" " + data)


def unfold(data: bytes) -> bytes:
    """Undo ``fold``.

    Raises:
        EntropyError: no space at the start, or labels where there is no grid.
    """

    def capital(match: re.Match[bytes]) -> bytes:
        marker, space, word = match.groups()
        return space + (word.upper() if marker == b"\xfe" else word[:1].upper() + word[1:])

    def label(match: re.Match[bytes]) -> bytes:
        if match[0] != b"\xfc":
            return match[0]
        if not labels:
            raise EntropyError("the tokens have more cells than the grid")
        return labels.pop()

    # The marker of a first word stands before the space.
    text = _SMALL.sub(capital, data)
    if text[:1] != b" ":
        raise EntropyError("the tokens do not start as a text does")
    text = text[1:]
    if b"\xfc" in text:
        labels = _labels(text)
        text = _LABEL.sub(label, text)
    return text


def _labels(data: bytes) -> list[bytes]:
    """Give the labels of the cells with their newlines, the first one last; none without a grid."""
    grid = _GRID.match(data)
    if not grid:
        return []
    rows, cols = int(grid[1]), int(grid[2])
    return [b"\nr%dc%d" % (row, col) for row in range(rows, 0, -1) for col in range(cols, 0, -1)]


def _take(labels: list[bytes], label: bytes) -> bytes:
    if labels and label == labels[-1]:
        labels.pop()
        return b"\xfc"
    return label


def words(data: bytes) -> list[bytes]:
    """Split folded bytes into the pieces that merges stay inside of."""
    return _WORDS.findall(data)


class Vocabulary:
    """Tokens by their merges.

    Attributes:
        size: tokens, 256 and one for each merge.
        pieces: the bytes of each token, by its number.
        end: the number of the token that ends a text.
    """

    def __init__(self, merges: Sequence[int], numbers: Sequence[int]) -> None:
        """Build the tables.

        Args:
            merges: pairs, flat: the two parts of token 256, of 257, ... by rank (below 256: bytes).
            numbers: the number of each rank, a permutation.
        """
        by_rank = [bytes([byte]) for byte in range(BASE)]
        self._ranks: dict[tuple[int, int], int] = {}
        pairs = iter(merges)
        for rank, pair in enumerate(zip(pairs, pairs, strict=True), BASE):
            by_rank.append(by_rank[pair[0]] + by_rank[pair[1]])
            self._ranks[pair] = rank
        self._numbers = list(numbers)
        self.size = len(by_rank)
        self.pieces = [b""] * self.size
        for number, piece in zip(self._numbers, by_rank, strict=True):
            self.pieces[number] = piece
        self.end = self._numbers[END]
        self._memo: dict[bytes, tuple[int, ...]] = {}

    def encode(self, data: bytes) -> array[int]:
        """Give the tokens of UTF-8 text, the end token last."""
        memo = self._memo
        out = array("H")
        for word in words(fold(data)):
            tokens = memo.get(word)
            if tokens is None:
                tokens = tuple(self._numbers[rank] for rank in self._merge(word))
                if len(memo) >= _MEMO:
                    memo.clear()
                memo[word] = tokens
            out.extend(tokens)
        out.append(self.end)
        return out

    def decode(self, tokens: Iterable[int]) -> bytes:
        """Give the text's bytes back; the end token must not be among the tokens."""
        return unfold(b"".join(map(self.pieces.__getitem__, tokens)))

    def _merge(self, word: bytes) -> list[int]:
        """Merge the pair of lowest rank until none is left."""
        ranks, parts = self._ranks, list(word)
        while len(parts) > 1:
            rank, at = min((ranks.get(pair, 1 << 30), at) for at, pair in enumerate(pairwise(parts)))
            if rank == 1 << 30:
                break
            parts[at : at + 2] = [rank]
        return parts


if core:
    fold, unfold, Vocabulary = core.fold, core.unfold, core.Vocabulary  # type: ignore[assignment, misc]
