"""From a picture to the skeletons of the people in it."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from promptcodec.errors import MissingError, Notice, UsageError
from promptcodec.layers.structure.encoder.pose import encode_pose
from promptcodec.settings import STRUCTURES
from promptcodec.vision.bodies import SEEN, body_of
from promptcodec.vision.boxes import Box
from promptcodec.vision.cell_nouns import standard
from promptcodec.vision.maps import look
from promptcodec.vision.people import people
from promptcodec.vision.poses import Pose
from promptcodec.vision.things import things

MOST = 4
"""Of so many people bodies are looked for."""

TALL, WIDE = 0.5, 0.12
"""Height of somebody in the picture's, and share of the picture: from either on skeletons are stored."""

HIDDEN = 0.3
"""Chance of being seen below which a key point is a guess; up to SEEN it is hidden."""


def encode_people(
    image: Image.Image, shown: str, most: int | None
) -> tuple[bytes | None, tuple[Notice, ...]]:
    """Code skeletons; see ``promptcodec.layers.structure.encode_people``."""
    if shown not in STRUCTURES:
        raise UsageError(f"unknown structure {shown!r}; one of {', '.join(STRUCTURES)}")
    if shown == "edges":
        return None, ()
    bodies = _bodies(image)
    if not bodies:
        notice = Notice("nobody in the picture can be drawn as a skeleton, so its contours are stored")
        return None, (notice,) if shown == "pose" else ()
    if shown == "auto" and not _is_large(bodies[0][0]):
        return None, ()
    values = [{"keypoints": key_points(body, image.size)} for _, body in bodies]
    for count in range(len(values), 0, -1):
        part = encode_pose(values[:count], image.size)
        if most is None or len(part) <= most:
            return part, ()
    notice = Notice("the budget is too small for a skeleton, so contours are stored if they fit")
    return None, (notice,) if shown == "pose" else ()


def key_points(body: Pose, size: tuple[int, int]) -> list[float]:
    """Give COCO's 51 numbers of a body.

    Args:
        body: its key points.
        size: width and height of the picture.
    """
    numbers: list[float] = []
    for (across, down), seen in zip(body.points.tolist(), body.visible.tolist(), strict=True):
        if seen < HIDDEN or not (0 <= across <= 1 and 0 <= down <= 1):
            numbers += [0.0, 0.0, 0.0]
        else:
            numbers += [across * size[0], down * size[1], 2 if seen >= SEEN else 1]
    return numbers


def _bodies(image: Image.Image) -> Sequence[tuple[Box, Pose]]:
    """Give who has a pose, largest first."""
    try:
        largest = people(image, standard(look(image)), things(image))[:MOST]
        bodies = [(person.box, body_of(image, person)) for person in largest]
    except MissingError as error:
        raise MissingError(str(error), hint="--structure edges looks for nobody") from error
    return [(box, body) for box, body in bodies if body is not None]


def _is_large(box: Box) -> bool:
    left, top, right, bottom = box
    return bottom - top >= TALL or (bottom - top) * (right - left) >= WIDE
