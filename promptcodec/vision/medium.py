"""Medium of a picture: photo, painting, drawing, ..., from statistics of its pixels and a small table.

The table is a sum of shallow trees over ``vision.statistics``, made by ``python -m
training.medium``. Each medium has the least probability from which it is said, chosen for
precision on held-out pictures; below it the answer is ``picture``.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision.colour import Floats, to_oklab
from promptcodec.vision.statistics import LEAST, measure
from promptcodec.vision.trees import shipped

TABLE = "medium-1"

MEDIA = ("photo", "painting", "drawing", "flat graphic", "text page", "screenshot", "pixel art")
"""What the table tells apart. A 3D render has the statistics of a photograph or of a painting."""

GREY_CHROMA = 0.02
"""Oklab chroma below which 98 % of the samples of a grey picture lie; JPEG noise stays under it."""


def medium(image: Image.Image) -> str:
    """Name the medium, with ``black and white`` before it where the picture has no colour.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        One of MEDIA where its statistics make that certain, else ``picture``; a grey one is such as
        ``black and white drawing``.
    """
    if min(image.size) < LEAST:
        name = "picture"
    else:
        trees = shipped(TABLE)
        name = choose(trees.probabilities(measure(image)[None])[0], trees.least)
    # A page of print is black and white as a matter of course: it is not worth the words.
    return f"black and white {name}" if name != "text page" and is_grey(image) else name


def choose(probabilities: Floats, least: Floats) -> str:
    """Choose the word that the probabilities ``(classes,)`` of MEDIA allow."""
    best = int(probabilities.argmax())
    return MEDIA[best] if probabilities[best] >= least[best] else "picture"


def is_grey(image: Image.Image) -> bool:
    """Tell whether a picture has no colour; JPEG's colour noise is none."""
    samples = np.asarray(image.resize((64, 64), Image.Resampling.NEAREST))
    chroma = np.hypot(*np.moveaxis(to_oklab(samples)[..., 1:], -1, 0))
    return float(np.percentile(chroma, 98)) < GREY_CHROMA
