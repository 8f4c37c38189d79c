"""Which texts of an archive are worth being in its table: those that say what many others say.

The token PPM looks back three tokens, so sequences of four are what it can know. A text is worth the number
of other places where its sequences stand, divided by its length; those that a text before it has are worth
nothing more. The best is taken, then the best of the rest.

Source: Liao, Petri, Moffat, Wirth, "Effective construction of relative Lempel-Ziv dictionaries", WWW 2016,
which the trainer of zstd's dictionaries follows as well; here a text is taken whole.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from promptcodec.entropy.ppm.model import shipped

_LENGTH = 4
_BITS = 15  # of a token
_HEAD = 3  # tokens: no text is worth much for being short

Tokens = NDArray[np.uint16]


def prefixes(texts: Sequence[bytes], sizes: Sequence[int]) -> Iterator[bytes]:
    """Choose texts for tables of some sizes.

    Args:
        texts: UTF-8.
        sizes: most tokens of a table, ascending.

    Yields:
        The tokens of the texts chosen for a size, as a table takes them; not where they are those before.
    """
    tokens = list(map(_tokens, texts))
    order = _order(tokens)
    ends = np.cumsum([len(tokens[index]) for index in order], dtype=np.int64)
    before = 0
    for size in sizes:
        count = int(np.searchsorted(ends, size, side="right"))
        if count > before:
            yield b"".join(tokens[index].astype("<u2").tobytes() for index in order[:count])
        before = count


def count(text: bytes) -> int:
    """Count the tokens of a text."""
    return len(shipped().vocabulary.encode(text))


def _tokens(text: bytes) -> Tokens:
    return np.asarray(shipped().vocabulary.encode(text), np.uint16)


def _order(texts: Sequence[Tokens]) -> list[int]:
    """Give the indices of texts, the best first; none that says nothing that others say."""
    numbers, times = _numbered(texts)
    sequences = np.split(numbers, np.cumsum(list(map(_sequences, texts)))[:-1])
    worth = times - 1

    def value(index: int) -> float:
        return float(worth[sequences[index]].sum()) / (_HEAD + len(texts[index]))

    queue = [(-value(index), index) for index in range(len(texts))]
    heapq.heapify(queue)
    order: list[int] = []
    while queue:
        _, index = queue[0]
        now = value(index)
        if now == 0:
            heapq.heappop(queue)
        elif -now > queue[0][0]:  # a text that was taken has some of it
            heapq.heapreplace(queue, (-now, index))
        else:
            heapq.heappop(queue)
            order.append(index)
            worth[sequences[index]] = 0
    return order


def _numbered(texts: Sequence[Tokens]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the sequences of texts, one text behind the other; and say how often each number is there."""
    keys = []
    for text in texts:
        stream = np.concatenate([text[-1:], text]).astype(
            np.int64
        )  # an end token stands before each text, too
        key = np.zeros(_sequences(text), np.int64)
        for at in range(_LENGTH):
            key = key << _BITS | stream[at : at + len(key)]
        keys.append(key)
    _, numbers, times = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    return numbers, times


def _sequences(text: Tokens) -> int:
    return max(len(text) + 2 - _LENGTH, 0)
