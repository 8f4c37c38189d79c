"""People: where each of them is, where they look, and how they stand.

``docs/reference/people.md`` has how often that is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptcodec.vision.boxes import Box, area, overlap, shared
from promptcodec.vision.colour import Floats
from promptcodec.vision.faces import Face, faces
from promptcodec.vision.poses import Pose, pose
from promptcodec.vision.things import Thing

PERSON = 0
"""COCO's number."""

BODY, FACE = 0.4, 0.7
"""Scores from which a thing is a person, and a face a face."""

INSIDE, OWN = 0.7, 0.5
"""Shares of the smaller of two boxes, of a face, that lie in the other where both are of one person."""

ONE = 0.5
"""Intersection over union from which a surer thing of another class is the same thing."""

HEAD = (1.2, 1.0, 1.2, 2.0)
"""What is a person where a face has no body: so far from its middle to left, top, right, bottom, in its
heights."""

MOST_POSES, LEAST_HEIGHT = 4, 0.2
"""Poses are looked for so many people, of at least this height in the picture's."""

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

ASIDE = 0.65
"""How far the nose is from between the ears where a face looks aside, in half their distance."""

TO_US, TO_THE_LEFT, TO_THE_RIGHT = "to us", "to the left", "to the right"
"""Where a face looks, as one sees it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody.

    Attributes:
        box: where, as fractions.
        face: None where it is not seen.
        looks: where the face looks, TO_US, TO_THE_LEFT or TO_THE_RIGHT; None without a face.
        pose: None where too little is seen of the body, or what was measured is no likely one.
    """

    box: Box
    face: Face | None
    looks: str | None
    pose: Pose | None


def people(image: Image.Image, detections: Sequence[Thing]) -> tuple[Person, ...]:
    """Find people, largest first.

    Args:
        image: RGB, any size from 1x1.
        detections: what ``things`` finds in it.

    Raises:
        MissingError: onnxruntime or a table is not there.
    """
    everybody = sorted(_everybody(image, detections), key=lambda person: -_size(person[0]))
    return tuple(
        Person(
            box,
            face,
            None if face is None else _looks(face, image.size),
            _pose(image, box, face) if number < MOST_POSES else None,
        )
        for number, (box, face) in enumerate(everybody)
    )


def _everybody(image: Image.Image, detections: Sequence[Thing]) -> list[tuple[Box, Face | None]]:
    """Give everybody's box and face."""
    boxes: list[Box] = []
    for thing in detections:
        if thing.number != PERSON or thing.score < BODY or any(_same(thing.box, box) for box in boxes):
            continue
        surer = [other.box for other in detections if other.number != PERSON and other.score > thing.score]
        # An animal that looks like a person is surer to be an animal.
        if not any(_overlap(thing.box, box) > ONE for box in surer):
            boxes.append(thing.box)
    left = [face for face in faces(image) if face.score >= FACE]
    alone = [face for face in left if not any(_share(face.box, box) > OWN for box in boxes)]
    everybody: list[tuple[Box, Face | None]] = [(_around(face, image.size), face) for face in alone]
    # Smaller first: a face in two boxes belongs to who stands in front.
    for box in sorted(boxes, key=_size):
        own = [face for face in left if _share(face.box, box) > OWN]
        face = max(own, key=lambda face: _size(face.box), default=None)
        left = [other for other in left if other is not face]
        everybody.append((box, face))
    return everybody


def _pose(image: Image.Image, box: Box, face: Face | None) -> Pose | None:
    """Give how somebody stands, if enough is seen and it is a likely body."""
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


def _looks(face: Face, size: tuple[int, int]) -> str:
    points = face.points * np.array(size, np.float32)
    nose, right, left = points[2], points[4], points[5]
    across = left - right
    aside = float((2 * nose - right - left) @ across / max(float(across @ across), 1e-9))
    if abs(aside) < ASIDE:
        return TO_US
    return TO_THE_RIGHT if aside > 0 else TO_THE_LEFT


def _around(face: Face, size: tuple[int, int]) -> Box:
    """Give the box of somebody of whom only the face was found."""
    (across, down), height = _middle(face), face.box[3] - face.box[1]
    width = height * size[1] / size[0]
    left, top, right, bottom = HEAD
    return (
        max(0.0, across - left * width),
        max(0.0, down - top * height),
        min(1.0, across + right * width),
        min(1.0, down + bottom * height),
    )


def _whole(face: Face, size: tuple[int, int]) -> Box:
    """Give the square of somebody's whole body, in the picture or not, from the face."""
    (across, down), height = _middle(face), face.box[3] - face.box[1]
    down += BODY_MIDDLE * height
    half = BODY_SIDE * height / 2
    wide = half * size[1] / size[0]
    return across - wide, down - half, across + wide, down + half


def _middle(face: Face) -> tuple[float, float]:
    left, top, right, bottom = face.box
    return (left + right) / 2, (top + bottom) / 2


def _size(box: Box) -> float:
    return float(area(np.array(box, np.float32)))


def _share(inner: Box, outer: Box) -> float:
    """Give the share of a box that lies in another."""
    common = shared(np.array(inner, np.float32), np.array(outer, np.float32))
    return float(common) / max(_size(inner), 1e-9)


def _overlap(first: Box, second: Box) -> float:
    return float(overlap(np.array(first, np.float32), np.array(second, np.float32)))


def _same(first: Box, second: Box) -> bool:
    return max(_share(first, second), _share(second, first)) > INSIDE
