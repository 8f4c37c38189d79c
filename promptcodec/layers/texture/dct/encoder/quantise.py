"""Choose the levels of a picture's frequencies: what is worth its bits is kept.

Each level is the best of three (rounded up, rounded down, none) by squared error plus a price
times the bits the model asks for it, given the levels chosen before. What a level does to the
bits of those after it is known to first order from an earlier round. All of it is whole numbers, so
that the compiled core and this Python choose the same.

Source: G. J. Sullivan and T. Wiegand, "Rate-distortion optimization for video compression", 1998.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture.dct import model, network
from promptcodec.layers.texture.dct.frequencies import ACROSS, PLACE, RADII, Ints, Region, region
from promptcodec.layers.texture.dct.model import Tables
from promptcodec.layers.texture.dct.network import Arrays, Field, Net, arrays
from promptcodec.native import core

Floats = npt.NDArray[np.floating]
Layers = list[tuple[Floats, Floats]]

ONE_BIT = 4096
"""Bits are counted in parts of this."""
MAX_PRICE = 1 << 36
SQUARES = np.array(RADII, np.int32) ** 2 * 16
"""The squared radii in the unit of ``Region.radius``."""
# From the slopes of the network's sums to 1/ONE_BIT of a bit: ONE_BIT / (1024 * 8 * LOGIT_ONE * ln 2), as a
# fraction; slopes are in 1/1024 of a chance, and each layer's division by 64 is in them.
_SLOPE, _SLOPE_BITS = 739, 18


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be coded, and with which step.

    Attributes:
        shape: 0..24.
        area: the frequencies of the shape.
        targets: ``(PLANES, n)`` amplitudes in 1/64 pixel level, in the area's order.
        step: index.
        reach: how many frequencies of the area each plane needs.
        tables: the model.
        costs: what bits cost in 1/ONE_BIT: ``(2, logits)`` a 0 and a 1 by logit, then ``(2, classes, bits)``
            likewise of an exponent, flat.
    """

    shape: int
    area: Region
    targets: Ints
    step: int
    reach: tuple[int, int, int]
    tables: Tables
    costs: Ints


@dataclass(frozen=True, slots=True)
class Choice:
    """Levels of a picture, without the means.

    Attributes:
        levels: ``(PLANES, n)`` in the order of the area.
        bits: what they cost, in 1/ONE_BIT, zeros beyond the radii not counted.
        error: squared error in 1/4096 of a squared pixel level.
        radii: by plane, the index of the smallest radius around what is not zero.
    """

    levels: Ints
    bits: int
    error: int
    radii: tuple[int, int, int]


def prepare(planes: Ints, shape: int, step: int, tables: Tables) -> Task:
    """Find the frequencies that a step can reach in a picture.

    Args:
        planes: ``(PLANES, down, across)`` amplitudes.
        shape: their shape.
        step: index.
        tables: the model.
    """
    area = region(shape, len(RADII) - 1)
    targets = np.ascontiguousarray(planes[:, area.v, area.u], np.int32)
    alive = 5 * np.abs(targets) >= 3 * model.STEP[step]
    first, second, third = (int(np.flatnonzero(row)[-1]) + 1 if row.any() else 0 for row in alive)
    return Task(shape, area, targets, step, (first, second, third), tables, _costs(arrays(tables)))


def _costs(tables: Arrays) -> Ints:
    parts = []
    for chances in (tables.chances, tables.escapes):
        ones = chances / 65536
        parts += [-np.log2(1 - ones).ravel(), -np.log2(ones).ravel()]
    return np.asarray(np.rint(np.concatenate(parts) * ONE_BIT), np.int32)


def cover(levels: Ints, area: Region) -> tuple[int, int, int]:
    """Give the index of the smallest radius around all levels ``(PLANES, n)`` that are not zero, by plane."""
    farthest = (area.radius * (levels != 0)).max(-1, initial=0)
    first, second, third = np.searchsorted(SQUARES, farthest).tolist()
    return first, second, third


def choose(task: Task, price: int, pull: Ints | None = None) -> Choice:
    """Choose the levels.

    Args:
        task: what is to be coded.
        price: what a bit is worth, in 1/4096 of a squared pixel level; up to MAX_PRICE.
        pull: ``(PLANES, cells)`` what a unit of magnitude costs elsewhere, in 1/ONE_BIT.
    """
    if not core:
        return _choose(task, price, pull)
    levels = np.empty(task.targets.shape, np.int32)
    kernel = model.kernel(task.tables, task.shape)
    bits, error, radii = kernel.choose(
        task.costs, task.targets, task.reach, task.step, model.STEP[task.step], price, SQUARES, pull, levels
    )
    return Choice(levels, bits, error, radii)


def influence(task: Task, levels: Ints) -> Ints:
    """Give what a unit of magnitude at each place costs elsewhere, to first order.

    Args:
        task: what is coded.
        levels: ``(PLANES, n)``.

    Returns:
        ``(PLANES, cells)`` in 1/ONE_BIT, from the slopes of the bits by the network's inputs.
    """
    if not core:
        return _influence(task, levels)
    pull = np.empty((model.PLANES, task.area.cells), np.int32)
    model.kernel(task.tables, task.shape).influence(task.reach, task.step, levels, pull)
    return pull


def _choose(task: Task, price: int, pull: Ints | None) -> Choice:
    area, steps, tables = task.area, np.array([task.step], np.int32), arrays(task.tables)
    zero, one = task.costs[: 2 * tables.chances.size].reshape(2, -1)
    escapes = task.costs[2 * tables.chances.size :].reshape(2, *tables.escapes.shape)
    field = Field(area)
    levels = np.zeros_like(task.targets)
    spent, error = np.zeros(levels.shape, np.int64), 0
    for plane in range(model.PLANES):
        layers = fast(tables.nets[plane])
        target = task.targets[plane]
        for start, end in _halves(area, task.reach[plane]):
            wanted = np.abs(target[start:end])
            seen = network.features(field, area, plane, start, end, steps)
            logits = fast_logits(layers, seen)[0] + model.LOGIT_LIMIT
            low = wanted // model.STEP[task.step]
            sizes = np.stack([np.zeros_like(low), low, low + 1])
            rest = _escape_cost(escapes, network.escape_class(seen[0]), sizes)
            at_least = [zero[logits[:, 0]], ONE_BIT + one[logits[:, 0]] + zero[logits[:, 1]]]
            two = ONE_BIT + one[logits[:, 0]] + one[logits[:, 1]]
            at_least += [two + zero[logits[:, 2]], two + one[logits[:, 2]]]
            cost = np.choose(np.minimum(sizes, 3), at_least).astype(np.int64) + rest
            apart = (wanted - network.amplitudes(sizes, plane, steps, tables.shifts)).astype(np.int64)
            total = apart * apart * ONE_BIT + price * cost
            if pull is not None:
                total += price * (
                    pull[plane][area.at[start:end]]
                    * network.MAGNITUDES[np.minimum(sizes, 255)].astype(np.int64)
                )
            pick = total.argmin(0)[None]
            best, paid, missed = (np.take_along_axis(each, pick, 0)[0] for each in (sizes, cost, apart))
            spent[plane, start:end] = paid
            error += int((missed * missed).sum())
            levels[plane, start:end] = np.where(target[start:end] < 0, -best, best)
            network.learn(field, area, plane, start, end, best[None])
        left = target[task.reach[plane] :].astype(np.int64)
        error += int((left * left).sum())
    radii = cover(levels, area)
    bits = sum(
        int(row[area.radius <= SQUARES[radius]].sum()) for row, radius in zip(spent, radii, strict=True)
    )
    return Choice(levels, bits, error, radii)


def _halves(area: Region, reach: int) -> Iterator[tuple[int, int]]:
    """Give the half diagonals of the first ``reach`` frequencies."""
    for start, end in area.halves:
        if start >= reach:
            return
        yield start, min(end, reach)


def _escape_cost(costs: Ints, kinds: Ints, sizes: Ints) -> Ints:
    """Give what the exponents of magnitudes ``(options, n)`` cost, and the bits below their highest."""
    result = np.zeros(sizes.shape, np.int32)
    for at in zip(*np.nonzero(sizes > 2), strict=True):
        exponent = int(sizes[at] - 2).bit_length() - 1
        own = costs[:, kinds[at[1]]]
        result[at] = exponent * ONE_BIT + sum(
            int(own[int(index < exponent), index]) for index in range(min(exponent + 1, model.ESCAPE_BITS))
        )
    return result


def _influence(task: Task, levels: Ints) -> Ints:
    area, steps = task.area, np.array([task.step], np.int32)
    field, tables = Field(area), arrays(task.tables)
    pull = np.zeros((model.PLANES, area.cells), np.int64)
    for plane in range(model.PLANES):
        parts = []
        for start, end in _halves(area, task.reach[plane]):
            parts.append(network.features(field, area, plane, start, end, steps)[0])
            network.learn(field, area, plane, start, end, levels[None, plane, start:end])
        if not parts:
            continue
        seen = np.concatenate(parts)
        count = seen.shape[0]
        slopes = _slopes(tables.nets[plane], seen, np.abs(levels[plane, :count]), tables.chances)
        at = area.at[:count]
        near, beside, across = area.offsets
        odd = area.place[:count, 6] > 0
        column = PLACE + 2
        for offset in near:
            pull[plane][at + offset] += slopes[:, column]
            column += 1
        for offset in beside:
            pull[plane][at[odd] + offset] += slopes[odd, column]
            column += 1
        for other in range(plane):
            total = slopes[:, column + len(ACROSS)] >> 3
            for offset in across:
                pull[other][at + offset] += slopes[:, column] + total
                column += 1
            column += 1
        pull[plane][at] += _from_sums(area.diagonal[:count], slopes[:, PLACE : PLACE + 2])
    return (pull * _SLOPE >> _SLOPE_BITS).astype(np.int32)


def _from_sums(diagonals: npt.NDArray[np.intp], slopes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Share what the sums over earlier diagonals cost among the frequencies in them."""
    last = int(diagonals[-1])
    result = np.zeros(diagonals.size, np.int64)
    for index, back in enumerate((3, 8)):
        by_diagonal = np.zeros(last + back + 2, np.int64)
        for d in range(1, last + 1):
            by_diagonal[d] = slopes[diagonals == d, index].sum() * 4 // (min(d, back) * d)
        running = np.cumsum(by_diagonal)
        result += running[diagonals + back] - running[diagonals]
    return result


def _slopes(net: Net, seen: Ints, sizes: Ints, chances: Ints) -> npt.NDArray[np.int64]:
    """Give the slope of the bits by each feature, ``(n, features)``; every product is exact as a float."""
    layers = fast(net)
    first = seen.astype(np.float32) @ layers[0][0] + layers[0][1]
    second = _hidden(first) @ layers[1][0] + layers[1][1]
    out = _logits(_hidden(second) @ layers[2][0] + layers[2][1])
    chance = chances[out + model.LOGIT_LIMIT]
    goal = 65536 * np.stack([sizes > 0, sizes > 1, sizes > 2], -1)
    coded = np.stack([sizes >= 0, sizes > 0, sizes > 1], -1)
    slope = (np.where(coded, chance - goal, 0) >> 6).astype(np.float32)
    slope = np.floor(slope @ layers[2][0].T * ((second > 0) & (second < 65536)) / 64)
    slope = np.floor(slope @ layers[1][0].T / 64) * ((first > 0) & (first < 65536))
    return np.asarray(slope.astype(np.float64) @ layers[0][0].T.astype(np.float64), np.int64)


def fast(net: Net) -> Layers:
    """Give the layers of a network in float32, in which its whole numbers are exact."""
    return [
        (w.astype(np.float32), b.astype(np.float32)) for w, b in zip(net.weights, net.biases, strict=True)
    ]


def fast_logits(layers: Layers, seen: Ints) -> Ints:
    """Do what ``network.logits`` does, several times as fast."""
    hidden: Floats = seen.astype(np.float32)
    for weights, bias in layers[:2]:
        hidden = _hidden(hidden @ weights + bias)
    return _logits(hidden @ layers[2][0] + layers[2][1])


def _hidden(sums: Floats) -> Floats:
    return np.minimum(np.maximum(np.floor(sums / 64), 0), 1023)


def _logits(sums: Floats) -> Ints:
    limit = model.LOGIT_LIMIT
    return np.minimum(np.maximum(np.floor(sums / 8), -limit), limit).astype(np.int32)
