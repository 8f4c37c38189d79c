"""Give a blurred texture layer edges again, without changing the colour of its regions.

Every point is moved towards the local highest or lowest value, whichever is nearer: the
stationary point of a shock filter in one step, without its jagged fronts.

Source: toggle contrast, Kramer and Bruckner 1975; shock filter, Osher and Rudin 1990.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision.colour import Floats

# Long sides at which edges are steepened, coarse to fine, and how many pixels the extremes
# are looked for there: a texture layer of a hundred bytes is some 16 pixels wide, of a kilobyte 50.
PASSES = ((96, 4), (192, 3))
# Oklab range below which an edge is left alone: quantisation steps, faint shading, and the ripples that
# few coefficients leave in flat regions, which would become blobs.
FAINT = 0.18
# Means are kept over regions of this part of the long side.
REGION = 1 / 16


def sharpen(picture: Floats) -> Floats:
    """Steepen the edges of a smooth picture.

    Args:
        picture: ``(height, width, 3)`` Oklab.

    Returns:
        The same shape; means over regions are those of ``picture``, finer detail in it stays.
    """
    for side, reach in PASSES:
        picture = _sharpen_at(picture, side, reach)
    return picture


def _sharpen_at(picture: Floats, side: int, reach: int) -> Floats:
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = resize(picture, size, Image.Resampling.BOX)
    gained = _toggle(small, reach) - small
    regions = [max(1, round(length / max(size) / REGION)) for length in size]
    drift = resize(gained, (regions[0], regions[1]), Image.Resampling.BOX)
    gained = gained - resize(drift, size, Image.Resampling.BICUBIC)
    return picture + resize(gained, (width, height), Image.Resampling.BICUBIC)


def _toggle(planes: Floats, reach: int) -> Floats:
    """Move every value towards the nearer of the extremes within ``reach`` pixels."""
    highest = lowest = planes
    for _ in range(reach):
        highest = np.maximum.reduce(_cross(highest))
        lowest = np.minimum.reduce(_cross(lowest))
    # Extremes jump where their source leaves the window; averaged, they follow it smoothly.
    for _ in range(reach):
        highest = np.mean(_cross(highest), axis=0)
        lowest = np.mean(_cross(lowest), axis=0)
    spread = np.maximum(highest - lowest, 1e-6)
    share = np.clip((planes - lowest) / spread, 0, 1)
    for _ in range(2):
        share = share * share * (3 - 2 * share)
    trust = spread**2 / (spread**2 + FAINT**2)
    return np.asarray(planes + trust * (lowest + share * spread - planes), np.float32)


def _cross(planes: Floats) -> list[Floats]:
    around = np.pad(planes, ((1, 1), (1, 1), (0, 0)), mode="edge")
    return [planes, around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]]


def resize(planes: Floats, size: tuple[int, int], method: Image.Resampling) -> Floats:
    """Resize ``(height, width, n)`` floats to ``size`` (width, height) with one of Pillow's filters."""
    if planes.shape[:2] == size[::-1]:
        return planes
    resized = [
        np.asarray(Image.fromarray(np.ascontiguousarray(planes[..., n])).resize(size, method))
        for n in range(planes.shape[2])
    ]
    return np.stack(resized, axis=-1) if resized else np.zeros((size[1], size[0], 0), np.float32)
