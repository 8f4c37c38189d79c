"""How people stand: COCO's seventeen key points, coded along the skeleton.

A person is 51 numbers: x, y in pixels and visibility (0 not labelled, 1 hidden, 2 visible) of nose, eyes,
ears, shoulders, elbows, wrists, hips, knees, ankles, left before right; see the COCO key point task
(Lin et al. 2014). Places come back within half a step of 1/256 of the picture's long side.

One part is the byte 0x80, and by one range coder: the form of the JSON value in two bits, the number of
people, and for each the stature as an index into half octaves, then the joints in ORDER: visibility,
whether an unlabelled joint stands at 0, 0, and the offset from the nearest known joint towards the trunk.
Chances start from how long limbs are (Winter, "Biomechanics and motor control of human movement",
after Drillis and Contini 1966) and learn from there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from promptcodec.entropy.bits import Coder, Model, Reader, Writer, tree
from promptcodec.entropy.rangecoder import BIT_ONE
from promptcodec.errors import BitstreamError, EntropyError, UsageError
from promptcodec.layers.structure.strokes import Line

HEAD = 0x80
JOINTS = 17
STEPS = 256
"""Grid steps in the long side of the picture."""
MAX_PEOPLE = (1 << 10) - 1
MAX_PLACE = (1 << 12) - 1
STATURES = 32
_LONGEST = 15

# Joint, joints it may hang on (the first known one counts), distance in hundredths of the stature.
ORDER: tuple[tuple[int, tuple[int, ...], int], ...] = (
    (5, (), 0),
    (6, (5,), 26),
    (11, (5, 6), 29),
    (12, (11, 6, 5), 19),
    (0, (5, 6, 11, 12), 18),
    (1, (0, 5, 6), 3),
    (2, (1, 0, 6, 5), 4),
    (3, (1, 0, 5), 5),
    (4, (2, 0, 3, 6), 5),
    (7, (5, 6, 11), 19),
    (8, (6, 5, 12), 19),
    (9, (7, 5, 11), 15),
    (10, (8, 6, 12), 15),
    (13, (11, 12, 5), 24),
    (14, (12, 11, 6), 24),
    (15, (13, 11, 12), 25),
    (16, (14, 12, 11), 25),
)
# Chance, in sixteenths, that a magnitude has no more bits, by its bits so far less those of the distance.
_STOPS = ((-3, 1), (-2, 2), (-1, 4), (0, 11), (1, 14))
# Chance in sixteenths that a joint is below the one it hangs on, and right of it, where not 8: people
# stand upright more often than not, and face the camera, so that their left is the picture's right.
_BELOW = {0: 1, 1: 2, 11: 15, 12: 8, 7: 14, 8: 14, 9: 10, 10: 10, 13: 15, 14: 15, 15: 15, 16: 15}
_RIGHT = {6: 4, 12: 4, 2: 4, 3: 13, 4: 3, 7: 12, 8: 4}
LIMBS = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (7, 9),
    (6, 8), (8, 10), (0, 1), (0, 2), (1, 3), (2, 4),
)  # fmt: skip

Joint = tuple[int, int, int]
"""Column and row in grid steps, visibility."""


class Person(NamedTuple):
    """One person; the stature, an index into half octaves of grid steps, only sets chances."""

    joints: tuple[Joint, ...]
    stature: int


class _Models:
    """Fresh models of one stream."""

    def __init__(self) -> None:
        self.form = [Model() for _ in range(4)]
        self.number = _sixteenths([8, 8, *[12] * 10])
        self.stature = [Model() for _ in range(STATURES)]
        # By joint and the visibility of the joint it hangs on: labelled at all; visible.
        self.labelled = [[_sixteenth(15) for _ in range(3)] for _ in range(JOINTS)]
        self.visible = [[_sixteenth(13) for _ in range(3)] for _ in range(JOINTS)]
        self.nowhere = _sixteenth(15)
        self.root = [_sixteenths([1] * 5 + [4, 6, 9] + [14] * 5) for _ in range(2)]
        self.lower = [_sixteenth(_BELOW.get(joint, 8)) for joint in range(JOINTS)]
        self.right = [_sixteenth(_RIGHT.get(joint, 8)) for joint in range(JOINTS)]
        # By axis and the bits of the distance expected.
        self.sizes = [
            [_sixteenths([_stop(bits - expected) for bits in range(13)]) for expected in range(13)]
            for _ in range(2)
        ]


def _sixteenth(chance: int) -> Model:
    return Model(BIT_ONE * chance // 16, 3)


def _sixteenths(values: Sequence[int]) -> list[Model]:
    return [_sixteenth(value) for value in values]


def _stop(excess: int) -> int:
    return dict(_STOPS)[max(-3, min(1, excess))]


def encode_pose(people: Any, size: tuple[int, int]) -> bytes:
    """Code key points.

    Args:
        people: a list of people, each a list of 51 numbers or ``{"keypoints": [...]}``, or one person
            alone. Other keys are not kept.
        size: width and height of the picture.

    Raises:
        UsageError: not such a value, or a place more than sixteen pictures away.
    """
    form, numbers = _form(people)
    found = [_quantised(person, size) for person in numbers]
    if len(found) > MAX_PEOPLE:
        raise UsageError(f"{len(found)} people are too many; at most {MAX_PEOPLE}")
    chosen: list[Person] = []
    for joints in found:
        # Whichever stature makes the chances fit best.
        options = [Person(joints, stature) for stature in range(STATURES)]
        chosen.append(min(options, key=lambda person: (_length(person), person.stature)))
    return _write(form, chosen)


def decode_pose(data: bytes, size: tuple[int, int]) -> Any:
    """Undo ``encode_pose``.

    Args:
        data: one whole part, untrusted.
        size: width and height of the picture.

    Raises:
        BitstreamError: nothing that ``encode_pose`` writes.
    """
    if data[:1] != bytes([HEAD]):
        raise BitstreamError("a pose starts with the byte 0x80", 0)
    try:
        form, people = _walk(Reader(data[1:]), 0, None)
    except EntropyError as error:
        raise BitstreamError(f"a pose is damaged: {error}") from None
    if _write(form, people) != data:
        raise BitstreamError("a pose is damaged, cut off, or something follows it")
    scale = max(size) / STEPS
    numbers = [
        [number for x, y, seen in person.joints for number in (_tidy(x, scale), _tidy(y, scale), seen)]
        for person in people
    ]
    values = [{"keypoints": person} for person in numbers] if form & 1 else numbers
    return values[0] if form & 2 else values


def limbs(people: Any, size: tuple[int, int]) -> list[Line]:
    """Give the lines of all limbs whose two joints are labelled, x and y in 0..1."""
    lines = []
    for person in _form(people)[1]:
        places = np.array(person, np.float64).reshape(JOINTS, 3)
        lines += [places[[one, two], :2] / size for one, two in LIMBS if places[one, 2] and places[two, 2]]
    return lines


def _tidy(place: int, step: float) -> float:
    # Hundredths of a pixel are enough, but not where the grid itself is as fine.
    rounded = round(place * step, 2 if step >= 0.1 else 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _form(people: Any) -> tuple[int, list[list[float]]]:
    """Give bit 0: people are objects, bit 1: one person stands alone; and the numbers of each."""
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
    return objects | alone << 1, numbers


def is_alone(people: Any) -> bool:
    """Say whether a value is one person, not a list of people."""
    return isinstance(people, Mapping) or (
        isinstance(people, list) and len(people) == 3 * JOINTS and not isinstance(people[0], list | Mapping)
    )


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


def _length(person: Person) -> int:
    """Give the bytes of one person alone, and eight more of precision."""
    return len(_write(0, [person] * 4))


def _write(form: int, people: Sequence[Person]) -> bytes:
    writer = Writer()
    _walk(writer, form, people)
    return bytes([HEAD]) + writer.finish()


def _walk(coder: Coder, form: int, people: Sequence[Person] | None) -> tuple[int, list[Person]]:
    """Write or read a whole stream."""
    models = _Models()
    form = tree(coder, models.form, 2, form)
    count = 1
    if not form & 2:
        count = _magnitude(coder, models.number, len(people or ()))
        if count > MAX_PEOPLE:
            raise EntropyError(f"{count} people")
    found = []
    for index in range(count):
        person = people[index] if people else None
        stature = tree(coder, models.stature, 5, person.stature if person else 0)
        found.append(Person(_person(coder, models, stature, person.joints if person else None), stature))
    return form, found


def _person(coder: Coder, models: _Models, stature: int, given: Sequence[Joint] | None) -> tuple[Joint, ...]:
    known: dict[int, Joint] = {}
    nearest = (STEPS // 2, STEPS // 2, 0)
    placed = False
    for joint, parents, hundredths in ORDER:
        wanted = given[joint] if given else (0, 0, 0)
        parent = next((known[other] for other in parents if other in known), nearest)
        labelled = coder.bit(models.labelled[joint][parent[2]], int(wanted[2] > 0))
        seen = labelled and 1 + coder.bit(models.visible[joint][parent[2]], int(wanted[2] == 2))
        if not labelled and coder.bit(models.nowhere, int(wanted[:2] == (0, 0))):
            known_place = (0, 0, 0)
            given_place = False
        else:
            # Half octaves: 2 ** (stature / 2) in integers.
            tall = (1 << stature // 2) * (181 if stature & 1 else 128) // 128
            expected = min(12, (tall * hundredths // 100).bit_length())
            sizes = (
                (models.sizes[0][expected], models.sizes[1][expected])
                if placed
                else (models.root[0], models.root[1])
            )
            by = _offset(coder, sizes[0], models.right[joint], wanted[0] - parent[0])
            to = _offset(coder, sizes[1], models.lower[joint], wanted[1] - parent[1])
            known_place = (parent[0] + by, parent[1] + to, seen)
            given_place = True
        known_all = known_place
        if given_place:
            known[joint] = known_all
            if not placed:
                nearest, placed = known_all, True
        else:
            known.setdefault(-joint - 1, known_all)
    return tuple(known.get(joint, (0, 0, 0)) for joint in range(JOINTS))


def _magnitude(coder: Coder, stops: Sequence[Model], value: int) -> int:
    """Code a number of 0 and more: its bits in unary, then those below the highest."""
    wanted, bits = value.bit_length(), 0
    while bits < len(stops) and not coder.bit(stops[bits], int(bits == wanted)):
        bits += 1
    number = min(bits, 1)
    for shift in range(bits - 2, -1, -1):
        number = number << 1 | coder.bit(Model(), value >> shift & 1)
    return number


def _offset(coder: Coder, stops: Sequence[Model], positive: Model, value: int) -> int:
    size = _magnitude(coder, stops, abs(value))
    return size if not size or coder.bit(positive, int(value > 0)) else -size
