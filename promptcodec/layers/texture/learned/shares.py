"""How the chances of a level's values are cut: a discretised logistic distribution in whole numbers."""

from __future__ import annotations

from promptcodec.layers.texture.learned.model import LOGIT_LIMIT, MOST, Tables

CHANCE = 65536
TOTAL = 32 * CHANCE + 2 * MOST + 1
"""What the shares of all levels add up to."""


def bounds(known: Tables, level: int, mean: int, rate: int) -> tuple[int, int]:
    """Give where the share of a level starts and ends, in TOTAL.

    Args:
        known: the tables.
        level: -MOST..MOST.
        mean: what is expected of it, in 1/256 of a level.
        rate: reciprocal of the scale, in 1/16384.
    """
    low = 0 if level <= -MOST else _below(known, level - 1, mean, rate)
    high = CHANCE if level >= MOST else _below(known, level, mean, rate)
    return 32 * low + level + MOST, 32 * high + level + MOST + 1


def rounded(level: int) -> int:
    """Give the level nearest to one in 1/256 of a level."""
    level = level + 128 >> 8
    return level if -MOST <= level <= MOST else MOST if level > 0 else -MOST


def _below(known: Tables, level: int, mean: int, rate: int) -> int:
    """Give the chance of no more than a level, in 1/CHANCE."""
    logit = (256 * level + 128 - mean) * rate >> 14
    # With min and max it would take twice as long.
    if not -LOGIT_LIMIT <= logit <= LOGIT_LIMIT:
        logit = LOGIT_LIMIT if logit > 0 else -LOGIT_LIMIT
    return known.chances[logit + LOGIT_LIMIT]
