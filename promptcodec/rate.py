"""Rate control: how the bytes of a budget are shared among the layers.

First form: fixed shares, spent coarse to fine; what one layer leaves goes to the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from promptcodec.bitstream import PART_IDS, overhead
from promptcodec.description import Description, shorten
from promptcodec.description.model import MAX_SIDE
from promptcodec.errors import BudgetError, UsageError

# Weights by which a budget is split; only the layers asked for count.
SHARES = {"semantic": 0.45, "texture": 0.55, "structure": 0.25, "pixels": 0.8}
CELLS = (64, 54, 48, 40, 35, 30, 24, 20, 15, 12, 9, 6, 4, 2, 1)
DEFAULT_CELLS = 24

Coder = Callable[[int | None], bytes]


def limit(size: tuple[int, int], budget: int | None, bpp: float | None) -> int | None:
    """Give the most bytes allowed, the smaller of ``budget`` and ``bpp``; None is no limit.

    Raises:
        UsageError: either is not positive.
    """
    limits = []
    if budget is not None:
        limits.append(budget)
    if bpp is not None:
        if not (bpp > 0 and math.isfinite(bpp)):
            raise UsageError(f"{bpp} bits per pixel is not a positive number")
        limits.append(int(size[0] * size[1] * bpp / 8))
    if not limits:
        return None
    if min(limits) < 1:
        raise UsageError(f"a budget of {min(limits)} bytes cannot hold a stream")
    return min(limits)


def grid(cells: int, size: tuple[int, int]) -> tuple[int, int]:
    """Choose rows and columns, 1..8 each, for about ``cells`` nearly square cells.

    Args:
        cells: 1..64.
        size: width and height of the picture.
    """
    best = (1, 1)
    best_cost = math.inf
    for rows in range(1, MAX_SIDE + 1):
        for cols in range(1, MAX_SIDE + 1):
            if rows * cols > cells:
                continue
            shape = abs(math.log((size[0] * rows) / (size[1] * cols)))
            cost = shape + 2 * math.log(cells / (rows * cols))
            if cost < best_cost:
                best, best_cost = (rows, cols), cost
    return best


def fit_description(
    describe: Callable[[int, int], Description],
    size: tuple[int, int],
    encode: Callable[[Description], bytes],
    room: int,
) -> bytes:
    """Code the finest description that fits into ``room`` bytes.

    The sentence is cut to what leaves half the room to the cells; then grids are tried by
    bisection, each whole and without orientations; last the coarsest in ever fewer words. The
    result may still be too long: it is then the shortest there is.

    Args:
        describe: gives the description on a grid of rows and columns.
        size: width and height of the picture.
        encode: codes a description.
        room: bytes.
    """
    grids = list(dict.fromkeys(grid(cells, size) for cells in CELLS))
    coarsest = describe(*grids[-1])
    summary = _fit_summary(coarsest, encode, room)

    def candidate(level: int) -> bytes:
        said = replace(describe(*grids[level // 2]), summary=summary)
        return encode(shorten.without_orientations(said) if level % 2 else said)

    low, high = 0, 2 * len(grids) - 1
    best = None
    while low <= high:
        middle = (low + high) // 2
        data = candidate(middle)
        if len(data) <= room:
            best, high = data, middle - 1
        else:
            low = middle + 1
    if best is not None:
        return best
    forms = [encode(shorter) for shorter in shorten.least(replace(coarsest, summary=summary))]
    return next((data for data in forms if len(data) <= room), forms[-1])


def _fit_summary(coarsest: Description, encode: Callable[[Description], bytes], room: int) -> str:
    """Cut the summary so that it takes at most half the room beside the fewest cells there are."""
    without = len(encode(replace(coarsest, summary="")))
    for summary in shorten.shorter_sentences(coarsest.summary):
        if len(encode(replace(coarsest, summary=summary))) - without <= room // 2:
            return summary
    return ""


def allocate(
    coders: Mapping[str, Coder],
    fixed: Mapping[str, bytes],
    size: tuple[int, int],
    room: int | None,
) -> dict[str, bytes]:
    """Code the elastic layers into what a file of ``room`` bytes leaves beside the fixed ones.

    Args:
        coders: elastic layers, the most important first; each is called with the bytes it may
            spend (None: no limit) and raises BudgetError, or returns more, where that is too little.
        fixed: payloads of the layers that are stored whatever happens.
        size: width and height of the picture.
        room: most bytes of the file, None for no limit.

    Returns:
        Payloads by layer in stream order. A layer that does not fit is left out.

    Raises:
        BudgetError: nothing fits; the message says what would.
    """
    if room is None:
        return in_stream_order({name: coder(None) for name, coder in coders.items()} | dict(fixed))
    payloads = dict(fixed)
    fixed_bytes = file_bytes(fixed, size) if fixed else 0
    if fixed_bytes > room:
        raise BudgetError(
            f"the budget of {room} bytes is too small: {', '.join(fixed)} alone need {fixed_bytes}"
        )
    names = list(coders)
    for index, name in enumerate(names):
        left = _left(payloads, name, size, room)
        share = int(left * SHARES[name] / sum(SHARES[later] for later in names[index:]))
        try:
            payload = coders[name](max(share, 0))
        except BudgetError:
            if payloads:
                continue
            raise
        if len(payload) <= (share if payloads else left):
            payloads[name] = payload
        elif not payloads and index == len(names) - 1:
            needed = room - left + len(payload)
            raise BudgetError(f"the budget of {room} bytes is too small: the {name} layer needs {needed}")
    return in_stream_order(payloads)


def in_stream_order(payloads: Mapping[str, bytes]) -> dict[str, bytes]:
    """Sort payloads coarse to fine."""
    return {name: payloads[name] for name in PART_IDS if name in payloads}


def file_bytes(payloads: Mapping[str, bytes], size: tuple[int, int]) -> int:
    """Count the bytes of the file these payloads make."""
    lengths = [len(payload) for payload in in_stream_order(payloads).values()]
    return sum(lengths) + overhead(lengths, size)


def _left(payloads: Mapping[str, bytes], name: str, size: tuple[int, int], room: int) -> int:
    """Count the bytes a payload of ``name`` may have in a file of ``room`` bytes."""
    left = room - file_bytes({**payloads, name: b""}, size)
    is_last = next(reversed(in_stream_order({**payloads, name: b""}))) == name
    return left if is_last or left <= 0x80 else left - 1  # a longer length is one byte more
