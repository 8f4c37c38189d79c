"""Find the merges of the token vocabulary."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from promptcodec.entropy.ppm.bpe import BASE, fold, words


def word_counts(texts: Iterable[tuple[str, int]]) -> Counter[bytes]:
    """Count the words of weighted texts."""
    counts: Counter[bytes] = Counter()
    for text, weight in texts:
        for word in words(fold(text.encode())):
            counts[word] += weight
    return counts


def _join(word: list[int], pair: tuple[int, int], token: int) -> None:
    at = 0
    while at < len(word) - 1:
        if (word[at], word[at + 1]) == pair:
            word[at : at + 2] = [token]
        at += 1


def merges(counts: Counter[bytes], size: int, least: int = 8) -> list[int]:
    """Give the parts of tokens 256 .. size - 1, flat; fewer where pairs get rarer than ``least``."""
    known = sorted(counts)
    weights = [counts[word] for word in known]
    parts = [list(word) for word in known]
    pairs: Counter[tuple[int, int]] = Counter()
    where: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for index, word in enumerate(parts):
        for pair in pairwise(word):
            pairs[pair] += weights[index]
            where[pair].add(index)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    flat: list[int] = []
    token = BASE
    while token < size and heap:
        count, pair = heapq.heappop(heap)
        if -count != pairs[pair]:  # it changed since
            heapq.heappush(heap, (-pairs[pair], pair))
            continue
        if -count < least:
            break
        flat += pair
        changed: set[tuple[int, int]] = set()
        for index in where.pop(pair):
            weight, word = weights[index], parts[index]
            for old in pairwise(word):
                pairs[old] -= weight
            _join(word, pair, token)
            for new in pairwise(word):
                pairs[new] += weight
                where[new].add(index)
                changed.add(new)
        for new in sorted(changed):
            heapq.heappush(heap, (-pairs[new], new))
        token += 1
    return flat
