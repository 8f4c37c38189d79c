"""People: where each of them is, and where they look.

``docs/reference/people.md`` has how often that is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.boxes import Box, area, overlap, shared
from promptcodec.vision.faces import Face, faces
from promptcodec.vision.things import Thing

PERSON = 0
"""COCO's number."""

BODY, FACE = (0.3, 0.55), (0.6, 2.0)
"""Scores from which a thing is a person, and a face without a body: where cells under it are of HUMAN
nouns, and where they are not."""

HUMAN = {"face", "hair", "skin", "clothing", "hand", "hat", "person"}
"""Nouns of these cells."""

INSIDE, OWN = 0.7, 0.5
"""Shares of the smaller of two boxes, of a face, that lie in the other where both are of one person."""

ONE = 0.5
"""Intersection over union from which a surer thing of another class is the same thing."""

HEAD = (1.2, 1.0, 1.2, 2.0)
"""What is a person where a face has no body: so far from its middle to left, top, right, bottom, in its
heights."""

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
    """

    box: Box
    face: Face | None
    looks: str | None


def people(
    image: Image.Image, nouns: Sequence[Sequence[str]], detections: Sequence[Thing]
) -> tuple[Person, ...]:
    """Find people, largest first.

    Args:
        image: RGB, any size from 1x1.
        nouns: of its cells, by rows; ``""`` where none is sure.
        detections: what ``things`` finds in it.

    Raises:
        MissingError: onnxruntime or a table is not there.
    """
    everybody = sorted(_everybody(image, np.array(nouns), detections), key=lambda person: -size_of(person[0]))
    return tuple(
        Person(box, face, None if face is None else _looks(face, image.size)) for box, face in everybody
    )


def _everybody(
    image: Image.Image, nouns: npt.NDArray[np.str_], detections: Sequence[Thing]
) -> list[tuple[Box, Face | None]]:
    """Give everybody's box and face."""
    boxes: list[Box] = []
    for thing in detections:
        least = BODY[0] if _is_human(thing.box, nouns) else BODY[1]
        if thing.number != PERSON or thing.score < least or any(_same(thing.box, box) for box in boxes):
            continue
        surer = [other.box for other in detections if other.number != PERSON and other.score > thing.score]
        # An animal that looks like a person is surer to be an animal.
        if not any(_overlap(thing.box, box) > ONE for box in surer):
            boxes.append(thing.box)
    # Without a body and without a cell that could be a human's no face would count.
    may_have_faces = boxes or HUMAN & set(nouns.reshape(-1).tolist())
    seen_faces = [face for face in faces(image) if face.score >= FACE[0]] if may_have_faces else []
    # Cats and dolls have faces too.
    alone = [
        face
        for face in seen_faces
        if face.score >= FACE[0 if _is_human(face.box, nouns) else 1]
        and not any(_share(face.box, box) > OWN for box in boxes)
    ]
    everybody: list[tuple[Box, Face | None]] = [(_around(face, image.size), face) for face in alone]
    # Smaller first: a face in two boxes belongs to who stands in front.
    for box in sorted(boxes, key=size_of):
        own = [face for face in seen_faces if _share(face.box, box) > OWN]
        face = max(own, key=lambda face: size_of(face.box), default=None)
        seen_faces = [other for other in seen_faces if other is not face]
        everybody.append((box, face))
    return everybody


def _is_human(box: Box, nouns: npt.NDArray[np.str_]) -> bool:
    """Say whether cells under a box are of what humans are made of."""
    rows, cols = nouns.shape
    left, top, right, bottom = np.clip(box, 0, 1)
    down = slice(min(int(top * rows), rows - 1), max(1, math.ceil(bottom * rows)))
    across = slice(min(int(left * cols), cols - 1), max(1, math.ceil(right * cols)))
    return bool(HUMAN & set(nouns[down, across].reshape(-1).tolist()))


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
    (across, down), height = middle_of(face), face.box[3] - face.box[1]
    width = height * size[1] / size[0]
    left, top, right, bottom = HEAD
    return (
        max(0.0, across - left * width),
        max(0.0, down - top * height),
        min(1.0, across + right * width),
        min(1.0, down + bottom * height),
    )


def middle_of(face: Face) -> tuple[float, float]:
    """Give the middle of a face."""
    left, top, right, bottom = face.box
    return (left + right) / 2, (top + bottom) / 2


def size_of(box: Box) -> float:
    """Give the share of the picture that a box has."""
    return float(area(np.array(box, np.float32)))


def _share(inner: Box, outer: Box) -> float:
    """Give the share of a box that lies in another."""
    common = shared(np.array(inner, np.float32), np.array(outer, np.float32))
    return float(common) / max(size_of(inner), 1e-9)


def _overlap(first: Box, second: Box) -> float:
    return float(overlap(np.array(first, np.float32), np.array(second, np.float32)))


def _same(first: Box, second: Box) -> bool:
    return max(_share(first, second), _share(second, first)) > INSIDE
