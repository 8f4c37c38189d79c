"""The low frequencies of a whole picture as DCT amplitudes: how to draw them at any size.

Amplitudes are in 1/UNIT of a pixel level and normalised so that their squares add up to the mean
square of the picture, whatever its size. The three planes are the orthonormal three-point DCT of
red, green and blue: lightness, red against blue, and green against both. Being orthonormal in all
three directions, an error counts the same in every amplitude and in RGB.

Source: N. Ahmed, T. Natarajan and K. R. Rao, "Discrete cosine transform", 1974.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

Floats = npt.NDArray[np.float64]

UNIT = 64
PLANES = 3
# Columns: the weight of R, G and B in each plane.
COLOURS = np.array(
    [
        [1 / math.sqrt(3), 1 / math.sqrt(2), 1 / math.sqrt(6)],
        [1 / math.sqrt(3), 0, -2 / math.sqrt(6)],
        [1 / math.sqrt(3), -1 / math.sqrt(2), 1 / math.sqrt(6)],
    ]
)
MIDDLE = 127.5


def synthesise(amplitudes: npt.NDArray[np.floating], size: tuple[int, int]) -> Image.Image:
    """Draw the picture of these frequencies.

    Args:
        amplitudes: ``(PLANES, down, across)`` in 1/UNIT.
        size: width and height, in pixels; independent of the picture the amplitudes came from.

    Returns:
        RGB of ``size``.
    """
    return rounded(plane + np.float32(MIDDLE) for plane in channels(amplitudes, size))


def rounded(planes: Iterable[npt.NDArray[np.float32]]) -> Image.Image:
    """Give red, green and blue, each ``(height, width)`` of any values, as an RGB picture of 0..255."""
    from PIL import Image  # noqa: PLC0415 - who only reads draws nothing

    bands = [Image.fromarray(np.clip(np.rint(plane), 0, 255).astype(np.uint8)) for plane in planes]
    return Image.merge("RGB", bands)


def channels(
    amplitudes: npt.NDArray[np.floating], size: tuple[int, int]
) -> Iterator[npt.NDArray[np.float32]]:
    """Give what these frequencies add to red, green and blue, each ``(height, width)`` in pixel levels.

    Args:
        amplitudes: ``(PLANES, down, across)`` in 1/UNIT.
        size: width and height, in pixels.
    """
    colours = np.einsum("pvu,cp->cvu", amplitudes / UNIT, COLOURS).astype(np.float32)
    columns = basis(size[0], colours.shape[2]).astype(np.float32)
    rows = basis(size[1], colours.shape[1]).astype(np.float32)
    for colour in colours:
        yield rows @ (colour @ columns.T)


def amplitudes(pixels: npt.NDArray[np.float32], across: int, down: int) -> Floats:
    """Give the lowest frequencies of a picture as floats: what an encoder codes, but for its rounding.

    Args:
        pixels: ``(height, width, 3)``, 0..255.
        across: frequencies from left to right.
        down: frequencies from top to bottom.

    Returns:
        ``(PLANES, down, across)`` in 1/UNIT; zero where the picture is too small to have that frequency.
    """
    return lowest((pixels - np.float32(MIDDLE)).transpose(2, 0, 1), across, down)


def lowest(centred: npt.NDArray[np.float32], across: int, down: int) -> Floats:
    """Do what ``amplitudes`` does, of ``(3, height, width)`` values around 0."""
    height, width = centred.shape[1:]
    rows = basis(height, min(down, height)).astype(np.float32)
    columns = basis(width, min(across, width)).astype(np.float32)
    sums = rows.T @ (centred @ columns) / (height * width)
    result = np.zeros((PLANES, down, across))
    result[:, : sums.shape[1], : sums.shape[2]] = np.einsum("cvu,cp->pvu", sums, COLOURS) * UNIT
    return result


@functools.lru_cache(maxsize=16)
def basis(length: int, count: int) -> Floats:
    """Give ``(length, count)`` cosines of mean square 1, sampled at pixel centres."""
    angles = np.outer((np.arange(length) + 0.5) / length, np.arange(count)) * np.pi
    cosines = np.cos(angles)
    cosines[:, 1:] *= math.sqrt(2)
    return np.asarray(cosines, np.float64)
