"""Faces, and where their eyes, nose, mouth and ears are (BlazeFace, Bazarevsky et al. 2019).

``training/detectors/face.py`` makes the table ``face-1`` from a network of others; docs/reference/people.md
has how often it is right.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.boxes import Box, strongest
from promptcodec.vision.colour import Floats
from promptcodec.vision.recall import recall
from promptcodec.vision.runtime import session
from promptcodec.vision.shrunk import shrunk

TABLE = "face-1"

SIDE = 256

ANCHORS = ((16, 2), (8, 6))
"""Cells along a side of the two maps, and boxes a cell."""

POINTS = ("right eye", "left eye", "nose", "mouth", "right ear", "left ear")
"""Of the person: the right eye is at the left of a face that looks at us."""

OVERLAP = 0.3

LEAST = 0.5
"""Score from which something is given at all."""


@dataclass(frozen=True, slots=True)
class Face:
    """A face.

    Attributes:
        box: where, as fractions; it may reach a little beyond the picture.
        points: ``(6, 2)``, x and y of POINTS as fractions.
        score: 0..1.
    """

    box: Box
    points: Floats
    score: float


_answers: OrderedDict[bytes, list[Floats]] = OrderedDict()


def faces(image: Image.Image) -> tuple[Face, ...]:
    """Find faces, surest first.

    Args:
        image: RGB, any size from 1x1.

    Raises:
        MissingError: onnxruntime or the table is not there.
    """
    canvas, offset, scale = _square(shrunk(image))
    pixels = np.asarray(canvas, np.uint8)
    near, far, near_boxes, far_boxes = recall(_answers, pixels, lambda: _run(pixels))
    values, centres = [], []
    for (cells, each), boxes in zip(ANCHORS, (near_boxes, far_boxes), strict=True):
        index = np.arange(cells * cells * each) // each
        centres.append((np.stack([index % cells, index // cells], 1) + 0.5) / cells)
        values.append(boxes.reshape(-1, 8, 2) / SIDE)
    logits = np.concatenate([near.reshape(-1), far.reshape(-1)])
    scores = np.round(1 / (1 + np.exp(-np.clip(logits, -50, 50))), 4).astype(np.float32)
    sure = scores >= LEAST
    value, centre, scores = np.concatenate(values)[sure], np.concatenate(centres)[sure], scores[sure]
    value[:, 0] += centre
    value[:, 2:] += centre[:, None]
    half = value[:, 1] / 2
    corners = np.concatenate([value[:, 0] - half, value[:, 0] + half], 1)
    return tuple(
        Face(
            _box((corners[index].reshape(2, 2) - offset) / scale),
            np.round((value[index, 2:] - offset) / scale, 4).astype(np.float32),
            float(scores[index]),
        )
        for index in strongest(corners, scores, OVERLAP)
    )


def _run(pixels: npt.NDArray[np.uint8]) -> list[Floats]:
    levels = (np.asarray(pixels, np.float32) / np.float32(127.5) - 1)[None]
    answers: list[Floats] = session(TABLE).run(None, {"pixels": levels})
    return answers


def _box(corners: Floats) -> Box:
    (left, top), (right, bottom) = np.round(corners, 4).tolist()
    return left, top, right, bottom


def _square(image: Image.Image) -> tuple[Image.Image, Floats, Floats]:
    """Lay a picture in the middle of a black square; give also where it lies and how large, as fractions."""
    longest = max(image.size)
    width, height = (max(1, round(side * SIDE / longest)) for side in image.size)
    left, top = (SIDE - width) // 2, (SIDE - height) // 2
    canvas = Image.new("RGB", (SIDE, SIDE))
    canvas.paste(image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0), (left, top))
    place = np.array([[left, top], [width, height]], np.float32) / np.float32(SIDE)
    return canvas, place[0], place[1]
