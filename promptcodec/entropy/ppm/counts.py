"""Counts of token sequences as sorted flat arrays: built, added to, packed and unpacked with numpy.

Level k holds the sequences of k tokens, k = 2, 3, 4, in lexicographic order. A sequence's
children on the next level are those that start with it, and stand together: a trie without
pointers. A level is three arrays: the last token of each sequence, the number of sequences of
each parent, and the count. Everything is integers and sorting, so the same input gives the
same arrays on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from promptcodec.entropy.ppm import model as ppm_model

LEVELS = (2, 3, 4)
SHIFT = 15  # bits of a token in a key; four fit in 63

Keys: TypeAlias = NDArray[np.int64]
Counted: TypeAlias = dict[int, tuple[Keys, NDArray[np.int64]]]
"""For each level its keys, ascending, and how often each occurs."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the trie.

    Attributes:
        last: the last token of each sequence, uint16.
        children: for each sequence of the level above, how many start with it, uint16.
        count: how often each occurs, as an index into STEPS, uint8.
    """

    last: NDArray[np.uint16]
    children: NDArray[np.uint16]
    count: NDArray[np.uint8]


STEPS = np.array(ppm_model.STEPS, np.uint32)


def count(texts: Iterable[NDArray[np.uint16]], end: int) -> Counted:
    """Count the sequences of 2, 3 and 4 tokens.

    Args:
        texts: tokens, each text's end token last.
        end: the end token, which also stands before each text.

    Returns:
        for each level its keys, ascending, and how often each occurs.
    """
    head = np.array([end], np.uint16)
    stream = np.concatenate([head, *texts]).astype(np.int64)
    ends = stream == end
    counted = {}
    for level in LEVELS:
        if len(stream) < level:
            counted[level] = np.empty(0, np.int64), np.empty(0, np.int64)
            continue
        size = len(stream) - level + 1
        keys = np.zeros(size, np.int64)
        inside = np.ones(size, bool)
        for at in range(level):
            keys = keys << SHIFT | stream[at : at + size]
            if 0 < at < level - 1:  # no sequence runs over an end token
                inside &= ~ends[at : at + size]
        different, times = np.unique(keys[inside], return_counts=True)
        counted[level] = different, times.astype(np.int64)
    return counted


def levels(counted: Counted, tokens: int) -> list[Level]:
    """Make the trie of counted keys; each key's prefix must be among the level above."""
    trie = []
    above: Keys = np.arange(tokens, dtype=np.int64)
    for level in LEVELS:
        keys, times = counted[level]
        parents = np.searchsorted(above, keys >> SHIFT)
        trie.append(
            Level(
                (keys & (1 << SHIFT) - 1).astype(np.uint16),
                np.bincount(parents, minlength=len(above)).astype(np.uint16),
                _codes(times),
            )
        )
        above = keys
    return trie


def grown(trie: list[Level], counted: Counted, tokens: int) -> list[Level]:
    """Give a trie to which counts were added; each key's prefix must be in it, or among them.

    What is added is far less than the trie, so it is put between what is there: nothing is sorted.
    """
    larger = []
    above: Keys = np.arange(tokens, dtype=np.int64)  # the keys of the level above, and with what was added
    above_grown, put = above, np.empty(0, np.intp)
    for level, part in zip(LEVELS, trie, strict=True):
        keys, times = counted[level]
        known = np.repeat(above, part.children) << SHIFT | part.last
        places = np.searchsorted(known, keys)
        old = np.zeros(len(keys), bool)
        inside = places < len(known)
        old[inside] = known[places[inside]] == keys[inside]
        codes = part.count.copy()
        there = places[old]
        codes[there] = _codes(STEPS[codes[there]] + times[old])
        fresh, at = keys[~old], places[~old]
        children = np.insert(part.children, put, 0)
        np.add.at(children, np.searchsorted(above_grown, fresh >> SHIFT), 1)
        last = np.insert(part.last, at, (fresh & (1 << SHIFT) - 1).astype(np.uint16))
        larger.append(Level(last, children, np.insert(codes, at, _codes(times[~old]))))
        above, above_grown, put = known, np.insert(known, at, fresh), at
    return larger


def _codes(times: NDArray[np.int64]) -> NDArray[np.uint8]:
    return (np.searchsorted(STEPS, times, side="right") - 1).astype(np.uint8)


def pack(level: Level) -> bytes:
    """Give a level as bytes that compress well: differences, high and low bytes apart."""
    change = np.diff(level.last, prepend=np.uint16(0)).astype("<u2").view(np.uint8)
    children = level.children.astype("<u2").view(np.uint8)
    planes = [change[0::2], change[1::2], children[0::2], children[1::2], level.count]
    return b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes)


def unpack(data: bytes, parents: int, size: int) -> Level:
    """Undo ``pack`` for a level of ``size`` sequences below ``parents``; ``data`` is all of it."""
    planes = np.split(np.frombuffer(data, np.uint8), np.cumsum([size, size, parents, parents]))
    change = planes[0].astype(np.uint16) | planes[1].astype(np.uint16) << np.uint16(8)
    children = planes[2].astype(np.uint16) | planes[3].astype(np.uint16) << np.uint16(8)
    return Level(np.cumsum(change, dtype=np.uint16), children, planes[4])
