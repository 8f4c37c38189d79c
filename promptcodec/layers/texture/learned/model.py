"""What the learned coder knows: the table ``texture-2``; its layout is docs/format.md."""

from __future__ import annotations

import functools
import itertools
import sys
from array import array
from dataclasses import dataclass
from typing import TypeAlias

from promptcodec import models
from promptcodec.layers.texture.dct.frequencies import log8
from promptcodec.layers.texture.learned.grids import AREAS
from promptcodec.native import core

LATENTS = 64
"""Channels of a place."""

GROUPS = (4, 8, 12, 16, 24)
"""Channels that are coded together."""

BESIDE = ((0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0))
"""Places of the own group that are known: rows and columns from here."""

HIDDEN, PLACE = 64, 6
QUALITIES = 45
LENGTHS = 24
LOGIT_LIMIT = 2559
SCALE_LOW, SCALE_HIGH = -96, 112
"""Binary logarithms of scales, in 1/16."""

MOST = 255
"""The largest level, without its sign."""

HIDDEN_LIMIT = 4095
MAGNITUDE = tuple(2 * log8(1 + level) for level in range(MOST + 1))
"""Sixteen times the binary logarithm of 1 + level, in even numbers, rounded down."""

COARSE = 4
"""Samples of the coarse picture across and down a place."""

STEP_UNIT = 1024
"""Steps are in parts of a pixel level."""

Rows: TypeAlias = "tuple[array[int], ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Weights behind the levels of a group of ``own`` channels, ``before`` channels being known.

    Attributes:
        place: ``(PLACE, HIDDEN)`` in 1/256, of whole numbers.
        before: ``(9, 2 * before, HIDDEN)`` in 1/1024: of a neighbour the signed logarithms, then the
            unsigned.
        beside: ``(6, 2 * own, HIDDEN)`` likewise.
        direct: ``(6, own, own)`` in 1/1024: of a level beside to the mean of one.
        second: ``(HIDDEN, HIDDEN)`` in 1/1024.
        out: ``(HIDDEN, 2 * own)`` in 1/1024.
        bias1, bias2, bias3: of the three layers, in 1/16384, 1/65536 and 1/65536.
    """

    before_count: int
    own: int
    place: array[int]
    bias1: array[int]
    before: array[int]
    beside: array[int]
    direct: array[int]
    second: array[int]
    bias2: array[int]
    out: array[int]
    bias3: array[int]


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What ``texture-2`` holds for reading; a table is only equal to itself.

    Attributes:
        chances: ``2 * LOGIT_LIMIT + 1`` values of the logistic function in 1/65536, by logit in 1/256.
        rates: reciprocals of scales in 1/16384, by SCALE_LOW..SCALE_HIGH.
        shapes, sizes, qualities, counts: frequencies of the header's symbols: shape; size by length class;
            quality by size; channels coded, in fours, by quality.
        groups: one a group.
        steps: what a level stands for, by quality, in 1/STEP_UNIT of a pixel level.
        coarse: ``(9, LATENTS, COARSE * COARSE * 3)`` in 1/4096: what is shown of those around a place.
        ground: ``(COARSE * COARSE * 3,)`` in 1/16 of a pixel level: what is shown of no levels.
    """

    chances: array[int]
    rates: array[int]
    shapes: array[int]
    sizes: Rows
    qualities: Rows
    counts: Rows
    groups: tuple[Group, ...]
    steps: array[int]
    coarse: array[int]
    ground: array[int]


# Rows, columns and kind of each part before the groups, and behind them.
HEAD: dict[str, tuple[int, int, str]] = {
    "chances": (1, LOGIT_LIMIT // 16 + 2, "H"),
    "rates": (1, SCALE_HIGH - SCALE_LOW + 1, "i"),
    "shapes": (1, 25, "B"),
    "sizes": (LENGTHS, len(AREAS), "B"),
    "qualities": (len(AREAS), QUALITIES, "B"),
    "counts": (QUALITIES, LATENTS // 4 + 1, "B"),
}
TAIL: dict[str, tuple[int, int, str]] = {
    "steps": (1, QUALITIES, "i"),
    "coarse": (9 * LATENTS, COARSE * COARSE * 3, "h"),
    "ground": (1, COARSE * COARSE * 3, "h"),
}


def group_parts(before: int, own: int) -> dict[str, tuple[int, str]]:
    """Give the lengths and kinds of a group's arrays, in the order of the table."""
    return {
        "place": (PLACE * HIDDEN, "i"),
        "bias1": (HIDDEN, "i"),
        "before": (9 * 2 * before * HIDDEN, "h"),
        "beside": (len(BESIDE) * 2 * own * HIDDEN, "h"),
        "direct": (len(BESIDE) * own * own, "h"),
        "second": (HIDDEN * HIDDEN, "h"),
        "bias2": (HIDDEN, "i"),
        "out": (HIDDEN * 2 * own, "h"),
        "bias3": (2 * own, "i"),
    }


def before_counts() -> tuple[int, ...]:
    """Give how many channels are known before each group."""
    return tuple(sum(GROUPS[:number]) for number in range(len(GROUPS)))


def unpack(data: bytes) -> Tables:
    """Read a table file's content."""
    at = 0

    def take(count: int, kind: str) -> array[int]:
        nonlocal at
        part = array(kind)
        end = at + count * part.itemsize
        part.frombytes(data[at:end])
        if sys.byteorder == "big":
            part.byteswap()
        at = end
        return part

    def rows(part: array[int], columns: int) -> Rows:
        return tuple(part[start : start + columns] for start in range(0, len(part), columns))

    head = {name: take(count * columns, kind) for name, (count, columns, kind) in HEAD.items()}
    groups = tuple(
        Group(before, own, **{name: take(*form) for name, form in group_parts(before, own).items()})
        for before, own in zip(before_counts(), GROUPS, strict=True)
    )
    tail = {name: take(count * columns, kind) for name, (count, columns, kind) in TAIL.items()}
    points = head["chances"]
    half = [
        low + ((high - low) * part >> 4) for low, high in itertools.pairwise(points) for part in range(16)
    ][: LOGIT_LIMIT + 1]
    chances = array("i", [*(65536 - chance for chance in half[:0:-1]), *half])
    return Tables(
        chances, head["rates"], head["shapes"], rows(head["sizes"], len(AREAS)),
        rows(head["qualities"], QUALITIES), rows(head["counts"], LATENTS // 4 + 1), groups,
        tail["steps"], tail["coarse"], tail["ground"],
    )  # fmt: skip


@functools.lru_cache(maxsize=2)
def kernel(known: Tables) -> core.LearnedTables:
    """Give tables as the compiled core has them."""
    groups = tuple(
        tuple(getattr(group, name) for name in group_parts(group.before_count, group.own))
        for group in known.groups
    )
    return core.LearnedTables(known.chances, known.rates, array("h", MAGNITUDE), groups)


@functools.cache
def tables() -> Tables:
    """Give the shipped tables."""
    return unpack(models.load("texture-2"))
