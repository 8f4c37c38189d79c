"""Medium and light of a whole picture, in a few words that its statistics make certain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.colour import Floats, to_oklab

SIDE = 64
"""Samples per axis: a picture's statistics, not its details, are wanted."""

GREY_CHROMA = 0.02
"""Oklab chroma below which nearly every sample (98 %) of a grey picture lies; JPEG noise stays under it."""

FLAT_SHARE = 0.75
"""Share of neighbouring pixels that are exactly equal in a drawing of flat areas."""

FLAT_COLOURS = 7
"""Colours besides the ground in a flat graphic."""

FLAT_COVER = 0.75
"""Share of the area besides the ground that these colours fill: an object photographed on a
white ground has shades, and fails here."""

FLAT_REST = 0.05
"""Least area besides the ground: below it there is too little to judge by."""

BRIGHTNESS = (0.33, 0.46, 0.7)
"""Mean Oklab lightness from which light is dim, even, bright; below the first it is dark.
About the 4th, 15th and 90th percentile of photographs and generated pictures."""

CONTRAST = (0.37, 0.77)
"""Spread of Oklab lightness (5th to 95th percentile) of low and of high contrast: its 10th and
90th percentile."""

SIDED = 0.16
"""Difference of mean lightness between opposite thirds from which light comes from a side."""

_BELOW_SIDED = 2.0
"""Light from below is rare and bright ground common: it takes this much more to be said."""


def medium(image: Image.Image) -> str:
    """Name the medium: ``photo`` unless the colours make another certain.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        ``photo``, ``black and white picture``, ``flat graphic`` or ``black and white graphic``.
    """
    # Pixels as they are, not means: a mean of two flat colours is a third one.
    samples = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.NEAREST))
    chroma = np.hypot(*np.moveaxis(to_oklab(samples)[..., 1:], -1, 0))
    grey = float(np.percentile(chroma, 98)) < GREY_CHROMA
    if _is_flat(image, samples):
        return "black and white graphic" if grey else "flat graphic"
    # Without colour an ink drawing and a photograph have like statistics: claim neither.
    return "black and white picture" if grey else "photo"


def _is_flat(image: Image.Image, samples: npt.NDArray[np.uint8]) -> bool:
    """Tell whether a few even colours fill the picture."""
    codes = (samples >> 3).astype(np.int64) @ np.array([1024, 32, 1])
    ground = int(np.bincount(codes.ravel()).argmax())
    # A sky fills several neighbouring codes: only colours clearly off the ground are judged.
    off = np.abs((samples >> 3) - np.array([ground >> 10, ground >> 5 & 31, ground & 31])).max(-1) > 2
    rest = np.sort(np.bincount(codes[off]))[::-1]
    if rest.sum() < FLAT_REST * codes.size or rest[:FLAT_COLOURS].sum() < FLAT_COVER * rest.sum():
        return False
    width, height = image.size
    rows = np.unique(np.linspace(0, height - 1, SIDE).astype(int)).tolist()
    lines = np.concatenate([np.asarray(image.crop((0, row, width, row + 1))) for row in rows])
    equal = (lines[:, 1:] == lines[:, :-1]).all(-1)
    return equal.size > 0 and float(equal.mean()) >= FLAT_SHARE


def light(image: Image.Image) -> str:
    """Say the light in words: brightness, contrast where it is low or high, side where it has one.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        Such as ``dim, high contrast, from the left``.
    """
    lightness = np.round(to_oklab(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)))[..., 0], 4)
    words = [("dark", "dim", "even", "bright")[int(np.searchsorted(BRIGHTNESS, lightness.mean(), "right"))]]
    spread = float(np.percentile(lightness, 95) - np.percentile(lightness, 5))
    if spread < CONTRAST[0]:
        words.append("low contrast")
    elif spread > CONTRAST[1]:
        words.append("high contrast")
    side = _side(lightness)
    return ", ".join([*words, side] if side else words)


def _side(lightness: Floats) -> str:
    """Name the side that is clearly lighter than its opposite, or give ``""``."""
    third = SIDE // 3
    columns, rows = lightness.mean(0), lightness.mean(1)
    across = float(columns[:third].mean() - columns[-third:].mean())
    down = float(rows[:third].mean() - rows[-third:].mean())
    if down < 0:
        down /= _BELOW_SIDED
    if max(abs(across), abs(down)) < SIDED:
        return ""
    if abs(across) >= abs(down):
        return "from the left" if across > 0 else "from the right"
    return "from above" if down > 0 else "from below"
