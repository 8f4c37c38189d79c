"""From a picture to the amplitudes of its low frequencies, in whole numbers that are the same everywhere."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.layers.texture.transform import COLOURS, MIDDLE, PLANES, UNIT, Floats, basis

# A picture is reduced by a whole factor first: to no less than this on its longer side, and on its shorter.
WORKING_SIDE, SHORTER_SIDE = 384, 96
_BASIS_BITS = 16


def shape_of(size: tuple[int, int]) -> int:
    """Give the class of an aspect ratio: 12 + 4 * log2(width / height), rounded and within 0..24."""
    return min(max(round(4 * math.log2(size[0] / size[1])), -12), 12) + 12


def analyse(image: Image.Image, across: int, down: int) -> npt.NDArray[np.int64]:
    """Give the lowest frequencies of a picture.

    The sums are of whole numbers below 2**53, so they do not depend on the order in which a
    linear algebra library adds them up.

    Args:
        image: RGB, any size from 1x1.
        across: frequencies wanted from left to right, at least 1.
        down: frequencies wanted from top to bottom, at least 1.

    Returns:
        ``(PLANES, down, across)`` amplitudes in 1/UNIT; zero where the picture is too small to
        have that frequency.
    """
    factor = max(1, min(max(image.size) // WORKING_SIDE, min(image.size) // SHORTER_SIDE))
    small = image.reduce(factor) if factor > 1 else image
    pixels = np.asarray(small, np.float64)
    height, width = pixels.shape[:2]
    rows = np.rint(basis(height, min(down, height)).T * 2**_BASIS_BITS)
    columns = np.rint(basis(width, min(across, width)).T * 2**_BASIS_BITS)
    # The first sum is at most 2^8 * 2^16 * 1.5 a pixel; it keeps 10 bits behind the point.
    halfway = np.rint((rows @ pixels.reshape(height, -1)) / (height * 2 ** (_BASIS_BITS - 10)))
    halfway = halfway.reshape(-1, width, PLANES).transpose(2, 0, 1)
    sums = (halfway @ columns.T) / (width * 2 ** (_BASIS_BITS + 10))
    sums[:, 0, 0] -= MIDDLE
    # The droop of the average over blocks of factor x factor pixels is undone.
    sums *= _boost(small.height, factor, rows.shape[0])[:, None] * _boost(
        small.width, factor, columns.shape[0]
    )
    planes = np.einsum("cvu,cp->pvu", sums, COLOURS)
    result = np.zeros((PLANES, down, across), np.int64)
    result[:, : planes.shape[1], : planes.shape[2]] = np.rint(planes * UNIT).astype(np.int64)
    return result


def _boost(length: int, factor: int, count: int) -> Floats:
    """Give what the averages over ``factor`` pixels took from each frequency, as a factor."""
    angles = np.arange(count) * np.pi / (2 * length * factor)
    with np.errstate(invalid="ignore"):
        boost = factor * np.sin(angles) / np.sin(angles * factor)
    boost[0] = 1
    return np.asarray(boost, np.float64)
