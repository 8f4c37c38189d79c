"""Find the step and the price of a bit with which a picture fits its bytes best.

Where the decoder restores, it is the restored picture that is to be close: the amplitudes to
quantise are moved so that it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from promptcodec.entropy.bitio import BitCounter
from promptcodec.layers.texture import model
from promptcodec.layers.texture.content import Content, dequantise
from promptcodec.layers.texture.dct import UNIT
from promptcodec.layers.texture.encoder import quantise
from promptcodec.layers.texture.encoder.aim import guess
from promptcodec.layers.texture.frequencies import RADII, Ints
from promptcodec.layers.texture.stream import length_class, write, write_header

# Squared pixel levels that a bit is worth, in squares of the step.
PRICE = 0.16
# Steps looked at around the one that fits at that price, and multiples of the price.
AROUND = (-1, 0, 1)
PRICES = (0.75, 0.87, 1.0, 1.15, 1.33)
FINE = 5
ROUNDS = 2
# Bits above the budget that may still fit, since the end of a range coder's stream takes less.
SPARE = 3
# Rounds of aiming at what restores best: how far prices are spread. Trials that are judged in each.
AIMS = (0.2, 0.15, 0.1, 0.06)
AIMED_ROUNDS = 1
KEPT = 3
# What is left empty, in bits, is filled: at prices below the best one's, as multiples.
EMPTY = 8
FILLS = ((0.98, 0.94, 0.88, 0.8, 0.7), (0.99, 0.97, 0.95, 0.92, 0.86), (0.99, 0.98, 0.96, 0.93, 0.9))


class Trial(NamedTuple):
    """A coding: its bits, its squared error in pixel levels, its content, its price, what it quantises."""

    bits: float
    error: float
    content: Content
    price: float
    target: Ints


class Judged(NamedTuple):
    """A coding with the error that is left once restored.

    Attributes:
        trial: the coding.
        gain: squared pixel levels that restoring takes from the error.
        aim: amplitudes to quantise next.
    """

    trial: Trial
    gain: float
    aim: Ints


def candidates(planes: Ints, shape: int, budget: int, *, restored: bool) -> Iterator[Content]:
    """Give contents that should fit, the best first, down to the smallest there is.

    Args:
        planes: ``(PLANES, down, across)`` amplitudes.
        shape: the picture's shape.
        budget: bytes.
        restored: the decoder may restore.
    """
    kind, room = length_class(budget), 8 * budget
    centre = _fitting_step(planes, shape, kind, room)
    steps = [centre + d for d in AROUND if 0 <= centre + d < model.STEPS]
    rough = _try(planes, shape, kind, [(s, p) for s in steps for p in PRICES], 1)
    trials = sorted((trial for trial in rough if trial.bits <= room), key=lambda trial: trial.error)
    judged = _judged(trials[:KEPT], planes) if restored else []
    if judged and judged[0].gain > 0:
        judged = _aimed(planes, kind, room, rough, judged)
        yield from (each.trial.content for each in judged)
    if trials:
        close = [
            (step, price)
            for step in dict.fromkeys(trial.content.step for trial in trials[:2])
            for price in _prices_near(rough, step, room)
        ]
        trials += _try(planes, shape, kind, close, ROUNDS)
    yield from (t.content for t in sorted(trials, key=lambda t: t.error) if t.bits <= room + SPARE)
    coarsest = [(model.STEPS - 1, price) for price in (2.0, 8.0, 1e9)]
    yield from (trial.content for trial in _try(planes, shape, kind, coarsest, 0))


def _judged(trials: Sequence[Trial], planes: Ints) -> list[Judged]:
    """Give trials as they are once restored, the best first."""
    judged = []
    for trial in trials:
        content = replace(trial.content, restored=True)
        decoded = dequantise(content)
        restored = guess(decoded, planes, content.shape, content.step)
        plain, error = (float((((each - planes) / UNIT) ** 2).sum()) for each in (decoded, restored.planes))
        aim = np.rint(restored.aim).astype(np.int32)
        judged.append(Judged(trial._replace(content=content, error=error), plain - error, aim))
    return sorted(judged, key=lambda each: each.trial.error)


def _aimed(planes: Ints, kind: int, room: float, rough: list[Trial], judged: list[Judged]) -> list[Judged]:
    """Quantise again and again what restores to more of the picture than the picture itself."""
    known = rough
    for spread in AIMS:
        best = judged[0]
        step = best.trial.content.step
        close = [(step, price) for price in _prices_near(known, step, room, spread)]
        known = _try(best.aim, best.trial.content.shape, kind, close, AIMED_ROUNDS)
        fits = sorted((t for t in known if t.bits <= room + SPARE), key=lambda t: t.error)
        judged = sorted(judged + _judged(fits[:KEPT], planes), key=lambda each: each.trial.error)
    return _filled(planes, kind, room, judged)


def _filled(planes: Ints, kind: int, room: float, judged: list[Judged]) -> list[Judged]:
    """Spend what the best coding leaves empty, at lower prices."""
    for factors in FILLS:
        best = judged[0].trial
        length = 8 * len(write(best.content, kind))
        if room - length <= EMPTY:
            break
        pairs = [(best.content.step, best.price * factor) for factor in factors]
        known = _try(best.target, best.content.shape, kind, pairs, AIMED_ROUNDS)
        # What is written is shorter than what is weighed by as much as for the best.
        most = room + max(best.bits - length, SPARE)
        fits = sorted((t for t in known if best.bits < t.bits <= most), key=lambda t: t.error)
        judged = sorted(judged + _judged(fits[:KEPT], planes), key=lambda each: each.trial.error)
    return judged


def _prices_near(trials: Sequence[Trial], step: int, room: float, spread: float = 0.06) -> list[float]:
    """Give prices close to the one at which ``step`` just fits."""
    known = sorted((t.bits, t.price) for t in trials if t.content.step == step)
    bits, prices = np.array(known).T
    # Beyond what was tried, the price changes by the square of what the bits change by.
    beyond = 2 * np.log(np.clip(room, bits[0], bits[-1]) / room)
    middle = float(np.exp(np.interp(room, bits, np.log(prices)) + beyond))
    return [middle * factor for factor in np.linspace(1 - spread, 1 + spread, FINE)]


def _fitting_step(planes: Ints, shape: int, kind: int, room: float) -> int:
    """Give the finest step that fits at the usual price."""
    low, high = 0, model.STEPS - 1
    step = int(model.tables().steps[kind].argmax())
    fits = high
    while low <= high:
        near = sorted({min(max(step + d, low), high) for d in (-2, 0, 2)})
        over = -1
        for trial in _try(planes, shape, kind, [(s, 1.0) for s in near], 0):
            if trial.bits <= room:
                fits = min(fits, trial.content.step)
            else:
                over = max(over, trial.content.step)
        high = min(high, fits - 1)
        low = max(low, over + 1)
        if over >= 0 and fits - over <= 2:
            break
        step = low + 2 if over >= 0 else high - 2
    return fits


def _try(planes: Ints, shape: int, kind: int, pairs: Sequence[tuple[int, float]], rounds: int) -> list[Trial]:
    """Quantise with each step and multiple of the price."""
    steps = np.array([step for step, _ in pairs], np.int32)
    squares = (np.array(model.STEP)[steps] / 64) ** 2
    prices = np.array([PRICE * price for _, price in pairs]) * squares
    task = quantise.prepare(planes[:, None], shape, steps, prices.astype(np.float32))
    tables = model.tables()
    choice = quantise.choose(task, tables)
    trials = _trials(planes, shape, kind, task, choice, pairs)
    for _ in range(rounds):
        choice = quantise.choose(task, tables, quantise.influence(task, tables, choice))
        trials += _trials(planes, shape, kind, task, choice, pairs)
    return trials


def _trials(
    planes: Ints,
    shape: int,
    kind: int,
    task: quantise.Task,
    choice: quantise.Choice,
    pairs: Sequence[tuple[int, float]],
) -> list[Trial]:
    radii = quantise.cover(choice.levels, task.area)
    trials = []
    for number, (step, price) in enumerate(pairs):
        means = tuple(round(int(plane[0, 0]) / model.STEP[step]) for plane in planes)
        inside = [task.area.radius <= RADII[radius] ** 2 * 16 for radius in radii[:, number]]
        levels = tuple(plane[number, within] for plane, within in zip(choice.levels, inside, strict=True))
        content = Content(shape, step, False, tuple(radii[:, number].tolist()), means, levels)
        apart = [
            (int(plane[0, 0]) - mean * model.STEP[step]) / 64
            for plane, mean in zip(planes, means, strict=True)
        ]
        error = float(choice.error[number]) + sum(each * each for each in apart)
        bits = float(choice.bits[number]) + _header_bits(content, kind)
        trials.append(Trial(bits, error, content, price, planes))
    return trials


def _header_bits(content: Content, kind: int) -> float:
    counter = BitCounter()
    write_header(counter, content, kind)
    return counter.bits
