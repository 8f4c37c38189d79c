"""Convolutions of pictures in floats by the compiled core; what they draw decides no bit.

Pictures are ``(height, width, channels)`` here.

Source: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.native import core

Floats = npt.NDArray[np.float32]

# Channels are multiples of LANES.
LANES = 8
# Outputs that are worked out together, the most that divide them.
_PANELS = (3 * LANES, 2 * LANES, LANES)
# How results stand: as they are, as two by two places of each, or the same with the planes outermost.
FLAT, UNFOLDED, PLANES = range(3)
# Columns of 3x3 weights to those of the six points at which a product is evaluated.
_POINTS = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    np.float32,
)


def available() -> bool:
    """Say whether the compiled core is here and can convolve on this processor."""
    return hasattr(core, "convolve")


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution of 3x3 places, of one, or of two by two: weights as the core takes them, and biases.

    Beyond the edges are zeros or, where ``repeated``, what is at the edges.
    """

    weights: Floats
    bias: Floats
    repeated: bool = False

    def __call__(
        self,
        given: Floats,
        drawn: Floats | None = None,
        scale: Floats | None = None,
        shift: Floats | None = None,
        beside: Floats | None = None,
        *,
        layout: int = FLAT,
        positive: bool = False,
    ) -> Floats:
        """Convolve; then scale and shift each channel, leave out what is below zero, add what is beside.

        What is drawn may be what is beside.
        """
        panels, _, depth, panel = self.weights.shape
        step = 2 if given.shape[2] < depth else 1
        height, width = given.shape[0] // step, given.shape[1] // step
        if drawn is None:
            wide = 2 if layout == UNFOLDED else 1
            drawn = np.empty((wide * height, wide * width, panels * panel // wide**2), np.float32)
        scale = np.ones_like(self.bias) if scale is None else scale
        shift = self.bias if shift is None else self.bias * scale + shift
        arrays = given, self.weights, scale, shift, beside, drawn
        core.convolve(*arrays, height, width, panel, step == 2, layout, positive, self.repeated)
        return drawn


def convolution(weights: Floats, bias: Floats, *, repeated: bool = False) -> Convolution:
    """Give a convolution ``(outputs, inputs, side, side)`` as the core takes it, in whole lanes."""
    more = [(0, -count % LANES) for count in weights.shape[:2]]
    weights = np.pad(weights, [*more, (0, 0), (0, 0)])
    outputs, inputs, side = weights.shape[:3]
    points: Floats = weights.transpose(2, 3, 1, 0).reshape(side * side, -1)
    if side == 3:
        points = np.asarray(np.kron(_POINTS, _POINTS) @ points, np.float32)
    else:
        inputs *= side * side
    panel = next(each for each in _PANELS if outputs % each == 0)
    panels = points.reshape(-1, inputs, outputs // panel, panel).transpose(2, 0, 1, 3)
    return Convolution(np.ascontiguousarray(panels), np.pad(bias, more[0]), repeated)
