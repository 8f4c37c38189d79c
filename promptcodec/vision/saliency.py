"""Where a picture draws the eye, from contrast alone: no network, no chance.

Centre-surround contrast of colour on three scales and rarity against the whole (Achanta et al. 2009,
"Frequency-tuned salient region detection"; Itti et al. 1998), local detail, and a centre prior.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.boxes import Box
from promptcodec.vision.colour import WEIGHTS, Floats, to_oklab

LONGEST = 48
"""Longest side of the map."""

_SURROUNDS = (4, 8, 16)
"""Half widths of the surroundings, in map pixels."""

_SIDES = (0.4, 0.55, 0.75)
"""Sides of a region's window, in shorter sides of the picture; a long picture gets the wider ones too."""

_OVERLAP = 0.45
"""Intersection over union from which a second region says what the first has said."""


def saliency(image: Image.Image) -> Floats:
    """Map how much each place stands out.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        ``(h, w)`` 0..1, the longer side LONGEST or the picture's own if that is shorter; all zero
        for a picture of one colour.
    """
    fine = _shrink(image, LONGEST * 3)
    coarse = _shrink(fine, LONGEST)
    lab = to_oklab(np.asarray(coarse, np.uint8)) * WEIGHTS
    grounds = [_box_mean(lab, half) for half in _SURROUNDS] + [lab.mean((0, 1), keepdims=True)]
    contrast = np.mean([np.sqrt(((lab - ground) ** 2).sum(2)) for ground in grounds], 0)
    detail = _detail(np.asarray(fine.convert("L"), np.float32), coarse.size)
    height, width = contrast.shape
    down = (np.arange(height) + 0.5) / height - 0.5
    across = (np.arange(width) + 0.5) / width - 0.5
    centre = np.exp(-(down[:, None] ** 2 + across[None] ** 2) / 0.3)
    raw = _box_mean(((contrast + detail) * centre)[..., None].astype(np.float32), 1)[..., 0]
    low, high = np.round([raw.min(), np.quantile(raw, 0.98)], 4)
    if high - low < 0.01:
        return np.zeros_like(raw, np.float32)
    return np.asarray(np.clip((raw - low) / (high - low), 0, 1), np.float32)


def regions(image: Image.Image, n: int) -> tuple[Box, ...]:
    """Give the places that stand out most.

    Args:
        image: RGB, any size from 1x1.
        n: how many at most.

    Returns:
        Up to ``n`` boxes ``(x0, y0, x1, y1)``, fractions 0..1, near square, most salient first; none
        where nothing stands out.
    """
    salience = saliency(image)
    height, width = salience.shape
    if not salience.any():
        return ()
    total = np.pad(np.rint(salience * 255).astype(np.int64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    windows = _windows(height, width)
    tops, lefts, bottoms, rights = windows.T
    inside = total[bottoms, rights] - total[tops, rights] - total[bottoms, lefts] + total[tops, lefts]
    # Between the mean (smallest window wins) and the sum (largest wins).
    score = inside / ((bottoms - tops) * (rights - lefts)) ** 0.6
    left_over = np.argsort(-np.round(score, 3), kind="stable")
    chosen: list[int] = []
    while len(left_over) and len(chosen) < n:
        chosen.append(int(left_over[0]))
        left_over = left_over[_overlap(windows[left_over[0]], windows[left_over]) < _OVERLAP]
    return tuple(
        (left / width, top / height, right / width, bottom / height)
        for top, left, bottom, right in windows[chosen].tolist()
    )


@lru_cache(maxsize=16)
def _windows(height: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Give every window ``(top, left, bottom, right)`` once, in raster order."""
    short, windows = min(height, width), []
    for side in _SIDES:
        size = max(round(side * short), 1)
        # A window may be longer along the longer side of the picture: things fill their frames.
        for tall, wide in {
            (size, size),
            (size, min(size * 3 // 2, width)),
            (min(size * 3 // 2, height), size),
        }:
            step = max(size // 6, 1)
            for top in range(0, height - tall + 1, step):
                windows += [(top, left, top + tall, left + wide) for left in range(0, width - wide + 1, step)]
    return np.array(sorted(set(windows)), np.int64)


def _overlap(
    one: npt.NDArray[np.int64], others: npt.NDArray[np.int64]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Give intersection over union of a window and ``(n, 4)`` others."""
    tall = np.minimum(one[2], others[:, 2]) - np.maximum(one[0], others[:, 0])
    wide = np.minimum(one[3], others[:, 3]) - np.maximum(one[1], others[:, 1])
    common = np.maximum(tall, 0) * np.maximum(wide, 0)
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    return np.asarray(common / (areas + (one[2] - one[0]) * (one[3] - one[1]) - common), np.float64)


def _shrink(image: Image.Image, longest: int) -> Image.Image:
    scale = min(longest / max(image.size), 1.0)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def _detail(luma: Floats, size: tuple[int, int]) -> Floats:
    """Give the spread of luma within each map pixel and its neighbours, for a map of ``size``."""
    mean = _box_mean(luma[..., None], 2)[..., 0]
    spread = np.abs(luma - mean).astype(np.float32)
    small = Image.fromarray(spread).resize(size, Image.Resampling.BOX)
    return np.asarray(small, np.float32) * np.float32(2 / 255)


def _box_mean(values: Floats, half: int) -> Floats:
    """Give the mean over the part of a square of ``2 * half + 1`` that lies in the picture."""
    height, width, bands = values.shape
    down = (_near(height, half) @ values.reshape(height, -1)).reshape(height, width, bands)
    return np.asarray(_near(width, half) @ down, np.float32)


@lru_cache(maxsize=32)
def _near(count: int, half: int) -> npt.NDArray[np.float64]:
    """Give the weights ``(count, count)`` of all places in the mean of those up to ``half`` from each."""
    places = np.arange(count)
    near = np.abs(places[:, None] - places) <= half
    return np.asarray(near / near.sum(1, keepdims=True), np.float64)
