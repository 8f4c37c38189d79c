"""Medium of a picture: photo, painting, 3D render, ..., from what the network sees.

A small network (table ``medium-2``), made by ``python -m training.eyes.whole medium`` from pictures labelled
by eye, and pages, screens and graphics drawn for it. Below the least probability of a medium the answer is
``picture``.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision import maps
from promptcodec.vision.colour import to_oklab
from promptcodec.vision.heads import shipped
from promptcodec.vision.maps import Seen

TABLE = "medium-2"

MEDIA = (
    "photo", "painting", "illustration", "3D render", "drawing", "flat graphic", "screenshot", "text page",
    "pixel art",
)  # fmt: skip
"""What the table tells apart: an illustration is anime, comic or cartoon, a drawing has lines and no colour
fields."""

UNDECIDED = "picture"

LEAST = 32
"""Pixels a side from which a picture shows what it is."""

GREY_CHROMA = 0.02
"""Oklab chroma below which 98 % of the samples of a grey picture lie; JPEG noise stays under it."""


def medium(image: Image.Image, seen: Seen | None = None) -> str:
    """Name the medium, with ``black and white`` before it where the picture has no colour.

    Args:
        image: RGB, any size from 1x1.
        seen: of ``maps.look``, where it looked already.

    Returns:
        One of MEDIA where that is certain, else ``picture``; a grey one is such as ``black and white
        drawing``.

    Raises:
        MissingError: onnxruntime or a table is not there.
    """
    if min(image.size) < LEAST:
        name = UNDECIDED
    else:
        head = shipped(TABLE)
        shares = head.shares((seen or maps.look(image)).whole[None])[0]
        best = int(shares.argmax())
        name = head.words[best] if shares[best] >= head.least[best] else UNDECIDED
    # A page of print is black and white as a matter of course: it is not worth the words.
    return f"black and white {name}" if name != "text page" and is_grey(image) else name


def is_grey(image: Image.Image) -> bool:
    """Tell whether a picture has no colour; JPEG's colour noise is none."""
    samples = np.asarray(image.resize((64, 64), Image.Resampling.NEAREST))
    chroma = np.hypot(*np.moveaxis(to_oklab(samples)[..., 1:], -1, 0))
    return float(np.percentile(chroma, 98)) < GREY_CHROMA
