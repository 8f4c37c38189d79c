"""From people's key points as JSON to a pose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec.errors import UsageError
from promptcodec.layers.structure.pose import ALONE, MAX_PEOPLE, OBJECTS, Person, is_alone, write
from promptcodec.layers.structure.skeleton import JOINTS, STATURES, STEPS, Joint

MAX_PLACE = (1 << 12) - 1


def encode_pose(people: Any, size: tuple[int, int]) -> bytes:
    """Code key points; see ``promptcodec.layers.structure.encode_pose``."""
    form, numbers = _form(people)
    bodies = [_quantised(person, size) for person in numbers]
    if len(bodies) > MAX_PEOPLE:
        raise UsageError(f"{len(bodies)} people are too many; at most {MAX_PEOPLE}")
    return write(form, [_with_stature(joints) for joints in bodies])


def _with_stature(joints: tuple[Joint, ...]) -> Person:
    """Give a person the stature that makes the chances fit best."""
    options = [Person(joints, stature) for stature in range(STATURES)]
    # Four times the same person: whole bytes then tell statures apart.
    return min(options, key=lambda person: (len(write(0, [person] * 4)), person.stature))


def _form(people: Any) -> tuple[int, list[list[float]]]:
    """Give the form of a JSON value, and the numbers of each person."""
    alone = is_alone(people)
    several = [people] if alone else people
    if not isinstance(several, list):
        raise UsageError("a pose is a JSON list of people, each of 51 numbers or with 'keypoints'")
    objects = bool(several) and all(isinstance(person, Mapping) for person in several)
    numbers = [person.get("keypoints") if objects else person for person in several]
    for person in numbers:
        if not isinstance(person, list) or len(person) != 3 * JOINTS or not all(map(_is_number, person)):
            raise UsageError("a person is 51 numbers: x, y and visibility of COCO's 17 key points")
        if any(seen not in (0, 1, 2) for seen in person[2::3]):
            raise UsageError("the visibility of a key point is 0, 1 or 2")
    return OBJECTS * objects | ALONE * alone, numbers


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _quantised(person: Sequence[float], size: tuple[int, int]) -> tuple[Joint, ...]:
    scale = STEPS / max(size)
    joints = []
    for x, y, seen in zip(person[::3], person[1::3], person[2::3], strict=True):
        if max(abs(x), abs(y)) * scale > MAX_PLACE:
            raise UsageError(f"a key point at {x}, {y} is far outside the picture")
        joints.append((round(x * scale), round(y * scale), int(seen)))
    return tuple(joints)
