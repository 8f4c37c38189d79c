"""Stuff that cells are made of: sky, water, grass, ..., where colour, texture and place make it certain.

Like the medium, a sum of shallow trees over statistics; ``python -m training.stuff`` makes
the table from cells labelled by eye. A kind that it does not tell reliably is never said.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision.cells import cut
from promptcodec.vision.colour import Floats, to_oklab
from promptcodec.vision.trees import shipped

TABLE = "stuff-1"

STUFF = ("", "sky", "water", "grass", "trees", "bare ground", "building", "mountain")
"""What the table tells apart; the first is all else. Which of them are said stands in the table."""

LONG_SIDE = 144
"""Samples along the picture's longer side: texture is judged at one scale, whatever the grid."""

LEAST_SAMPLES = 6
"""Fewest samples along a cell's side."""


def stuff(image: Image.Image, rows: int, cols: int) -> list[str]:
    """Name what cells are made of.

    Args:
        image: RGB, any size from 1x1.
        rows: rows of the grid, 1..8.
        cols: columns of the grid, 1..8.

    Returns:
        A word of STUFF per cell in raster order, ``""`` where it is not certain.
    """
    trees = shipped(TABLE)
    probabilities = trees.probabilities(measure(image, rows, cols))
    best = probabilities.argmax(1)
    sure = (probabilities.max(1) >= trees.least[best]).tolist()
    return [STUFF[index] if certain else "" for index, certain in zip(best.tolist(), sure, strict=True)]


def measure(image: Image.Image, rows: int, cols: int) -> Floats:
    """Measure cells, what lies above and below them, and the picture they are in.

    Args:
        image: RGB, any size from 1x1.
        rows: rows of the grid.
        cols: columns of the grid.

    Returns:
        ``(rows * cols, k)`` statistics, rounded to half floats so that the last bit of a sum,
        which differs between machines, decides nothing.
    """
    scale = LONG_SIDE / max(image.size)
    height = max(LEAST_SAMPLES, round(image.height * scale / rows))
    width = max(LEAST_SAMPLES, round(image.width * scale / cols))
    own = _own(to_oklab(cut(image, rows, cols, height, width))).reshape(rows, cols, -1)
    colour, detail = own[..., :3], own[..., 5:6]
    above = np.concatenate([own[:1], own[:-1]])[..., :6]
    below = np.concatenate([own[1:], own[-1:]])[..., :6]
    # Sky reaches up to the edge without a break: the largest step and detail met on the way there.
    steps = np.concatenate([np.zeros((1, cols, 1)), np.abs(np.diff(colour, axis=0)).sum(-1, keepdims=True)])
    way = np.concatenate([np.maximum.accumulate(steps), np.maximum.accumulate(detail)], -1)
    beside = (np.roll(own, 1, 1) + np.roll(own, -1, 1))[..., :6] / 2 if cols > 2 else own[..., :6]
    picture = np.concatenate([own.mean((0, 1)), own.std((0, 1)), own[0].mean(0)[:6], own[-1].mean(0)[:6]])
    y, x = np.mgrid[:rows, :cols]
    place = np.stack([(y + 0.5) / rows, np.abs((x + 0.5) / cols - 0.5)], -1)
    spread = np.broadcast_to(picture, (rows, cols, len(picture)))
    values = np.concatenate([own, above - own[..., :6], below - own[..., :6], beside, way, place, spread], -1)
    return values.reshape(rows * cols, -1).astype(np.float16).astype(np.float32)


def _own(samples: Floats) -> Floats:
    """Give the statistics ``(n, 15)`` of cells ``(n, height, width, 3)`` in Oklab: colour first."""
    mean = samples.mean((1, 2))
    light = samples[..., 0]
    across, down = (np.abs(np.diff(light, axis=axis)).mean((1, 2)) for axis in (2, 1))
    wide_across = np.abs(light[:, :, 3:] - light[:, :, :-3]).mean((1, 2))
    wide_down = np.abs(light[:, 3:] - light[:, :-3]).mean((1, 2))
    low, high = np.percentile(light, (5, 95), axis=(1, 2))
    hues = samples[..., 1:].std((1, 2))
    slope = light[:, : light.shape[1] // 2].mean((1, 2)) - light[:, light.shape[1] // 2 :].mean((1, 2))
    detail = across + down
    flat = (np.abs(np.diff(light, axis=2)) < 0.01).mean((1, 2))
    return np.stack(
        [
            *mean.T,
            np.hypot(mean[:, 1], mean[:, 2]),
            light.std((1, 2)),
            detail,
            across / (detail + 0.002),
            (wide_across + wide_down) / (detail + 0.002),
            wide_across / (wide_across + wide_down + 0.002),
            low,
            high,
            *hues.T,
            slope,
            flat,
        ],
        -1,
    ).astype(np.float32)
