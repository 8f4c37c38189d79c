"""Find the step and the price of a bit with which a picture fits its bytes best.

Where the decoder restores, it is the restored picture that is to be close: the amplitudes to
quantise are moved so that it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from promptcodec.entropy.bitio import BitCounter
from promptcodec.layers.texture.dct import model
from promptcodec.layers.texture.dct.content import Content, dequantise
from promptcodec.layers.texture.dct.encoder import quantise
from promptcodec.layers.texture.dct.encoder.aim import guess, restored
from promptcodec.layers.texture.dct.frequencies import Ints
from promptcodec.layers.texture.dct.stream import length_class, write_header
from promptcodec.layers.texture.transform import UNIT

# Squared pixel levels that a bit is worth, in squares of the step.
PRICE = 0.16
# Steps looked at around the one that fits at that price.
AROUND = (-1, 0, 1)
# Prices tried for one step: while what levels cost each other settles, then until the bytes are full.
SETTLING, FILLING = 2, 8
# Bits above the budget that may still fit, since the end of a range coder's stream takes less; and those that
# may stay empty.
SPARE, EMPTY = 2, 3
# How much of the last aim is kept in the next, at first of the picture itself: what single levels do to an
# aim evens out.
KEPT_FIRST, KEPT = 0.35, 0.5


class Effort(NamedTuple):
    """How hard to look for what restores best.

    Attributes:
        aims: how often to aim at it.
        judges: the last aim is also judged; else it is taken for the best.
        steps: quantiser steps looked at, from the one that fits on, coarser by so many.
    """

    aims: int
    judges: bool
    steps: tuple[int, ...]


EFFORTS = (
    Effort(0, True, (1,)),
    Effort(1, False, (1,)),
    Effort(1, True, (1,)),
    Effort(2, False, (1,)),
    Effort(2, True, (1,)),
    Effort(3, True, (1,)),
    Effort(3, True, (0, 1)),
    Effort(5, True, (0, 1)),
    Effort(9, True, (0, 1, 2)),
)


class Trial(NamedTuple):
    """A coding: its bits, its squared error in pixel levels, its content, its price."""

    bits: float
    error: float
    content: Content
    price: float


class Fit(NamedTuple):
    """What fits with one step: the best first; and what levels cost each other there."""

    trials: list[Trial]
    pull: Ints


def candidates(planes: Ints, shape: int, budget: int, effort: Effort | None) -> Iterator[Content]:
    """Give contents that should fit, the best first, down to the smallest there is.

    Args:
        planes: ``(PLANES, down, across)`` amplitudes.
        shape: the picture's shape.
        budget: bytes.
        effort: how hard to look for what restores best; None where the decoder is not to restore.
    """
    kind, room = length_class(budget), 8 * budget
    centre = _fitting_step(planes, shape, kind, room)
    if effort is not None:
        coarser = {min(centre + way, model.STEPS - 1) for way in effort.steps}
        judged = [
            each for step in sorted(coarser) for each in _restored(planes, shape, kind, room, step, effort)
        ]
        for _, trials in sorted(judged, key=lambda each: each[0]):
            yield from (replace(trial.content, restored=True) for trial in trials)
    steps = [step for step in (centre + way for way in AROUND) if 0 <= step < model.STEPS]
    fits = [_fit(planes, shape, step, kind, room) for step in steps]
    plain = sorted((trial for fit in fits for trial in fit.trials), key=lambda trial: trial.error)
    yield from (trial.content for trial in plain)
    for price in (2.0, 8.0, 1e9):
        yield _try(planes, shape, model.STEPS - 1, kind, price).content


def _restored(
    planes: Ints, shape: int, kind: int, room: float, step: int, effort: Effort
) -> list[tuple[float, list[Trial]]]:
    """Quantise again and again what restores to more of the picture than the picture itself.

    Returns:
        Codings with the error that is left once the best of them is restored; none where restoring takes
        nothing from the error.
    """
    fit = _fit(planes, shape, step, kind, room)
    judged: list[tuple[float, list[Trial]]] = []
    aim = planes
    for turn in range(effort.aims):
        if not fit.trials:
            return judged
        decoded = dequantise(fit.trials[0].content)
        seen = guess(decoded, planes, shape, step)
        error = _apart(seen.planes, planes)
        if not turn and error >= _apart(decoded, planes):
            return []
        judged.append((error, fit.trials))
        kept = KEPT if turn else KEPT_FIRST
        aim = np.rint(kept * aim + (1 - kept) * seen.aim).astype(np.int32)
        fit = _fit(aim, shape, step, kind, room, price=fit.trials[0].price, pull=fit.pull)
    if not fit.trials:
        return judged
    if not effort.judges:
        return [(0.0, fit.trials), *judged]  # not judged: taken for the best
    decoded = dequantise(fit.trials[0].content)
    error = _apart(restored(decoded, shape, step), planes)
    if not judged and error >= _apart(decoded, planes):
        return []
    return [*judged, (error, fit.trials)]


def _apart(planes: np.ndarray, others: np.ndarray) -> float:
    return float((((planes - others) / UNIT) ** 2).sum())


def _fitting_step(planes: Ints, shape: int, kind: int, room: float) -> int:
    """Give about the finest step that fits at the usual price."""
    steps = model.tables().steps[kind]
    step = steps.index(max(steps))
    known: set[int] = set()
    while step not in known:
        known.add(step)
        bits = _try(planes, shape, step, kind, 1.0).bits
        # Eight steps double the step: about half of the bits are left.
        step = min(max(step + round(7 * float(np.log2(bits / room))), 0), model.STEPS - 1)
    return step


def _fit(
    planes: Ints,
    shape: int,
    step: int,
    kind: int,
    room: float,
    *,
    price: float = 1.0,
    pull: Ints | None = None,
) -> Fit:
    """Find the price at which a step fills the bytes."""
    task = quantise.prepare(planes, shape, step, model.tables())
    settling = SETTLING if pull is None else 1
    for _ in range(settling):
        trial, levels = _quantised(task, planes, kind, price, pull)
        pull = quantise.influence(task, levels)
        price = _next(price, trial.bits, room)
    assert pull is not None
    trials = []
    dear, cheap = np.inf, 0.0  # the lowest price known to fit, and the highest known not to
    for _ in range(FILLING):
        trial, _ = _quantised(task, planes, kind, price, pull)
        if trial.bits <= room + SPARE:
            trials.append(trial)
        if trial.bits <= room:
            dear = price
        else:
            cheap = price
        if room - EMPTY <= trial.bits <= room or dear < cheap * 1.002:
            break
        price = _next(price, trial.bits, room - 1)
        if not cheap < price < dear:
            price = float(np.sqrt(cheap * dear))
    return Fit(sorted(trials, key=lambda trial: trial.error), pull)


def _next(price: float, bits: float, room: float) -> float:
    """Guess the price at which the bits fit: it changes by the square of what they change by."""
    return price * min(max((bits / room) ** 2, 0.25), 4.0)


def _try(planes: Ints, shape: int, step: int, kind: int, price: float) -> Trial:
    """Quantise once, whatever levels cost each other."""
    task = quantise.prepare(planes, shape, step, model.tables())
    return _quantised(task, planes, kind, price, None)[0]


def _quantised(
    task: quantise.Task, planes: Ints, kind: int, price: float, pull: Ints | None
) -> tuple[Trial, Ints]:
    width = model.STEP[task.step]
    worth = min(max(round(PRICE * price * width**2), 1), quantise.MAX_PRICE)
    choice = quantise.choose(task, worth, pull)
    means = tuple(round(int(plane[0, 0]) / width) for plane in planes)
    inside = [task.area.radius <= quantise.SQUARES[radius] for radius in choice.radii]
    levels = tuple(plane[within] for plane, within in zip(choice.levels, inside, strict=True))
    content = Content(task.shape, task.step, False, choice.radii, means, levels)
    apart = [(int(plane[0, 0]) - mean * width) / UNIT for plane, mean in zip(planes, means, strict=True)]
    error = choice.error / UNIT**2 + sum(each * each for each in apart)
    counter = BitCounter()
    write_header(counter, content, kind)
    return Trial(choice.bits / quantise.ONE_BIT + counter.bits, error, content, price), choice.levels
