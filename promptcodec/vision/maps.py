"""What the network sees where: its feature maps over a picture in its own shape, gathered by cells.

One pass, from which the nouns of cells (``cell_nouns``), the medium, the subject and the number of people
(``whole``) are told.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from PIL import Image

from promptcodec.vision.colour import Floats
from promptcodec.vision.network import TABLE
from promptcodec.vision.runtime import session

OUTPUTS = ("fine", "middle", "coarse", "head")
"""Maps of 40, 112, 320 and 1280 channels, a cell for 8, 16, 32 and 32 pixels a side."""

CHANNELS = (40, 112, 320, 1280)

WIDTH = sum(CHANNELS)

LONG_SIDE = 384
"""Pixels along the picture's longer side, as the network sees it."""

STEP = 32
"""Sides are multiples of this many pixels."""

LEAST_SIDE = 64

_REMEMBERED = 4
_seen: OrderedDict[bytes, list[Floats]] = OrderedDict()


def maps(image: Image.Image) -> tuple[Floats, ...]:
    """Give the maps of OUTPUTS, ``(channels, rows, cols)`` each.

    Args:
        image: RGB, any size from 1x1.

    Raises:
        MissingError: onnxruntime or the network is not there.
    """
    return tuple(_look(image)[: len(OUTPUTS)])


def classes(image: Image.Image) -> tuple[Floats, Floats]:
    """Give the logits ``(1000,)`` of ImageNet's classes, and the embedding ``(1280,)`` of length 1.

    Args:
        image: RGB, any size from 1x1.

    Raises:
        MissingError: onnxruntime or the network is not there.
    """
    logits, pooled = _look(image)[len(OUTPUTS) :]
    return logits, pooled / max(float(np.linalg.norm(pooled)), 1e-6)


def _look(image: Image.Image) -> list[Floats]:
    """Run the network, or give what it gave for one of the last few pictures."""
    scale = LONG_SIDE / max(image.size)
    width, height = (max(LEAST_SIDE, round(side * scale / STEP) * STEP) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)
    pixels = np.asarray(small, np.uint8)
    key = pixels.tobytes() + bytes([width // STEP])
    known = _seen.get(key)
    if known is None:
        wanted = [*OUTPUTS, "logits", "embedding"]
        known = [array[0] for array in session(TABLE).run(wanted, {"pixels": pixels[None]})]
        _seen[key] = known
        while len(_seen) > _REMEMBERED:
            _seen.popitem(last=False)
    return known


def gather(seen: tuple[Floats, ...], rows: int, cols: int) -> Floats:
    """Give the means of the maps over the cells of a grid.

    Args:
        seen: of ``maps``.
        rows: rows of the grid.
        cols: columns of the grid.

    Returns:
        ``(rows, cols, WIDTH)``.
    """
    parts = []
    for array in seen:
        down, across = _weights(array.shape[1], rows), _weights(array.shape[2], cols)
        parts.append(np.moveaxis(down @ (array @ across.T), 0, -1))
    return np.concatenate(parts, -1)


def whole(image: Image.Image) -> Floats:
    """Give what the maps say of the picture as a whole, ``(2 * WIDTH + 1600,)``.

    Means and spreads of every channel over cells, and the peaks of the two coarse maps; raises as ``maps``.
    """
    cells = gather(maps(image), *((4, 6) if image.width >= image.height else (6, 4))).reshape(-1, WIDTH)
    peaks = cells[:, -sum(CHANNELS[2:]) :].max(0)
    return np.concatenate([cells.mean(0), cells.std(0), peaks]).astype(np.float32)


def _weights(old: int, new: int) -> Floats:
    """Give the shares ``(new, old)`` that old places have in the means of new ones."""
    edges = np.arange(new + 1, dtype=np.float64) * old / new
    places = np.arange(old)
    inside = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return np.asarray(np.clip(inside, 0, None) * new / old, np.float32)
