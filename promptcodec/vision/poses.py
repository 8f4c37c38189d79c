"""How a person stands: seventeen key points of a body (BlazePose, Bazarevsky et al. 2020).

``training/detectors/pose.py`` makes the table ``pose-1`` from a network of others.
"""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Pose:
    """A body.

    Attributes:
        points: ``(17, 2)``, x and y as fractions of the picture, some outside it.
        visible: ``(17,)``, 0..1: chance that the point is in the picture and not hidden.
        presence: 0..1: chance that there is a body at all.
    """

    points: Floats
    visible: Floats
    presence: float


def pose(image: Image.Image, box: Box) -> Pose:
    """Find the key points of the person in a box.

    Args:
        image: RGB, any size from 1x1.
        box: the person, as fractions.

    Raises:
        MissingError: onnxruntime or the table is not there.
    """
    size = np.array(image.size, np.float32)
    corners = np.array(box, np.float32).reshape(2, 2) * size
    side = max(1.0, float((corners[1] - corners[0]).max()) * MARGIN)
    origin = corners.mean(0) - side / 2
    around = (*origin, *(origin + side))
    view = image.transform((SIDE, SIDE), Image.Transform.EXTENT, around, Image.Resampling.BILINEAR)
    pixels = (np.asarray(view, np.float32) / np.float32(255))[None]
    values, presence = session(TABLE).run(None, {"pixels": pixels})
    points = values.reshape(39, 5)[list(COCO)]
    seen = 1 / (1 + np.exp(-np.clip(points[:, 3:5], -50, 50)))
    return Pose(
        np.round((points[:, :2] / SIDE * side + origin) / size, 4).astype(np.float32),
        np.round(seen.prod(1), 3).astype(np.float32),
        round(float(presence[0, 0]), 3),
    )
