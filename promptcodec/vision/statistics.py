"""Statistics of a picture's pixels that tell media apart: tones, gradients, edges, lines, lattices."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.colour import Floats

Bytes = npt.NDArray[np.uint8]

SIDE = 192
"""Longer side at which most is measured: pictures of any size are alike there."""

CROP = 256
"""Side of the middle part that is measured as it is, for blocks and exact edges."""

LEAST = 32
"""Shorter side below which statistics mean little; such a picture is a ``picture``."""

_STEPS = (1, 2, 4, 8, 16, 32, 64)
"""Bounds of the histogram of gradients, in grey levels."""

_BLOCK = 8
"""Side of the blocks whose spread is measured."""


def measure(image: Image.Image) -> Floats:
    """Measure what tells media apart.

    Args:
        image: RGB, both sides at least LEAST.

    Returns:
        ``(n,)`` statistics, rounded to half floats so that the last bit of a sum, which differs
        between machines, decides nothing.
    """
    whole = reduce_to(image, SIDE)
    pixels = np.asarray(whole)
    grey = np.asarray(whole.convert("L")).astype(np.int16)
    left, top = max(0, (image.width - CROP) // 2), max(0, (image.height - CROP) // 2)
    middle = image.crop((left, top, min(left + CROP, image.width), min(top + CROP, image.height)))
    near = np.asarray(middle.convert("L")).astype(np.int16)
    parts = (_tones(whole), _colours(pixels), _gradients(grey), _scales(grey), _blocks(pixels), _lines(grey))
    values = np.concatenate([*parts, _straight(grey), _edges(grey), _edges(near), _lattice(near)])
    return np.asarray(np.clip(values, -6e4, 6e4).astype(np.float16), np.float32)


def reduce_to(image: Image.Image, side: int) -> Image.Image:
    """Reduce by box means so that the longer side is at most ``side``; no side below 16."""
    scale = min(1.0, side / max(image.size))
    size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
    return image if size == image.size else image.resize(size, Image.Resampling.BOX, reducing_gap=2)


def _tones(whole: Image.Image) -> Floats:
    """Percentiles of saturation and value, shares of white and black, spread of hues."""
    hue, saturation, value = np.moveaxis(np.asarray(whole.convert("HSV")), -1, 0)
    spread = np.bincount(hue[saturation > 40] >> 4, minlength=16) / hue.size
    ends = [(value > 245) & (saturation < 12), value < 12, saturation > 200, saturation < 20]
    levels = [*_percentiles(saturation, (10, 50, 90, 99)), *_percentiles(value, (5, 25, 50, 75, 95))]
    return np.array([*levels, *(end.mean() for end in ends), _entropy(spread), spread.max()], np.float32)


def _colours(pixels: Bytes) -> Floats:
    """How few colours fill how much, how uneven they are, and how even the border is."""
    codes = (pixels >> 4).astype(np.int32) @ np.array([256, 16, 1], np.int32)
    counts = np.sort(np.bincount(codes.ravel(), minlength=4096))[::-1] / codes.size
    shares = counts.cumsum()
    covered = [*shares[[0, 3, 15]], *np.searchsorted(shares, (0.5, 0.95))]
    border = np.concatenate([codes[0], codes[-1], codes[:, 0], codes[:, -1]])
    return np.array([*covered, _entropy(counts), np.bincount(border).max() / border.size], np.float32)


def _gradients(grey: npt.NDArray[np.int16]) -> Floats:
    """Histogram of differences, their peakedness, and how much lies along the axes."""
    right, down = np.abs(grey[:-1, 1:] - grey[:-1, :-1]), np.abs(grey[1:, :-1] - grey[:-1, :-1])
    length = np.maximum(right, down)
    bins = np.bincount(np.searchsorted(_STEPS, length.ravel(), "right"), minlength=8) / length.size
    strong = length > 24
    along = (np.minimum(right, down) < 3)[strong].mean() if strong.any() else 0.0
    mean = length.mean() + 0.01
    return np.array(
        [*bins, along, np.square(length.astype(np.float32)).mean() / mean**2, right.mean() / mean], np.float32
    )


def _scales(grey: npt.NDArray[np.int16]) -> Floats:
    """Mean difference at four scales, and what neighbours do not foretell (noise, brush, grain)."""
    level, means = grey.astype(np.float32), []
    noise = np.abs(
        level[1:-1, 1:-1] - (level[:-2, 1:-1] + level[2:, 1:-1] + level[1:-1, :-2] + level[1:-1, 2:]) / 4
    )
    for _ in range(4):
        means.append(np.abs(np.diff(level, axis=1)).mean() + np.abs(np.diff(level, axis=0)).mean() + 0.02)
        height, width = level.shape[0] // 2 * 2, level.shape[1] // 2 * 2
        level = level[:height, :width].reshape(height // 2, 2, width // 2, 2).mean((1, 3))
    ratios = [small / large for small, large in itertools.pairwise(means)]
    return np.array([means[0], *ratios, *_percentiles(noise, (25, 50, 75, 95))], np.float32)


def _blocks(pixels: Bytes) -> Floats:
    """Spread of light and colour within small blocks: percentiles over the picture."""
    height, width = pixels.shape[0] // _BLOCK * _BLOCK, pixels.shape[1] // _BLOCK * _BLOCK
    kept = pixels[:height, :width].astype(np.float32)
    light = kept.mean(2)
    colour = kept[..., 0] - kept[..., 2]
    tiles = [b.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK) for b in (light, colour)]
    spreads = [p for tile in tiles for p in _percentiles(tile.std((1, 3)), (5, 25, 50, 75, 95))]
    return np.array([*spreads, (np.ptp(tiles[0], (1, 3)) < 3).mean()], np.float32)


def _lines(grey: npt.NDArray[np.int16]) -> Floats:
    """Thin dark and thin light strokes: what a closing and an opening of five pixels remove."""
    small = grey.astype(np.uint8)
    dark = _slide(_slide(small, np.maximum), np.minimum)[: grey.shape[0] - 8, : grey.shape[1] - 8]
    bright = _slide(_slide(small, np.minimum), np.maximum)[: grey.shape[0] - 8, : grey.shape[1] - 8]
    core = grey[4:-4, 4:-4]
    strokes, gaps = dark - core, core - bright
    return np.array([strokes.mean(), (strokes > 40).mean(), gaps.mean(), (gaps > 40).mean()], np.float32)


def _slide(grey: Bytes, best: np.ufunc) -> Bytes:
    """Give the extreme of every five by five pixels."""
    for axis in (0, 1):
        length = grey.shape[axis] - 4
        shifts = [np.take(grey, range(start, start + length), axis) for start in range(5)]
        grey = best.reduce(shifts)
    return grey


def _straight(grey: npt.NDArray[np.int16]) -> Floats:
    """Rows and columns: long straight edges, blank ones, and regular pitch (lines of text)."""
    statistics: list[float] = []
    for way in (grey, grey.T):
        edges = np.abs(np.diff(way, axis=0)) > 8
        share = edges.mean(1)
        busy = np.abs(np.diff(way, axis=1)).mean(1)
        statistics += [share.max(), float(np.percentile(share, 95)), (busy < 1).mean(), _pitch(busy, 4)]
        statistics += [busy.std() / (busy.mean() + 0.1)]
    return np.array(statistics, np.float32)


def _edges(grey: npt.NDArray[np.int16]) -> Floats:
    """How much of a strong change over four pixels happens in one, and the share of equal neighbours."""
    wide = np.abs(grey[:, 4:] - grey[:, :-4])
    steps = np.abs(np.diff(grey, axis=1))
    sharpest = np.maximum(np.maximum(steps[:, :-3], steps[:, 1:-2]), np.maximum(steps[:, 2:-1], steps[:, 3:]))
    strong = wide > 48
    ratio = (sharpest[strong] / wide[strong]).mean() if strong.any() else 0.0
    return np.array([strong.mean(), ratio, (steps == 0).mean(), (steps < 2).mean()], np.float32)


def _lattice(grey: npt.NDArray[np.int16]) -> Floats:
    """How far all changes lie on a lattice, as in pictures enlarged by repeating pixels."""
    pitches, packed, still = [], [], []
    for way in (grey, grey.T):
        change = np.abs(np.diff(way, axis=1)).mean(0)
        pitches.append(_pitch(change, 8))
        ordered = np.sort(change)[::-1]
        packed.append(ordered[: max(1, len(ordered) // 4)].sum() / (ordered.sum() + 0.1))
        still.append((change < 0.2 * change.mean()).mean())
    return np.array([f(pair) for pair in (pitches, packed, still) for f in (min, max)], np.float32)


def _pitch(profile: npt.NDArray[np.floating], least: int) -> float:
    """Give the share of a profile's variance at its strongest frequency of ``least`` periods or more."""
    power = np.abs(np.fft.rfft(profile - profile.mean())) ** 2
    total = power[least:].sum()
    return float(power[least:].max() / total) if len(power) > least and total > 1e-6 else 0.0


def _percentiles(values: npt.NDArray[Any], at: tuple[int, ...]) -> list[float]:
    return [float(value) for value in np.percentile(values, at)]


def _entropy(shares: npt.NDArray[np.float64]) -> float:
    kept = shares[shares > 0]
    return float(-(kept * np.log2(kept)).sum())
