"""How a person stands: seventeen key points of a body (BlazePose, Bazarevsky et al. 2020).

``training/detectors/pose.py`` makes the table ``pose-1`` from a network of others. It wants a person upright
in the middle of a square that the whole body fills, so it looks twice: the second time at the square that
its own first answer gives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptcodec.vision.boxes import Box
from promptcodec.vision.colour import Floats
from promptcodec.vision.runtime import session

TABLE = "pose-1"

SIDE = 256

MARGIN = 1.25
"""Side of the square that is looked at, in longer sides of the person's box."""

COCO = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""BlazePose's numbers of COCO's seventeen key points: nose, eyes, ears, shoulders, elbows, wrists, hips,
knees, ankles, left before right."""

MIDDLE, TOP = 33, 34
"""BlazePose's numbers of the middle between the hips, and of the top of a circle around it that holds all of
the body, stretched out."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A body.

    Attributes:
        points: ``(17, 2)``, x and y as fractions of the picture, some outside it.
        visible: ``(17,)``, 0..1: chance that the point is in the picture and not hidden.
        presence: 0..1: chance that there is a body at all, by the look that is less sure.
        moved: how far shoulders, elbows, wrists and hips moved between the looks on average, in lengths of
            the trunk.
    """

    points: Floats
    visible: Floats
    presence: float
    moved: float


@dataclass(frozen=True, slots=True)
class _Square:
    """Where the network looks.

    Attributes:
        middle: x and y in pixels.
        side: in pixels.
        turn: what is up there, clockwise from up in the picture, in radians.
    """

    middle: Floats
    side: float
    turn: float


def pose(image: Image.Image, box: Box) -> Pose:
    """Find the key points of the person in a box.

    Args:
        image: RGB, any size from 1x1.
        box: the whole person, as fractions; it may reach beyond the picture.

    Raises:
        MissingError: onnxruntime or the table is not there.
    """
    size = np.array(image.size, np.float32)
    corners = np.array(box, np.float32).reshape(2, 2) * size
    side = max(1.0, float((corners[1] - corners[0]).max()) * MARGIN)
    # Sampling skips pixels where a square is much larger than what the network sees.
    small = image.reduce(max(1, int(side // SIDE)))
    scale = np.array(small.size, np.float32) / size
    first, _, before = _look(small, _Square(corners.mean(0) * scale, side * float(scale.max()), 0.0))
    again, seen, presence = _look(small, _around(first))
    points, visible = again[list(COCO)], seen[list(COCO)]
    return Pose(
        np.round(points / np.array(small.size, np.float32), 4).astype(np.float32),
        np.round(visible, 3).astype(np.float32),
        round(min(before, presence), 3),
        round(_moved(first[list(COCO)], points, visible), 3),
    )


def _moved(before: Floats, after: Floats, visible: Floats) -> float:
    upper = slice(5, 13)
    away = np.hypot(*(before - after)[upper].T)
    shoulders, hips = after[5:7], after[11:13]
    trunk, width = shoulders.mean(0) - hips.mean(0), shoulders[0] - shoulders[1]
    length = max(float(np.hypot(*trunk)), float(np.hypot(*width)), 1e-3)
    return float(np.average(away, weights=visible[upper] + np.float32(1e-6))) / length


def _around(points: Floats) -> _Square:
    """Give the square around a body that was looked at."""
    upward = points[TOP] - points[MIDDLE]
    radius = max(0.5, float(np.hypot(*upward)))
    return _Square(points[MIDDLE], 2 * radius * MARGIN, math.atan2(upward[0], -upward[1]))


def _look(image: Image.Image, square: _Square) -> tuple[Floats, Floats, float]:
    """Give BlazePose's 39 points in pixels, the chances that they are seen, and that there is a body."""
    across, down = math.cos(square.turn), math.sin(square.turn)
    turn = np.array([[across, -down], [down, across]], np.float32) * np.float32(square.side / SIDE)
    origin = square.middle - turn.sum(1) * np.float32(SIDE / 2)
    matrix = (*turn[0].tolist(), float(origin[0]), *turn[1].tolist(), float(origin[1]))
    view = image.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    pixels = (np.asarray(view, np.float32) / np.float32(255))[None]
    values, presence = session(TABLE).run(None, {"pixels": pixels})
    points = values.reshape(39, 5)
    seen = 1 / (1 + np.exp(-np.clip(points[:, 3:5], -50, 50)))
    return points[:, :2] @ turn.T + origin, seen.prod(1), float(presence[0, 0])
