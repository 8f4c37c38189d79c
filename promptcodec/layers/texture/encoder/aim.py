"""What to quantise so that the decoder restores it to the picture: backwards through its network."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture.frequencies import Ints
from promptcodec.layers.texture.restoration import (
    BLOCKS,
    LAYERS,
    OUTPUTS,
    Floats,
    add,
    convolve,
    fold,
    forward,
    network,
    sample,
    scale_of,
    unfold,
)


@dataclass(frozen=True, slots=True)
class Guess:
    """What the network makes of a picture.

    Attributes:
        planes: ``(PLANES, down, across)`` restored amplitudes in 1/UNIT.
        aim: the same, amplitudes that come closer to the target once restored: those given, moved
            down the slope of the squared error by as much as would end it were there no network.
    """

    planes: Floats
    aim: Floats


def guess(planes: npt.NDArray[np.generic], target: Ints, shape: int, step: int) -> Guess:
    """Restore amplitudes, and give where to go from them.

    Args:
        planes: ``(PLANES, down, across)`` decoded amplitudes.
        target: the picture's, of the same form.
        shape: 0..24.
        step: index of the quantiser's step.
    """
    picture = sample(planes, shape)
    added, signs = forward(picture, step)
    apart = picture + added - sample(target, shape)
    slope = apart + _backward(apart, signs, step)
    aim = np.asarray(target, np.float32)
    missing = np.asarray(planes, np.float32) - aim
    # Outside the grid nothing is restored: there the target itself is the aim.
    aim = add(aim, sample(missing, shape) - slope, shape)
    return Guess(add(planes, added, shape), aim)


def _backward(slope: Floats, signs: list[npt.NDArray[np.bool_]], step: int) -> Floats:
    """Give the slope by the picture, from that by what is added to it."""
    layers = _reversed_network()
    none = np.float32(0)
    state = convolve(fold(slope) * scale_of(step), layers[-1], none) * signs[-1]
    for block in range(BLOCKS, 0, -1):
        inner = convolve(state, layers[2 * block], none) * signs[block]
        state = state + convolve(inner, layers[2 * block - 1], none)
    return unfold(convolve(state * signs[0], layers[0], none)[..., :OUTPUTS])


@functools.cache
def _reversed_network() -> list[Floats]:
    """Give the weights of the shipped layers for going back."""
    return [
        np.ascontiguousarray(
            weights.reshape(9, inputs, outputs)[::-1].transpose(0, 2, 1).reshape(9 * outputs, inputs)
        )
        for (weights, _), (inputs, outputs) in zip(network(), LAYERS, strict=True)
    ]
