"""Choose levels in coding order: what is worth its bits is kept.

Each level is the best of up to four (the nearest, the next towards what is expected, the next towards
zero, none) by squared error plus a price times its bits, given the levels chosen before. All of it is whole
numbers, so that the compiled core and this Python choose the same.

Source: G. J. Sullivan and T. Wiegand, "Rate-distortion optimization for video compression", 1998.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture.learned import context, model
from promptcodec.layers.texture.learned.grids import places
from promptcodec.layers.texture.learned.model import LATENTS, LOGIT_LIMIT, MOST
from promptcodec.layers.texture.learned.shares import CHANCE, TOTAL
from promptcodec.native import core

Ints = npt.NDArray[np.int32]
Levels = npt.NDArray[np.int16]

ONE_BIT = 4096
"""Bits are counted in parts of this."""
ONE_LEVEL = 256
MAX_PRICE = 1 << 32
MAX_WEIGHT = 1 << 24


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be coded, and how exactly.

    Attributes:
        wanted: ``(rows, columns, LATENTS)`` levels in 1/ONE_LEVEL; beyond MOST levels they count as MOST.
        weights: ``(LATENTS,)`` what a squared 1/ONE_LEVEL of error costs, in the caller's unit; up to
            MAX_WEIGHT.
        quality: 0..QUALITIES - 1.
        count: channels that are coded; the others are zero.
        tables: the model.
    """

    wanted: Ints
    weights: Ints
    quality: int
    count: int
    tables: model.Tables


@dataclass(frozen=True, slots=True)
class Choice:
    """Levels of a picture.

    Attributes:
        levels: ``(rows, columns, LATENTS)``.
        bits: what those that are coded cost, in 1/ONE_BIT.
        error: squared error of all by the weights, in the unit that they give.
    """

    levels: Levels
    bits: int
    error: int


def choose(task: Task, price: int) -> Choice:
    """Choose the levels.

    Args:
        task: what is to be coded.
        price: what 1/ONE_BIT of a bit is worth, in the unit of the errors; up to MAX_PRICE.
    """
    if not core:
        return _choose(task, price)
    rows, columns = task.wanted.shape[:2]
    levels = np.empty(task.wanted.shape, np.int16)
    wanted = np.ascontiguousarray(task.wanted)
    features = places(rows, columns, task.quality)
    bits, error = model.kernel(task.tables).choose(
        (rows, columns), task.count, _costs(), features, wanted, task.weights, price, levels
    )
    return Choice(levels, bits, error)


def cost(tables: model.Tables, levels: Levels, quality: int, count: int) -> int:
    """Give the bits of levels ``(rows, columns, LATENTS)`` in 1/ONE_BIT, of the channels that are coded."""
    if not core:
        return _cost(tables, levels, quality, count)
    rows, columns = levels.shape[:2]
    features = places(rows, columns, quality)
    whole = np.ascontiguousarray(levels)
    return model.kernel(tables).cost((rows, columns), count, _costs(), features, whole)


@functools.cache
def _costs() -> Ints:
    """Give what a level costs in 1/ONE_BIT of a bit, by its chance in 1/CHANCE."""
    shares = 32 * np.arange(CHANCE + 1) + 1
    return np.asarray(np.rint(np.log2(TOTAL / shares) * ONE_BIT), np.int32)


def _spent(
    tables: model.Tables, levels: context.Ints, means: context.Ints, rates: context.Ints
) -> context.Ints:
    """Give what levels cost, in 1/ONE_BIT of a bit; of any shapes that fit together."""
    chances: context.Ints = np.asarray(tables.chances, np.int64)

    def below(level: context.Ints) -> context.Ints:
        logit = np.clip((ONE_LEVEL * level + ONE_LEVEL // 2 - means) * rates >> 14, -LOGIT_LIMIT, LOGIT_LIMIT)
        return np.asarray(chances[logit + LOGIT_LIMIT], np.int64)

    high = np.where(levels >= MOST, CHANCE, below(levels))
    low = np.where(levels <= -MOST, 0, below(levels - 1))
    spent: context.Ints = _costs()[high - low].astype(np.int64)
    return spent


def _cost(tables: model.Tables, levels: Levels, quality: int, count: int) -> int:
    means, scales = context.expected(tables, levels, quality)
    rates = np.asarray(tables.rates, np.int64)[scales - model.SCALE_LOW]
    return int(_spent(tables, levels.astype(np.int64), means, rates)[..., :count].sum())


def _choose(task: Task, price: int) -> Choice:
    rows, columns = task.wanted.shape[:2]
    wanted = np.clip(task.wanted, -ONE_LEVEL * MOST, ONE_LEVEL * MOST).astype(np.int64).reshape(-1, LATENTS)
    weights = task.weights.astype(np.int64)
    error = int((weights * wanted**2)[:, task.count :].sum())
    bits = 0

    def pick(place: int, before: int, means: list[int], rates: list[int]) -> list[int]:
        nonlocal bits, error
        own = slice(before, before + len(means))
        options = _options(wanted[place, own], np.array(means))
        spent = _spent(task.tables, options, np.array(means), np.array(rates))
        missed = weights[own] * (ONE_LEVEL * options - wanted[place, own]) ** 2
        total = missed + price * spent
        best = total.argmin(0)[None]
        levels, paid, left = (np.take_along_axis(each, best, 0)[0] for each in (options, spent, missed))
        bits += int(paid.sum())
        error += int(left.sum())
        return list(levels.tolist())

    levels = context.walk(task.tables, rows, columns, task.quality, task.count, pick)
    return Choice(levels.astype(np.int16), bits, error)


def _options(wanted: context.Ints, means: context.Ints) -> context.Ints:
    """Give the levels ``(4, n)`` among which is chosen, the first where they are equally good."""
    nearest = wanted + ONE_LEVEL // 2 >> 8
    goal = np.clip(means + ONE_LEVEL // 2 >> 8, -MOST, MOST)
    none = np.where(np.abs(nearest) <= 2, 0, nearest)
    return np.stack([nearest, nearest + np.sign(goal - nearest), nearest - np.sign(nearest), none])
