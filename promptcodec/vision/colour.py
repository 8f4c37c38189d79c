"""Colour spaces: sRGB and Oklab (Ottosson 2020), CIEDE2000, and palette names both ways."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from promptcodec.description.model import ResolvedCell
from promptcodec.description.palette import PALETTE, TONE_STEP

Floats = npt.NDArray[np.float32]

CHROMA_WEIGHT = 2.5
"""How much a step in a or b counts against one in L. Of 1, 1.5, 2, 2.5, 3 and 4 the weights 2.5
and 3 give names nearest by CIEDE2000 (4.9); with 1 (5.6) a shaded orange becomes a brown."""

WEIGHTS = np.array([1, CHROMA_WEIGHT, CHROMA_WEIGHT], np.float32)
"""Of L, a and b."""

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)


def to_oklab(srgb: npt.NDArray[np.uint8] | Floats) -> Floats:
    """Convert sRGB ``(..., 3)`` in 0..255 to Oklab ``(..., 3)``: L 0..1, a and b about -0.4..0.4."""
    values = np.asarray(srgb)
    linear = _levels()[values] if values.dtype == np.uint8 else _linear(values)
    lab: Floats = np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def _linear(srgb: npt.NDArray[np.generic]) -> Floats:
    """Undo the curve of sRGB: 0..255 to light, 0..1."""
    values = np.asarray(srgb, np.float32) / 255
    return np.asarray(
        np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4), np.float32
    )


@cache
def _levels() -> Floats:
    """Give the light of the 256 bytes."""
    return _linear(np.arange(256))


def to_srgb(oklab: Floats) -> Floats:
    """Convert Oklab ``(..., 3)`` to sRGB ``(..., 3)``, clipped to 0..255."""
    lms = (np.asarray(oklab, np.float32) @ np.linalg.inv(_TO_LAB).T) ** 3
    linear = np.clip(lms @ np.linalg.inv(_TO_LMS).T, 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(encoded * 255, 0, 255), np.float32)


@cache
def palette_oklab() -> Floats:
    """Give the palette in Oklab, ``(len(PALETTE), 3)``, in the order of PALETTE."""
    return to_oklab(np.array(list(PALETTE.values()), np.float32))


def colour_distance(first: Floats, second: Floats) -> Floats:
    """Give how far apart two colours look as names: Oklab ``(..., 3)`` -> ``(...)``, 0.01 just visible."""
    return np.asarray(np.sqrt((((first - second) * WEIGHTS) ** 2).sum(-1)), np.float32)


def nearest_names(oklab: Floats) -> list[str]:
    """Name colours.

    Args:
        oklab: ``(n, 3)``.

    Returns:
        ``n`` palette names; of two equally near the one that comes first in PALETTE.
    """
    names = list(PALETTE)
    return [names[index] for index in nearest_numbers(oklab)]


def nearest_numbers(oklab: Floats) -> npt.NDArray[np.intp]:
    """Give what ``nearest_names`` names as places in PALETTE, ``(n,)``."""
    # Rounded, so that the last bit of a sum, which differs between machines, decides nothing.
    apart = np.round(colour_distance(oklab[:, None], palette_oklab()[None]), 5)
    return np.asarray(apart.argmin(1), np.intp)


@cache
def _index() -> dict[str, int]:
    return {name: index for index, name in enumerate(PALETTE)}


def cell_colours(cell: ResolvedCell) -> Floats:
    """Give the colours a cell stands for, its tone applied.

    Args:
        cell: as ``description.resolve`` gives it.

    Returns:
        ``(len(cell.colours), 3)`` Oklab, L within 0..1; no row where the cell names no colour.
    """
    colours = palette_oklab()[[_index()[name] for name in cell.colours]]
    colours[:, 0] = np.clip(colours[:, 0] + cell.tone * TONE_STEP, 0, 1)
    return colours


def ciede2000(first: npt.NDArray[np.uint8] | Floats, second: npt.NDArray[np.uint8] | Floats) -> Floats:
    """Give the CIEDE2000 difference of two sRGB arrays ``(..., 3)`` in 0..255, shape ``(...)``."""
    from skimage.color import deltaE_ciede2000, rgb2lab  # noqa: PLC0415 - heavy

    labs = [rgb2lab(np.asarray(array, np.float32) / 255) for array in (first, second)]
    difference: Callable[..., Any] = deltaE_ciede2000
    return np.asarray(difference(*labs), np.float32)
