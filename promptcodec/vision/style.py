"""Light of a whole picture, in a few words that its statistics make certain."""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision.colour import Floats, to_oklab

SIDE = 64
"""Samples per axis: a picture's statistics, not its details, are wanted."""

BRIGHTNESS = (0.33, 0.46, 0.7)
"""Mean Oklab lightness from which light is dim, even, bright; below the first it is dark.
About the 4th, 15th and 90th percentile of photographs and generated pictures."""

CONTRAST = (0.37, 0.77)
"""Spread of Oklab lightness (5th to 95th percentile) of low and of high contrast: its 10th and
90th percentile."""

LOW_KEY = (0.3, 0.7, 0.5)
"""Low key: below this lightness lies at least this share, and above the last the lightest
hundredth: lit forms in the dark, not merely a dark picture."""

HIGH_KEY = (0.65, 0.88)
"""High key: above this lightness lies at least this share."""

CAST = (0.045, 0.92)
"""Cast: median of Oklab's b from which, and the share of samples on its side of grey where, a picture
is warm or, below nought, cool."""

CAST_RED = 0.005
"""Median of Oklab's a from which a cast is warm."""


def light(image: Image.Image) -> str:
    """Say the light in words: brightness, and contrast and cast where they are strong.

    Not where it comes from: of the 20 pictures whose sides differ most in lightness 4 are lit
    from a side, the others are dark things beside a sky or a wall.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        Such as ``dim, high contrast, warm``.
    """
    samples = to_oklab(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)))
    lightness = np.round(samples[..., 0], 4)
    low, high, lightest = np.percentile(lightness, (5, 95, 99)).tolist()
    words = [_brightness(lightness, lightest)]
    spread = high - low
    if spread < CONTRAST[0]:
        words.append("low contrast")
    elif spread > CONTRAST[1]:
        words.append("high contrast")
    cast = _cast(np.round(samples[..., 1:], 4))
    return ", ".join([*words, cast] if cast else words)


def _brightness(lightness: Floats, lightest: float) -> str:
    """Name the brightness, from the lightest hundredth too; the keys are the extremes on purpose."""
    dark, share, lit = LOW_KEY
    if (lightness < dark).mean() >= share and lightest >= lit:
        return "low key"
    if (lightness > HIGH_KEY[0]).mean() >= HIGH_KEY[1]:
        return "high key"
    return ("dark", "dim", "even", "bright")[int(np.searchsorted(BRIGHTNESS, lightness.mean(), "right"))]


def _cast(hues: Floats) -> str:
    """Name a cast over nearly all of a picture, from Oklab's a and b, or give ``""``."""
    least, share = CAST
    red, yellow = (float(middle) for middle in np.median(hues, (0, 1)))
    # Grass is as yellow as lamplight, but not as red.
    if yellow >= least and red >= CAST_RED and (hues[..., 1] > 0).mean() >= share:
        return "warm"
    return "cool" if yellow <= -least and (hues[..., 1] < 0).mean() >= share else ""
