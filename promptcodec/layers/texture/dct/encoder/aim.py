"""What to quantise so that the decoder restores it to the picture: backwards through its network."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture.dct.frequencies import Ints
from promptcodec.layers.texture.dct.restoration import (
    Floats,
    add,
    by_runtime,
    fold,
    network,
    sample,
    seen,
    unfold,
    weights_of,
)
from promptcodec.vision import runtime


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


def restored(planes: npt.NDArray[np.generic], shape: int, step: int) -> Floats:
    """Restore amplitudes as ``guess`` does: the same on both cores, so that both choose the same."""
    return add(planes, by_runtime(sample(planes, shape), step), shape)


def guess(planes: npt.NDArray[np.generic], target: Ints, shape: int, step: int) -> Guess:
    """Restore amplitudes, and give where to go from them.

    Args:
        planes: ``(PLANES, down, across)`` decoded amplitudes.
        target: the picture's, of the same form.
        shape: 0..24.
        step: index of the quantiser's step.
    """
    picture = sample(planes, shape)
    inputs = seen(picture, step) | {"wanted": fold(sample(target, shape)[None])}
    added, slope = (unfold(output)[0] for output in _backward().run(["added", "slope"], inputs))
    aim = np.asarray(target, np.float32)
    missing = np.asarray(planes, np.float32) - aim
    # Outside the grid nothing is restored: there the target itself is the aim.
    aim = add(aim, sample(missing, shape) - slope, shape)
    return Guess(add(planes, added, shape), aim)


@functools.cache
def _backward() -> Any:
    weights = weights_of(network())
    back = {
        name.replace("weight", "back"): np.ascontiguousarray(weight.transpose(1, 0, 2, 3)[..., ::-1, ::-1])
        for name, weight in weights.items()
        if name.startswith("weight")
    }
    return runtime.load("restoration-slope-1", weights | back, "coding a texture layer")
