"""The finest description that fits into its bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from promptcodec.description import Description, shorten
from promptcodec.description.model import MAX_SIDE

CELLS = (64, 54, 48, 40, 35, 30, 24, 20, 15, 12, 9, 6, 4, 2, 1)
DEFAULT_CELLS = 24


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
