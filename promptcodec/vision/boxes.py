"""Boxes as fractions of a picture: how two overlap, and which of several are of one thing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from promptcodec.vision.colour import Floats

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, 0..1."""


def area(boxes: Floats) -> Floats:
    """Give the areas of boxes ``(..., 4)``."""
    return np.asarray((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]), np.float32)


def shared(first: Floats, second: Floats) -> Floats:
    """Give the areas that boxes ``(..., 4)`` have in common."""
    low, high = np.maximum(first[..., :2], second[..., :2]), np.minimum(first[..., 2:], second[..., 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(-1), np.float32)


def overlap(first: Floats, second: Floats) -> Floats:
    """Give intersection over union of boxes ``(..., 4)``, 0..1."""
    common = shared(first, second)
    return np.asarray(common / np.maximum(area(first) + area(second) - common, 1e-9), np.float32)


def strongest(boxes: Floats, scores: Floats, most: float) -> npt.NDArray[np.int64]:
    """Keep the best of boxes that overlap (non-maximum suppression).

    Args:
        boxes: ``(n, 4)``.
        scores: ``(n,)``.
        most: intersection over union up to which two boxes are of two things.

    Returns:
        Indices, best first.
    """
    order = np.argsort(-np.round(scores, 4), kind="stable")
    kept = []
    while len(order):
        first, rest = order[0], order[1:]
        kept.append(first)
        order = rest[overlap(boxes[first], boxes[rest]) <= most]
    return np.array(kept, np.int64)
