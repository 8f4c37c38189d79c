"""Near-duplicates: documents that show the same picture, recompressed, resized or slightly cropped.

Not every document is compared with every other. Some bits of a look, chosen at random, are a key; documents
of one key are compared. With TABLES keys two looks of the same picture share at least one nearly always.
Source: locality-sensitive hashing by sampled bits, Indyk and Motwani, STOC 1998.

The mirror image of a picture is another picture here, and so is what differs in its subject's pose: series
of a camera or a generator fall together only where their pictures can hardly be told apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from promptcodec.archive.indexing.looks import CELLS, UNKNOWN, Bytes, Looks
from promptcodec.archive.searching import similar
from promptcodec.layers import signature

Pairs = npt.NDArray[np.int64]
"""``(n, 2)`` numbers of documents, the lower first."""

LEAST, PER_BIT, MOST_BITS = 0.79, 0.006, 14
"""Two signatures are of one picture from a likeness of LEAST, and PER_BIT more for each bit of their layouts
that differs, which MOST_BITS may: content alone is alike in a series, layout alone on plain grounds."""

LEAST_COLOURS, VARIETY = 0.7, 12
"""Without signatures: the nearness of two maps, 0..1, both with so many colours at least. Plainer pictures
cannot be told apart by their maps."""

TABLES = 32
_KEY_BITS = 16
_KEY_CELLS = 4
_WINDOW = 8
"""Most documents of one key that each is compared with in a table; they are others in the next."""


def near(looks: Looks) -> tuple[tuple[int, ...], ...]:
    """Find groups of documents that show the same picture, all with signatures or all without.

    Every document of a group is near one of them, so a series that changes step by step is not one group.

    Args:
        looks: of N documents.

    Returns:
        Groups of two and more numbers of documents, each number once, in their order.
    """
    if not looks:
        return ()
    signed = np.concatenate([chunk.signed for chunk in looks])
    signatures = np.hstack([chunk.signatures[:, chunk.signed] for chunk in looks])
    groups = _groups(signatures, np.flatnonzero(signed), _same_signatures)
    if not signed.all():
        colours = np.hstack([chunk.colours[:, ~chunk.signed] for chunk in looks])
        varied = _variety(colours) >= VARIETY
        groups += _groups(colours[:, varied], np.flatnonzero(~signed)[varied], _same_colours)
    return tuple(sorted(groups))


def _groups(
    columns: Bytes, numbers: npt.NDArray[np.intp], same: Callable[[Bytes], Pairs]
) -> list[tuple[int, ...]]:
    """Group documents by their columns, each column once: there may be thousands of blank pages."""
    rows = np.ascontiguousarray(columns.T).view(np.dtype((np.void, len(columns)))).ravel()
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    beside: defaultdict[int, set[int]] = defaultdict(set)
    for one, other in same(columns[:, first]).tolist():
        beside[one].add(other)
        beside[other].add(one)
    copies = np.bincount(inverse, minlength=len(first))
    leader = np.arange(len(first))
    taken: set[int] = set()
    # Who is near most others stands in their middle.
    for one in sorted(beside, key=lambda one: (-len(beside[one]), first[one])):
        if one not in taken:
            members = {one, *beside[one]} - taken
            taken |= members
            leader[list(members)] = one
    sizes = np.bincount(leader, copies, len(first))
    order = np.argsort(leader[inverse], kind="stable")
    order = order[sizes[leader[inverse[order]]] > 1]
    borders = np.flatnonzero(np.diff(leader[inverse[order]])) + 1
    return [tuple(group.tolist()) for group in np.split(numbers[order], borders) if len(group)]


def _variety(colours: Bytes) -> npt.NDArray[np.intp]:
    """Count the colours of each map; of those that are not known throughout, none."""
    ordered = np.sort(colours, axis=0)
    count = 1 + (np.diff(ordered, axis=0) != 0).sum(0)
    return np.where(ordered[-1] == UNKNOWN, 0, count)


def _same_signatures(signatures: Bytes) -> Pairs:
    half = signature.BITS // 2
    count = max(_KEY_BITS, signatures.shape[1].bit_length()) // 2
    same = []
    for rng in _generators():
        # Half of a key is of the layout, half of the content: neither is the same for many pictures.
        places = np.concatenate([start + rng.choice(half, count, replace=False) for start in (0, half)])
        for first, second in _meeting(np.packbits(signature.bits(signatures, places), axis=0), rng):
            few = signature.differing(signatures[:, first], signatures[:, second])
            kept = few <= MOST_BITS
            a, b, few = first[kept], second[kept], few[kept]
            like = 1 - signature.pair_distances(signatures[:, a], signatures[:, b])
            is_same = like >= LEAST + PER_BIT * few
            same.append(np.stack([a[is_same], b[is_same]], 1))
    return np.unique(np.vstack(same), axis=0)


def _same_colours(colours: Bytes) -> Pairs:
    count = max(_KEY_CELLS, colours.shape[1].bit_length() // 4)
    same = []
    for rng in _generators():
        for first, second in _meeting(colours[rng.choice(CELLS, count, replace=False)], rng):
            is_same = similar.nearness(colours[:, first], colours[:, second]) >= LEAST_COLOURS
            same.append(np.stack([first[is_same], second[is_same]], 1))
    return np.unique(np.vstack(same), axis=0)


def _generators() -> Iterator[np.random.Generator]:
    return (np.random.default_rng(table) for table in range(TABLES))


def _meeting(
    keys: Bytes, rng: np.random.Generator
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Give pairs of documents that share a key ``(bytes, n)``, at most n at a time; at least once."""
    mixed = rng.permutation(keys.shape[1])
    order = mixed[np.lexsort(keys[:, mixed])]
    # How far the run of each key goes on.
    starts = np.flatnonzero(np.r_[True, (np.diff(keys[:, order], axis=1) != 0).any(0)])
    ends = np.repeat(np.r_[starts[1:], len(order)], np.diff(np.r_[starts, len(order)]))
    for step in range(1, _WINDOW + 1):
        place = np.flatnonzero(np.arange(len(order)) + step < ends)
        yield order[place], order[place + step]
        if not len(place):
            return
