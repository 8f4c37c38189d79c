"""Levels of the texture layer that show a picture: looked for one after the other, at a price a bit.

Source: matching pursuit, Mallat and Zhang 1993, here on whole levels, with a weight on every place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from promptcodec.edit.region import Flags, Floats
from promptcodec.layers.texture import transform
from promptcodec.layers.texture.dct import model

Levels = npt.NDArray[np.int64]

ROUNDS = 150
# Bits of a level other than zero, about: its sign and place, more beyond the waves there were.
_BITS, _BITS_BEYOND, _BITS_DOUBLING = 3.0, 5.0, 1.7
# Means and levels beyond are not coded.
LARGEST = model.MEAN_CELLS * model.MEAN_CELL // 2 / transform.UNIT
NOTHING = 1e-6


def nearest(amplitudes: Floats, step: int) -> Levels:
    """Give the levels next to amplitudes, as far as they can be coded."""
    width = model.STEP[step] / transform.UNIT
    levels = np.rint(amplitudes / width).clip(-int(LARGEST / width), int(LARGEST / width))
    return np.asarray(levels, np.int64)


def pursue(
    levels: Levels,
    goal: Floats,
    weights: Floats,
    waves: tuple[Floats, Floats],
    step: float,
    flags: tuple[Flags, Flags],
    bit: float,
) -> Levels:
    """Change one level after the other, each time the one that gains most.

    Args:
        levels: ``(down, across)`` to start from.
        goal: ``(rows, cols)`` the picture wanted.
        weights: ``(rows, cols)``.
        waves: ``(rows, down)`` and ``(cols, across)``.
        step: between levels, in pixel levels.
        flags: which levels may change, and which are there without reaching further.
        bit: its price.
    """
    down, across = waves
    allowed, known = flags
    cost = (bit * np.where(known, _BITS, _BITS_BEYOND)).astype(np.float32)
    cost[0, 0] = 0
    levels = levels.copy()
    left = goal - down @ (levels * np.float32(step)) @ across.T
    square = (down**2).T @ weights @ across**2

    def bits(level: Levels) -> Floats:
        size = np.abs(level).astype(np.float32)
        more = np.float32(bit * _BITS_DOUBLING) * np.log2(np.maximum(size, 1))
        return np.asarray(np.where(size > 0, cost + more, 0), np.float32)

    for _ in range(ROUNDS):
        slope = down.T @ (weights * left) @ across
        better = np.rint(levels + slope / (square * np.float32(step))).astype(np.int64)
        better = better.clip(-int(LARGEST / step), int(LARGEST / step))
        by = (better - levels) * np.float32(step)
        gain = np.where(allowed, 2 * by * slope - by**2 * square - bits(better) + bits(levels), 0)
        v, u = divmod(int(gain.argmax()), levels.shape[1])
        if gain[v, u] <= NOTHING * bit:
            break
        levels[v, u] = better[v, u]
        left -= by[v, u] * (down[:, v, None] * across[None, :, u])
    return levels
