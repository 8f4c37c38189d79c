"""How somebody stands, where enough is seen of the body and it is a likely one.

``docs/reference/people.md`` has how often that is right.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.vision.boxes import Box
from promptcodec.vision.colour import Floats
from promptcodec.vision.faces import Face
from promptcodec.vision.people import Person, middle_of
from promptcodec.vision.poses import Pose, pose

LEAST_HEIGHT = 0.2
"""Of somebody in the picture's, from which a body is looked for."""

CLOSE, PORTRAIT = 0.17, 0.33
"""Heights of a face in that of its person: from the first on only a part of the body is seen, from the second
on little but head and shoulders."""

BODY_MIDDLE, BODY_SIDE = 2.2, 5.6
"""How far the middle of a body is below its face's, and how large it is as a whole, in the face's heights."""

PRESENCE = 0.75
"""Chance from which there is a body."""

STEADY = 0.2
"""How far key points may move when a body is looked at again, in lengths of the trunk."""

APART = 0.35
"""How far eyes and nose of a pose may be from those of the face on average, in the face's heights."""

SPREAD = 0.45
"""What a body covers of the longer side of its box at least."""

NECK, SHOULDERS, HIPS = 1.0, 2.0, 1.2
"""Lengths of neck and shoulders in that of the trunk, and of hips in that of shoulders, at most; only asked
where no face says what is right."""

EYES = 0.043
"""Distance of a pose's eyes, in the longer side of the picture, from which a face would have been seen."""

SEEN = 0.75
"""Chance from which a key point is surely seen."""

BELOW_SHOULDERS = slice(7, 13)
"""COCO's elbows, wrists and hips."""


def body_of(image: Image.Image, person: Person) -> Pose | None:
    """Give how somebody stands.

    Args:
        image: RGB, any size from 1x1.
        person: of ``people``.

    Returns:
        None where too little is seen of the body, or what was measured is no likely one.

    Raises:
        MissingError: onnxruntime or the table is not there.
    """
    box, face = person.box, person.face
    height = box[3] - box[1]
    head = 0.0 if face is None else (face.box[3] - face.box[1]) / height
    if height < LEAST_HEIGHT or head > PORTRAIT:
        return None
    # The network wants a square that the whole body would fill.
    whole = box if face is None or head < CLOSE else _whole(face, image.size)
    body = pose(image, whole)
    return body if _is_likely(body, box, face, image.size) else None


def _is_likely(body: Pose, box: Box, face: Face | None, size: tuple[int, int]) -> bool:
    points = body.points * np.array(size, np.float32)
    seen = points[body.visible >= SEEN]
    if body.presence < PRESENCE or body.moved > STEADY or body.visible[BELOW_SHOULDERS].max() < SEEN:
        return False
    longest = max((box[2] - box[0]) * size[0], (box[3] - box[1]) * size[1])
    if np.ptp(seen, axis=0).max() < SPREAD * longest:
        return False
    if face is None:
        return _has_proportions(points) and float(np.hypot(*(points[1] - points[2]))) < EYES * max(size)
    # BlazeFace gives the right eye first, COCO the nose and then the left one.
    away = face.points[:3] * np.array(size, np.float32) - points[[2, 1, 0]]
    return bool(np.hypot(*away.T).mean() <= APART * (face.box[3] - face.box[1]) * size[1])


def _has_proportions(points: Floats) -> bool:
    shoulders, hips = points[5:7], points[11:13]
    trunk, neck = hips.mean(0) - shoulders.mean(0), points[0] - shoulders.mean(0)
    lines = np.stack([trunk, neck, shoulders[0] - shoulders[1], hips[0] - hips[1]])
    long, head, broad, low = np.hypot(*lines.T)
    return bool(head < NECK * long and broad < SHOULDERS * long and low < HIPS * broad)


def _whole(face: Face, size: tuple[int, int]) -> Box:
    """Give the square of somebody's whole body, in the picture or not, from the face."""
    (across, down), height = middle_of(face), face.box[3] - face.box[1]
    down += BODY_MIDDLE * height
    half = BODY_SIDE * height / 2
    wide = half * size[1] / size[0]
    return across - wide, down - half, across + wide, down + half
