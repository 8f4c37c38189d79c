"""Fit a network of a table of the texture layer, and round it to whole numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np

from promptcodec.layers.texture.dct import model


class Adam:
    """Step sizes by running moments; D. P. Kingma and J. Ba, 2015."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self.arrays, self.count = arrays, 0
        self.first = [np.zeros_like(a) for a in arrays]
        self.second = [np.zeros_like(a) for a in arrays]

    def step(self, slopes: list[np.ndarray], rate: float) -> None:
        """Move the arrays down their slopes, in place."""
        self.count += 1
        for index, slope in enumerate(slopes):
            self.first[index] += 0.1 * (slope - self.first[index])
            self.second[index] += 0.002 * (slope * slope - self.second[index])
            size = np.sqrt(self.second[index] / (1 - 0.998**self.count)) + 1e-8
            self.arrays[index] -= rate * self.first[index] / (1 - 0.9**self.count) / size


def fit(
    seen: np.ndarray, best: np.ndarray, steps: int, start: list | None, rng: np.random.Generator
) -> tuple[list, float]:
    """Fit one network; features count 32 as 1. Gives its arrays and the bits a level at the end."""
    sizes = (seen.shape[1], *model.HIDDEN, 3)
    arrays = start
    if arrays is None:
        arrays = []
        for inputs, outputs in itertools.pairwise(sizes):
            arrays += [
                rng.normal(0, math.sqrt(1.5 / inputs), (inputs, outputs)).astype(np.float32),
                np.full(outputs, 0.1, np.float32),
            ]
        arrays[4] *= 0.3
    adam, batch, losses = Adam(arrays), 4096, []
    for index in range(steps):
        rate = 4e-3 * min(1, index / 100) * (0.5 + 0.5 * math.cos(math.pi * index / steps)) + 1e-5
        pick = rng.integers(0, len(seen), batch)
        inputs, size = seen[pick].astype(np.float32) / 32, best[pick]
        one = inputs @ arrays[0] + arrays[1]
        first = np.clip(one, 0, 31)
        two = first @ arrays[2] + arrays[3]
        second = np.clip(two, 0, 31)
        out = second @ arrays[4] + arrays[5]
        goal = np.stack([size > 0, size > 1, size > 2], 1)
        counts = np.stack([np.ones_like(size), size > 0, size > 1], 1).astype(np.float32)
        chance = 1 / (1 + np.exp(-np.clip(out, -10, 10)))
        losses.append(-(counts * np.log2(np.where(goal, chance, 1 - chance))).sum() / batch)
        slope = counts * (chance - goal) / batch
        slopes = [None] * 6
        slopes[4], slopes[5] = second.T @ slope, slope.sum(0)
        back = slope @ arrays[4].T * ((two > 0) & (two < 31))
        slopes[2], slopes[3] = first.T @ back, back.sum(0)
        back = back @ arrays[2].T * ((one > 0) & (one < 31))
        slopes[0], slopes[1] = inputs.T @ back, back.sum(0)
        adam.step(slopes, rate)
        for at in (0, 2, 4):
            np.clip(arrays[at], -1.98, 1.98, out=arrays[at])
    return arrays, float(np.mean(losses[-300:]))


def whole_numbers(arrays: list) -> list[np.ndarray]:
    """Round a network to the integers of the table."""
    result = []
    for index, array in enumerate(arrays):
        # Inputs count 32 as 1, weights 64 as 1.
        result.append(
            np.clip(
                np.rint(array * (2048 if index % 2 else 64)), *((-32768, 32767) if index % 2 else (-127, 127))
            )
        )
    return result
