"""Choose the levels of a picture's frequencies: what is worth its bits is kept.

Each level is the best of three (rounded up, rounded down, none) by squared error plus a price
times the bits the model asks for it, given the levels chosen before. What a level does to the
bits of those after it is known to first order from an earlier round. Several steps and prices are
tried at once, as one array.

Source: G. J. Sullivan and T. Wiegand, "Rate-distortion optimization for video compression", 1998.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture import model
from promptcodec.layers.texture.frequencies import ACROSS, PLACE, RADII, Ints, Region, region
from promptcodec.layers.texture.model import Field, Net, Tables

Floats = npt.NDArray[np.float32]
Layers = list[tuple[Floats, Floats]]

_RADII = np.array(RADII) ** 2 * 16
_LN2 = np.float32(np.log(2))
# Bits of a magnitude's exponent and what follows it, by magnitude: the exponent's are taken as one each.
_ESCAPE = (1 + 2 * np.floor(np.log2(np.maximum(np.arange(1024) - 2, 1)))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be coded, ``many`` times.

    Attributes:
        area: the frequencies that may be other than zero.
        targets: ``(PLANES, many or 1, n)`` amplitudes in 1/64 pixel level, in the area's order.
        steps: ``(many,)`` step indices.
        prices: ``(many,)`` squared pixel levels that a bit is worth.
        reach: how many frequencies of the area each plane needs.
    """

    area: Region
    targets: Ints
    steps: Ints
    prices: Floats
    reach: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Levels of several codings of one picture, without the means.

    Attributes:
        levels: ``(PLANES, many, n)`` in the order of the area.
        bits: ``(many,)`` what they cost.
        error: ``(many,)`` squared error within the area, in pixel levels squared.
        seen: by plane, the features of each half diagonal.
    """

    levels: Ints
    bits: Floats
    error: Floats
    seen: tuple[list[Ints], ...]


def prepare(planes: Ints, shape: int, steps: Ints, prices: Floats) -> Task:
    """Find the frequencies that the steps can reach in these pictures.

    Args:
        planes: ``(PLANES, many or 1, down, across)`` amplitudes.
        shape: their shape.
        steps: ``(many,)`` indices.
        prices: ``(many,)``.
    """
    whole = region(shape, len(RADII) - 1)
    alive = (np.abs(planes) >= 0.6 * model.STEP[steps.min()]).any(1)[:, whole.v, whole.u]
    radius = max(1, int(np.searchsorted(_RADII, (whole.radius * alive).max(initial=0))))
    area = region(shape, radius)
    alive = alive[:, whole.radius <= _RADII[radius]]
    reach = tuple(int(np.flatnonzero(row)[-1]) + 1 if row.any() else 0 for row in alive)
    return Task(area, planes[:, :, area.v, area.u], steps, prices, reach)


def cover(levels: Ints, area: Region) -> Ints:
    """Give the index of the smallest radius around all levels ``(PLANES, many, n)``, by plane and coding."""
    return np.asarray(np.searchsorted(_RADII, (area.radius * (levels != 0)).max(-1, initial=0)), np.int32)


def choose(task: Task, tables: Tables, pull: Floats | None = None) -> Choice:
    """Choose the levels.

    Args:
        task: what is to be coded.
        tables: the model.
        pull: ``(PLANES, many, cells)`` bits that a unit of magnitude costs elsewhere.
    """
    many, area = task.steps.size, task.area
    costs = _bit_costs(tables)
    field = Field(area, many)
    levels = np.zeros((model.PLANES, many, area.at.size), np.int32)
    bits = np.zeros(many, np.float32)
    error = np.zeros(many, np.float32)
    step = np.array(model.STEP, np.float32)[task.steps][:, None]
    everything: tuple[list[Ints], ...] = ([], [], [])
    for plane in range(model.PLANES):
        layers = fast(tables.nets[plane])
        for start, end in area.halves:
            if start >= task.reach[plane]:
                rest = np.asarray(task.targets[plane][:, start:], np.float32) / np.float32(64)
                error += (rest * rest).sum(-1)
                break
            signed = np.broadcast_to(task.targets[plane][:, start:end], (many, end - start))
            wanted = np.abs(signed)
            seen = model.features(field, area, plane, start, end, task.steps)
            logits = fast_logits(layers, seen)
            low = (wanted / step).astype(np.int32)
            sizes = np.stack([np.zeros_like(low), low, low + 1])
            cost = _level_bits(costs, logits, sizes)
            apart = (wanted - model.amplitudes(sizes, plane, task.steps, tables.shifts)) / np.float32(64)
            total = apart * apart + task.prices[:, None] * cost
            if pull is not None:
                units = model.MAGNITUDE[np.minimum(sizes, 255)]
                total += task.prices[:, None] * units * pull[plane][:, area.at[start:end]]
            pick = total.argmin(0)[None]
            best, spent, missed = (np.take_along_axis(each, pick, 0)[0] for each in (sizes, cost, apart))
            bits += spent.sum(-1)
            error += (missed * missed).sum(-1)
            levels[plane][:, start:end] = np.where(signed < 0, -best, best)
            everything[plane].append(seen)
            model.learn(field, area, plane, start, end, best)
    return Choice(levels, bits, error, everything)


def influence(task: Task, tables: Tables, choice: Choice) -> Floats:
    """Give what a unit of magnitude at each place costs elsewhere, to first order.

    Returns:
        ``(PLANES, many, cells)`` bits, from the slopes of the bits by the network's inputs.
    """
    area, many = task.area, task.steps.size
    pull = np.zeros((model.PLANES, many, area.cells), np.float32)
    for plane, parts in enumerate(choice.seen):
        if not parts:
            continue
        seen = np.concatenate(parts, 1)
        count = seen.shape[1]
        slopes = _slopes(fast(tables.nets[plane]), seen, np.abs(choice.levels[plane][:, :count]))
        at = area.at[:count]
        column = PLACE + 2
        for offsets, target in ((area.offsets[0], plane), (area.offsets[1], plane)):
            valid = area.place[:count, 6] > 0 if offsets is area.offsets[1] else np.ones(count, bool)
            for offset in offsets:
                pull[target][:, at[valid] + offset] += slopes[:, valid, column]
                column += 1
        for other in range(plane):
            total = slopes[..., column + len(ACROSS)] / 8
            for offset in area.offsets[2]:
                pull[other][:, at + offset] += slopes[..., column] + total
                column += 1
            column += 1
        pull[plane][:, at] += _from_sums(area.diagonal[:count], slopes[..., PLACE : PLACE + 2])
    return pull


def _from_sums(diagonals: npt.NDArray[np.intp], slopes: Floats) -> Floats:
    """Share what the sums over earlier diagonals cost among the frequencies in them."""
    last = int(diagonals[-1])
    result = np.zeros(slopes.shape[:2], np.float32)
    for index, back in enumerate((3, 8)):
        by_diagonal = np.zeros((slopes.shape[0], last + back + 2), np.float32)
        for d in range(1, last + 1):
            here = diagonals == d
            by_diagonal[:, d] = slopes[:, here, index].sum(-1) * 4 / (min(d, back) * d)
        running = np.cumsum(by_diagonal, 1)
        result += running[:, diagonals + back] - running[:, diagonals]
    return result


def _slopes(layers: Layers, seen: Ints, sizes: Ints) -> Floats:
    """Give the slope of the bits by each feature, ``(many, n, features)``."""
    first = seen.astype(np.float32) @ layers[0][0] + layers[0][1]
    hidden = np.clip(first / 64, 0, 1023)
    second = hidden @ layers[1][0] + layers[1][1]
    hidden = np.clip(second / 64, 0, 1023)
    out = (hidden @ layers[2][0] + layers[2][1]) / (8 * model.LOGIT_ONE)
    chance = 1 / (1 + np.exp(-np.clip(out, -10, 10)))
    goal = np.stack([sizes > 0, sizes > 1, sizes > 2], -1)
    coded = np.stack([sizes >= 0, sizes > 0, sizes > 1], -1)
    slope = coded * (chance - goal) / (_LN2 * 8 * model.LOGIT_ONE)
    slope = slope @ layers[2][0].T * ((second > 0) & (second < 65536)) / 64
    slope = slope @ layers[1][0].T * ((first > 0) & (first < 65536)) / 64
    return np.asarray(slope @ layers[0][0].T, np.float32)


def fast(net: Net) -> Layers:
    """Give the layers of a network in float32, in which its whole numbers are exact."""
    return [
        (w.astype(np.float32), b.astype(np.float32)) for w, b in zip(net.weights, net.biases, strict=True)
    ]


def fast_logits(layers: Layers, seen: Ints) -> Ints:
    """Do what ``model.logits`` does, several times as fast."""
    hidden = seen.astype(np.float32)
    for weights, bias in layers[:2]:
        hidden = np.clip(np.floor((hidden @ weights + bias) / 64), 0, 1023)
    last = hidden @ layers[2][0] + layers[2][1]
    return np.clip(np.floor(last / 8), -model.LOGIT_LIMIT, model.LOGIT_LIMIT).astype(np.int32)


def _bit_costs(tables: Tables) -> Floats:
    """Give ``(2, logits)`` bits of a 0 and of a 1 by logit."""
    ones = tables.chances / 65536
    return np.asarray(-np.log2(np.stack([1 - ones, ones])), np.float32)


def _level_bits(costs: Floats, logits: Ints, sizes: Ints) -> Floats:
    """Give the bits of magnitudes ``(..., many, n)`` with their signs, under ``(many, n, 3)`` logits."""
    at = logits + model.LOGIT_LIMIT
    zero, one = costs[0][at], costs[1][at]
    three = np.where(sizes > 2, one[..., 2] + _ESCAPE[np.minimum(sizes, 1023)], zero[..., 2])
    two = np.where(sizes > 1, one[..., 1] + three, zero[..., 1])
    return np.asarray(np.where(sizes > 0, 1 + one[..., 0] + two, zero[..., 0]), np.float32)
