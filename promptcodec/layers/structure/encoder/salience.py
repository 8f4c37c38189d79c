"""Which contours of a picture matter most for their bits."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PIL import Image

from promptcodec.layers.structure.bitmap import Bitmap
from promptcodec.layers.structure.encoder import contours, simplify
from promptcodec.layers.structure.encoder.contours import Floats
from promptcodec.layers.structure.lattice import Path

# Lower than Canny's usual: ranking leaves out what is weak, and a dim picture has contours too.
SIGMA, LOW, HIGH = 1.5, 0.012, 0.03
PENALTY = 1.0
PRICE = 8.0
# Colour differences against those of luma.
_CHROMA = 0.6
# What lies so close to the frame is mostly the frame.
_FRAME, _FRAME_WEIGHT = 3, 0.25
# Soft edges: how far around a place texture is looked for, in SIGMA, and how much it counts against it.
_SURROUND, _INHIBITION, _OWN = 4.0, 0.7, 0.2


class Ranked(NamedTuple):
    """Paths on one canvas, the most salient first.

    Attributes:
        shape: rows and columns of the canvas.
        truth: the edges of the picture.
        paths: no node twice.
        carried: edge gradient along each path.
        total: edge gradient of all edges.
    """

    shape: tuple[int, int]
    truth: Bitmap
    paths: list[Path]
    carried: list[float]
    total: float


def ranked(image: Image.Image, canvas: tuple[int, int], grid: int, edges: str = "canny") -> Ranked:
    """Find the contours of an image on a canvas of ``canvas`` columns and rows.

    A path's rank is the gradient it carries for each of its bits, so that long strong lines come first.
    ``edges`` is one of ``settings.EDGES``.
    """
    strength = gradient(image, canvas, edges)
    truth = strength > 0
    fitted = simplify.paths(truth, contours.trace(truth), grid, PENALTY)
    kept = simplify.worthwhile(truth, fitted, grid, PRICE)
    missing = {(down, right) for down, right in np.argwhere(truth).tolist()}
    ranks = []
    for path in kept:
        covered = simplify.covers(path, grid, missing)
        missing -= covered
        carried = math.fsum(strength[place] for place in covered)
        ranks.append((carried / simplify.bits(path), carried, path))
    ranks.sort(key=lambda entry: (-entry[0], entry[2]))
    return Ranked(
        (canvas[1], canvas[0]),
        truth,
        [path for *_, path in ranks],
        [carried for _, carried, _ in ranks],
        float(strength.sum()),
    )


def gradient(image: Image.Image, canvas: tuple[int, int], edges: str = "canny") -> Floats:
    """Give the strength of edges, in colour too, ``(rows, columns)``; 0 off them.

    Canny's steps on the structure tensor summed over channels (Di Zenzo 1986). Soft edges are weaker
    where there is as much gradient all around (isotropic inhibition of Grigorescu, Petkov and Westenberg
    2003), so that outlines stand out from grass and waves.
    """
    from skimage.filters import apply_hysteresis_threshold, gaussian  # noqa: PLC0415 - heavy

    small = image.convert("YCbCr").resize(canvas, Image.Resampling.BOX)
    channels = np.asarray(small, np.float64) / 255 * (1, _CHROMA, _CHROMA)
    if min(channels.shape[:2]) < contours.SMALLEST_SIDE:
        return np.zeros(channels.shape[:2])
    soft = np.asarray(gaussian(channels, SIGMA, mode="nearest", channel_axis=2))  # type: ignore[no-untyped-call]
    down, right = np.gradient(soft, axis=(0, 1))
    one, other, mixed = (
        (first * second).sum(2) for first, second in ((down, down), (right, right), (down, right))
    )
    root = np.hypot(one - other, 2 * mixed)
    strength: Floats = np.sqrt((one + other + root) / 2)
    angle = np.arctan2(2 * mixed, other - one) / 2
    if edges == "soft":
        near, around = (
            np.asarray(gaussian(strength, reach, mode="nearest"))  # type: ignore[no-untyped-call]
            for reach in (SIGMA, _SURROUND * SIGMA)
        )
        # What is all around counts, what makes out the edge itself does not.
        strength = np.maximum(strength - _INHIBITION * np.maximum(around - _OWN * near, 0), 0)
    peak = _peaks(strength, np.sin(angle), np.cos(angle))
    edge = apply_hysteresis_threshold(np.where(peak, strength, 0), LOW, HIGH)  # type: ignore[no-untyped-call]
    framed = np.full(strength.shape, _FRAME_WEIGHT)
    framed[_FRAME:-_FRAME, _FRAME:-_FRAME] = 1
    result: Floats = strength * framed * edge
    return result


def _peaks(strength: Floats, down: Floats, right: Floats) -> Bitmap:
    """Say where ``strength`` is greater than a pixel before and behind, along a direction."""
    rows, columns = np.indices(strength.shape)
    padded = np.pad(strength, 2, mode="edge")

    def at(sign: int) -> Floats:
        y, x = rows + 2 + sign * down, columns + 2 + sign * right
        top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
        y, x = y - top, x - left
        upper = padded[top, left] * (1 - x) + padded[top, left + 1] * x
        lower = padded[top + 1, left] * (1 - x) + padded[top + 1, left + 1] * x
        value: Floats = upper * (1 - y) + lower * y
        return value

    peaks: Bitmap = (strength > at(-1)) & (strength >= at(1))
    return peaks
