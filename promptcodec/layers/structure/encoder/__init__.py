"""What only an encoder of the structure layer needs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, count

from PIL import Image

from promptcodec.errors import BudgetError, UsageError
from promptcodec.layers.structure import MINIMUM_BYTES
from promptcodec.layers.structure.encoder import salience, simplify
from promptcodec.layers.structure.lattice import Path
from promptcodec.layers.structure.part import canvas_of, encode_value, head_of
from promptcodec.settings import EDGES

_GRID = 3
# From so many bytes on a canvas is worth trying; a finer one is taken where it carries as much.
_FROM = {64: 0, 128: 36, 256: 160}
# So many lines behind the last that fits are tried.
_TRIES = 12
# Rough bits say so often how many lines to try; bisection does then.
_GUESSES = 4
# What a larger canvas may carry less: its lines lie truer.
_FINER = 0.7


def encode(image: Image.Image, budget: int, edges: str) -> bytes:
    """Code the strongest contours that fit; see ``promptcodec.layers.structure.encode``."""
    if edges not in EDGES:
        raise UsageError(f"unknown edges {edges!r}; one of {', '.join(EDGES)}")
    if budget < MINIMUM_BYTES:
        raise BudgetError(f"a structure layer needs at least {MINIMUM_BYTES} bytes, not {budget}")
    best, best_share = b"", -1.0
    for side, least in _FROM.items():
        if budget < least:
            continue
        part, share = _strongest(image, side, budget, edges)
        if share >= best_share * _FINER:
            best, best_share = part, share
    return best


def _strongest(image: Image.Image, side: int, budget: int, edges: str) -> tuple[bytes, float]:
    """Code as many of the most salient lines as fit; give the part and the share of gradient it carries."""
    head = head_of(image.size)
    ranked = salience.ranked(image, canvas_of(head, side), _GRID, edges)

    def coded(chosen: Sequence[int]) -> bytes:
        return encode_value(head, ranked.shape, (_GRID, [ranked.paths[index] for index in chosen]))

    # The most that fit in order of rank, then whatever still fits of those behind.
    chosen, part = _most(ranked.paths, coded, budget)
    low = len(chosen)
    for index in range(low + 1, min(low + 1 + _TRIES, len(ranked.paths))):
        longer = coded([*chosen, index])
        if len(longer) <= budget:
            chosen.append(index)
            part = longer
    carried = sum(ranked.carried[index] for index in chosen)
    if len(chosen) == len(ranked.paths):
        whole = encode_value(head, ranked.shape, ranked.truth)
        part = min(part, whole, key=len)
    return part, carried / ranked.total if ranked.total else 0.0


def _most(
    paths: Sequence[Path], coded: Callable[[Sequence[int]], bytes], budget: int
) -> tuple[list[int], bytes]:
    """Find how many of the first paths fit, and code them; their rough bits say where to look."""
    costs = list(accumulate(map(simplify.bits, paths), initial=0.0))
    low, high, part = 0, len(paths), b""
    rate = 1 / 8
    for attempt in count():
        if low >= high:
            break
        guess = bisect_right(costs, budget / rate) - 1 if attempt < _GUESSES else (low + high + 1) // 2
        middle = min(max(guess, low + 1), high)
        data = coded(range(middle))
        if len(data) <= budget:
            low, part = middle, data
        else:
            high = middle - 1
        rate = len(data) / costs[middle]
    return list(range(low)), part or coded([])
