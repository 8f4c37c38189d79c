"""What is expected of levels, from those that are known: the network of ``texture-2`` in whole numbers.

This is the reference of the compiled core. Sums are of whole numbers below 2**53 held in floats, so that they
are exact whatever adds them up, in whatever order.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture.learned import model
from promptcodec.layers.texture.learned.grids import place_features
from promptcodec.layers.texture.learned.model import BESIDE, HIDDEN, HIDDEN_LIMIT

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PAD = 2
_AROUND = tuple((r, c) for r in (-1, 0, 1) for c in (-1, 0, 1))
_MAGNITUDE = np.array(model.MAGNITUDE, np.float64)

Choose = Callable[[int, int, list[int], list[int]], list[int]]
"""Given the place, the first channel, and the channels' means and rates: their levels."""


class Layers:
    """The weights of a group as matrices.

    What levels do to those beside them is one matrix, ``beside``: of a level and its two features, to the
    first layer's sums and to the means; ``(6, 3 * own, HIDDEN + own)``.
    """

    __slots__ = ("before", "beside", "bias1", "bias2", "bias3", "out", "own", "place", "second")

    def __init__(self, group: model.Group) -> None:
        def matrix(part: object, rows: int) -> Floats:
            return np.array(part, np.float64).reshape(rows, -1)

        own = self.own = group.own
        self.place = matrix(group.place, model.PLACE)
        self.before = matrix(group.before, 9 * 2 * group.before_count) if group.before_count else None
        self.beside = np.zeros((len(BESIDE), 3 * own, HIDDEN + own))
        self.beside[:, :own, HIDDEN:] = matrix(group.direct, len(BESIDE)).reshape(-1, own, own)
        self.beside[:, own:, :HIDDEN] = matrix(group.beside, len(BESIDE)).reshape(-1, 2 * own, HIDDEN)
        self.second, self.out = matrix(group.second, HIDDEN), matrix(group.out, HIDDEN)
        self.bias1, self.bias2, self.bias3 = (
            np.array(each, np.float64) for each in (group.bias1, group.bias2, group.bias3)
        )

    def expect(self, sums: Floats) -> tuple[Ints, Ints]:
        """Give means in 1/256 of a level and binary logarithms of scales in 1/16, ``(n, own)`` each.

        Args:
            sums: ``(n, HIDDEN + own)``: of the first layer, and of what is beside the means.
        """
        first = _clip(sums[:, :HIDDEN] / 256, 0, HIDDEN_LIMIT)
        second = _clip((first @ self.second + self.bias2) / 1024, 0, HIDDEN_LIMIT)
        out = second @ self.out + self.bias3
        means = np.floor(out[:, : self.own] / 256) + np.floor(sums[:, HIDDEN:] / 4)
        scales = _clip(out[:, self.own :] / 4096, model.SCALE_LOW, model.SCALE_HIGH)
        return means.astype(np.int64), scales.astype(np.int64)


def _clip(values: Floats, low: int, high: int) -> Floats:
    return np.minimum(np.maximum(np.floor(values), low), high)


@functools.lru_cache(maxsize=2)
def layers(known: model.Tables) -> tuple[Layers, ...]:
    """Give the groups' weights as matrices."""
    return tuple(map(Layers, known.groups))


def features(levels: npt.NDArray[np.integer]) -> Floats:
    """Give signed logarithms of ``(..., channels)`` levels, then unsigned ones, in 1/16."""
    size = _MAGNITUDE[np.abs(levels)]
    return np.concatenate([np.copysign(size, levels), size], -1)


def around(planes: Floats, offsets: tuple[tuple[int, int], ...]) -> Floats:
    """Give of ``(rows, columns, channels)`` what is at offsets: ``(rows * columns, offsets * channels)``."""
    rows, columns = planes.shape[:2]
    padded = np.pad(planes, ((PAD, PAD), (PAD, PAD), (0, 0)))
    parts = [padded[PAD + r : PAD + r + rows, PAD + c : PAD + c + columns] for r, c in offsets]
    return np.concatenate(parts, -1).reshape(rows * columns, -1)


def first_sums(layer: Layers, levels: npt.NDArray[np.integer], quality: int, before: int) -> Floats:
    """Give what ``expect`` takes of ``(rows, columns, LATENTS)`` levels, without what is beside."""
    rows, columns = levels.shape[:2]
    sums = np.zeros((rows * columns, HIDDEN + layer.own))
    first = sums[:, :HIDDEN]
    first += np.array(place_features(rows, columns, quality), np.float64) @ layer.place + layer.bias1
    if layer.before is not None:
        first += around(features(levels[..., :before]), _AROUND) @ layer.before
    return sums


def _with_features(levels: npt.NDArray[np.integer]) -> Floats:
    return np.concatenate([levels, features(levels)], -1)


def expected(known: model.Tables, levels: npt.NDArray[np.integer], quality: int) -> tuple[Ints, Ints]:
    """Give what is expected of all ``(rows, columns, LATENTS)`` levels, as ``Layers.expect`` does."""
    parts, before = [], 0
    for layer in layers(known):
        beside = around(_with_features(levels[..., before : before + layer.own]), BESIDE)
        sums = first_sums(layer, levels, quality, before)
        parts.append(layer.expect(sums + beside @ layer.beside.reshape(-1, sums.shape[1])))
        before += layer.own
    means, scales = (np.concatenate(each, -1).reshape(levels.shape) for each in zip(*parts, strict=True))
    return means, scales


def walk(known: model.Tables, rows: int, columns: int, quality: int, count: int, choose: Choose) -> Ints:
    """Go through all levels in coding order.

    What is expected of a group is computed for all places at once, as if its levels were zero. A level that
    is not changes the sums of those it is beside, and only of these it is computed again.

    Args:
        known: the tables.
        rows: of the grid.
        columns: of the grid.
        quality: 0..QUALITIES - 1.
        count: channels that are coded; the others are zero.
        choose: gives the levels of the channels of a group at a place, from what is expected of them.

    Returns:
        ``(rows, columns, LATENTS)`` levels.
    """
    levels = np.zeros((rows, columns, model.LATENTS), np.int64)
    wide, before = columns + 2 * PAD, 0
    later = np.array([-r * wide - c for r, c in BESIDE])
    for layer in layers(known):
        coded = min(layer.own, count - before)
        if coded <= 0:
            break
        start = first_sums(layer, levels, quality, before)
        across = start.shape[1]
        padded = np.zeros((rows + 2 * PAD, wide, across))
        padded[PAD:-PAD, PAD:-PAD] = start.reshape(rows, columns, across)
        sums, changed = padded.reshape(-1, across), np.zeros(len(padded) * wide, bool)
        means, scales = (each[:, :coded].tolist() for each in layer.expect(start))
        beside = np.ascontiguousarray(layer.beside.transpose(1, 0, 2)).reshape(3 * layer.own, -1)
        for place in range(rows * columns):
            row, column = divmod(place, columns)
            at = (row + PAD) * wide + column + PAD
            mean, scale = means[place], scales[place]
            if changed[at]:
                mean, scale = (each[0, :coded].tolist() for each in layer.expect(sums[at : at + 1]))
            own = choose(place, before, mean, [known.rates[each - model.SCALE_LOW] for each in scale])
            if any(own):
                whole = levels[row, column, before : before + layer.own]
                whole[:coded] = own
                sums[at + later] += (_with_features(whole) @ beside).reshape(-1, across)
                changed[at + later] = True
        before += layer.own
    return levels
