"""Take out of a drawn picture what a network that enlarges leaves at its own grid.

Pixels that lie alike in the grid are computed by the same weights. Where they differ alike from what is
around them, period after period, that is the network's doing: it does not know where a picture begins.

Source: on the artefact, A. Odena, V. Dumoulin and C. Olah, "Deconvolution and checkerboard artifacts", 2016.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision.colour import Floats

# Periods on either side that are compared with each.
_AROUND = 2
# Differences count up to so many pixel levels: an edge is more, and no lattice.
_FAINT = 6.0


def remove(picture: Floats, period: int) -> None:
    """Take the lattice out, in place.

    Args:
        picture: ``(3, height, width)``, 0..255.
        period: of the network's grid, in pixels; it divides both sides.
    """
    height, width = picture.shape[1:]
    for plane in picture:
        # The mean of a period has no lattice.
        means = Image.fromarray(plane).reduce(period)
        different = plane - np.asarray(means.resize((width, height), Image.Resampling.BICUBIC))
        np.clip(different, -_FAINT, _FAINT, out=different)
        periods = different.reshape(height // period, period, width // period, period)
        alike = _means(_means(periods, 0), 2)
        alike -= alike.mean((1, 3), keepdims=True)
        plane[:] -= alike.reshape(plane.shape)


def _means(periods: Floats, axis: int) -> Floats:
    """Give the means of each period and those beside it along an axis, edges repeated."""
    ends = [(_AROUND, _AROUND) if each == axis else (0, 0) for each in range(periods.ndim)]
    padded = np.pad(periods, ends, mode="edge").swapaxes(0, axis)
    length = periods.shape[axis]
    total = sum(padded[place : place + length] for place in range(2 * _AROUND + 1))
    return np.asarray(total / np.float32(2 * _AROUND + 1)).swapaxes(0, axis)
