"""The colour of what lies in a box: the one that its middle has much of and its surroundings have not.

A box is a salient place, not an outline, so much of it is ground. The median of a box is then often the
colour of the ground. A colour counts by its share of the middle, times its distance from the colours around
the box (contrast of colour, as in Achanta et al. 2009). Where none has enough of both, nothing
is said.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision.boxes import Box, crop
from promptcodec.vision.colour import Floats, colour_distance, to_oklab

SAMPLES = 12
"""Box means along each side of the box."""

AROUND = 24
"""Box means along each side of the picture, for what lies outside the box."""

ALIKE = 0.1
"""Weighted Oklab distance at which two samples half count as one colour."""

MIDDLE = 0.65
"""Width of the middle: standard deviation of the weight of a sample, in half sides of the box."""

MIN_SHARE = 0.2
"""Least share of the middle. ALIKE, MIDDLE and the three bounds are the best of a grid on 75 labelled boxes,
where a wrong colour counted twice as much as a right one (docs/reference/captioner.md)."""

MIN_APART = 0.2
"""Least weighted Oklab distance from the surroundings."""

NEAREST = 0.25
"""Share of the surroundings that may be nearer than the distance that counts."""


def object_colour(image: Image.Image, box: Box) -> Floats | None:
    """Measure the colour of what a box is about.

    Args:
        image: RGB, any size from 1x1.
        box: ``(x0, y0, x1, y1)``, fractions 0..1; some of the picture lies outside.

    Returns:
        ``(3,)`` Oklab, or None where no colour is sure to be that of the object.
    """
    inside = _samples(crop(image, box), SAMPLES)
    outside = _samples(image, AROUND)[_beyond(box)]
    down, right = (np.indices((SAMPLES, SAMPLES)).reshape(2, -1) + 0.5) * (2 / SAMPLES) - 1
    weights = np.exp((down**2 + right**2) / (-2 * MIDDLE**2))
    likeness = np.exp2(-((colour_distance(inside[:, None], inside[None]) / ALIKE) ** 2)) * weights
    # Rounded, so that the last bit of a sum, which differs between machines, decides nothing.
    shares = np.round(likeness.sum(1) / weights.sum(), 4)
    apart = np.round(np.quantile(colour_distance(inside[:, None], outside[None]), NEAREST, axis=1), 4)
    best = int((shares * apart).argmax())
    if shares[best] < MIN_SHARE or apart[best] < MIN_APART:
        return None
    return np.asarray(likeness[best] @ inside / likeness[best].sum(), np.float32)


def _samples(image: Image.Image, side: int) -> Floats:
    """Reduce a picture to ``(side * side, 3)`` Oklab, raster order."""
    return to_oklab(np.asarray(image.resize((side, side), Image.Resampling.BOX))).reshape(-1, 3)


def _beyond(box: Box) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mark the AROUND x AROUND samples whose middle lies outside a box."""
    down, right = (np.indices((AROUND, AROUND)).reshape(2, -1) + 0.5) / AROUND
    x0, y0, x1, y1 = box
    return np.asarray((right < x0) | (right > x1) | (down < y0) | (down > y1), np.bool_)
