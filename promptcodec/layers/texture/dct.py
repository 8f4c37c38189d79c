"""The low frequencies of a whole picture: pixels to DCT amplitudes, and back at any size.

Amplitudes are in 1/UNIT of a pixel level and normalised so that their squares add up to the mean
square of the picture, whatever its size. The three planes are the orthonormal three-point DCT of
red, green and blue: lightness, red against blue, and green against both. Being orthonormal in all
three directions, an error counts the same in every amplitude and in RGB.

Source: N. Ahmed, T. Natarajan and K. R. Rao, "Discrete cosine transform", 1974.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNIT = 64
PLANES = 3
# Above this side a picture is reduced by whole factors first.
WORKING_SIDE = 768
# Columns: the weight of R, G and B in each plane.
COLOURS = np.array(
    [
        [1 / math.sqrt(3), 1 / math.sqrt(2), 1 / math.sqrt(6)],
        [1 / math.sqrt(3), 0, -2 / math.sqrt(6)],
        [1 / math.sqrt(3), -1 / math.sqrt(2), 1 / math.sqrt(6)],
    ]
)
MIDDLE = 127.5
_BASIS_BITS = 16


def analyse(image: Image.Image, across: int, down: int) -> Integers:
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
    factor = max(1, max(image.size) // WORKING_SIDE)
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


def synthesise(amplitudes: npt.NDArray[np.floating], size: tuple[int, int]) -> Image.Image:
    """Draw the picture of these frequencies.

    Args:
        amplitudes: ``(PLANES, down, across)`` in 1/UNIT.
        size: width and height, in pixels; independent of the picture the amplitudes came from.

    Returns:
        RGB of ``size``.
    """
    width, height = size
    pixels = np.empty((height, width, PLANES), np.uint8)
    for channel, plane in enumerate(_channels(amplitudes, size)):
        pixels[..., channel] = np.clip(np.rint(plane + np.float32(MIDDLE)), 0, 255)
    return Image.fromarray(pixels)


def planes(amplitudes: npt.NDArray[np.floating], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Give what these frequencies add to a picture, ``(height, width, 3)`` in pixel levels.

    Args:
        amplitudes: ``(PLANES, down, across)`` in 1/UNIT.
        size: width and height, in pixels.
    """
    return np.stack(list(_channels(amplitudes, size)), -1)


def _channels(
    amplitudes: npt.NDArray[np.floating], size: tuple[int, int]
) -> Iterator[npt.NDArray[np.float32]]:
    colours = np.einsum("pvu,cp->cvu", amplitudes / UNIT, COLOURS).astype(np.float32)
    columns = basis(size[0], colours.shape[2]).astype(np.float32)
    rows = basis(size[1], colours.shape[1]).astype(np.float32)
    for colour in colours:
        yield rows @ (colour @ columns.T)


def amplitudes(pixels: npt.NDArray[np.float32], across: int, down: int) -> Floats:
    """Give the lowest frequencies of a picture as floats: what ``analyse`` gives, but for its rounding.

    Args:
        pixels: ``(height, width, 3)``, 0..255.
        across: frequencies from left to right.
        down: frequencies from top to bottom.

    Returns:
        ``(PLANES, down, across)`` in 1/UNIT; zero where the picture is too small to have that frequency.
    """
    height, width = pixels.shape[:2]
    rows = basis(height, min(down, height)).astype(np.float32)
    columns = basis(width, min(across, width)).astype(np.float32)
    centred = (pixels - np.float32(MIDDLE)).transpose(2, 0, 1)
    sums = rows.T @ (centred @ columns) / (height * width)
    result = np.zeros((PLANES, down, across))
    found = np.einsum("cvu,cp->pvu", sums, COLOURS) * UNIT
    result[:, : found.shape[1], : found.shape[2]] = found
    return result


@functools.lru_cache(maxsize=16)
def basis(length: int, count: int) -> Floats:
    """Give ``(length, count)`` cosines of mean square 1, sampled at pixel centres."""
    angles = np.outer((np.arange(length) + 0.5) / length, np.arange(count)) * np.pi
    cosines = np.cos(angles)
    cosines[:, 1:] *= math.sqrt(2)
    return np.asarray(cosines, np.float64)


def _boost(length: int, factor: int, count: int) -> Floats:
    """Give what the averages over ``factor`` pixels took from each frequency, as a factor."""
    angles = np.arange(count) * np.pi / (2 * length * factor)
    with np.errstate(invalid="ignore"):
        boost = factor * np.sin(angles) / np.sin(angles * factor)
    boost[0] = 1
    return np.asarray(boost, np.float64)
