"""What the network sees where: its feature maps over a picture in its own shape, gathered by cells.

One pass, from which the nouns of cells (``cell_nouns``), the medium, the subject and the number of people
(``whole``) are told.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.colour import Floats
from promptcodec.vision.network import TABLE
from promptcodec.vision.recall import recall
from promptcodec.vision.runtime import session
from promptcodec.vision.shrunk import framed

OUTPUTS = ("fine", "middle", "coarse", "head")
"""Maps of 40, 112, 320 and 1280 channels, a cell for 8, 16, 32 and 32 pixels a side."""

CHANNELS = (40, 112, 320, 1280)

WIDTH = sum(CHANNELS)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pass gives.

    Attributes:
        maps: of OUTPUTS, ``(channels, rows, cols)`` each.
        whole: ``(2 * WIDTH + 1600,)``: means and spreads of every channel over cells, and the peaks of the
        two
            coarse maps.
        logits: ``(1000,)`` of ImageNet's classes.
        embedding: ``(1280,)``, of length 1.
    """

    maps: tuple[Floats, ...]
    whole: Floats
    logits: Floats
    embedding: Floats


_seen: OrderedDict[bytes, Seen] = OrderedDict()


def look(image: Image.Image) -> Seen:
    """Run the network, or give what it gave for one of the last few pictures.

    Args:
        image: RGB, any size from 1x1.

    Raises:
        MissingError: onnxruntime or the network is not there.
    """
    pixels = np.asarray(framed(image), np.uint8)
    return recall(_seen, pixels, lambda: _look(pixels))


def _look(pixels: npt.NDArray[np.uint8]) -> Seen:
    wanted = [*OUTPUTS, "logits", "embedding"]
    *arrays, logits, pooled = (array[0] for array in session(TABLE).run(wanted, {"pixels": pixels[None]}))
    embedding = pooled / max(float(np.linalg.norm(pooled)), 1e-6)
    return Seen(tuple(arrays), _whole(tuple(arrays)), logits, embedding)


def gather(maps: tuple[Floats, ...], rows: int, cols: int) -> Floats:
    """Give the means of the maps over the cells of a grid.

    Args:
        maps: as ``Seen`` has them.
        rows: rows of the grid.
        cols: columns of the grid.

    Returns:
        ``(rows, cols, WIDTH)``.
    """
    parts = []
    for array in maps:
        channels, height, width = array.shape
        down, across = _weights(height, rows), _weights(width, cols)
        # One product of two matrices each, not one for every channel.
        columns = (array.reshape(-1, width) @ across.T).reshape(channels, height, cols)
        parts.append(np.tensordot(down, columns, (1, 1)).transpose(0, 2, 1))
    return np.concatenate(parts, -1)


def _whole(maps: tuple[Floats, ...]) -> Floats:
    """Put together what is said of the picture as a whole."""
    _, height, width = maps[-1].shape
    cells = gather(maps, *((4, 6) if width >= height else (6, 4))).reshape(-1, WIDTH)
    peaks = cells[:, -sum(CHANNELS[2:]) :].max(0)
    return np.concatenate([cells.mean(0), cells.std(0), peaks]).astype(np.float32)


def share(count: int, low: float, high: float) -> Floats:
    """Give the weights ``(count,)`` of places in the mean over a stretch of fractions, at least a sliver."""
    places = np.arange(count)
    inside = np.minimum(high * count, places + 1) - np.maximum(low * count, places)
    clipped = np.clip(inside, 0, None)
    return np.asarray(clipped / max(float(clipped.sum()), 1e-6), np.float32)


@functools.cache
def _weights(old: int, new: int) -> Floats:
    """Give the shares ``(new, old)`` that old places have in the means of new ones."""
    return np.stack([share(old, index / new, (index + 1) / new) for index in range(new)])
