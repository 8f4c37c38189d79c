"""How people stand: COCO's seventeen key points, coded along the skeleton.

A person is 51 numbers: x, y in pixels and visibility (0 not labelled, 1 hidden, 2 visible) of nose, eyes,
ears, shoulders, elbows, wrists, hips, knees, ankles, left before right; see the COCO key point task
(Lin et al. 2014). Places come back within half a step of 1/256 of the picture's long side.

One part is the byte 0x80, and by one range coder: the form of the JSON value in two bits, the number of
people, and for each the stature as an index into half octaves, then the joints in ORDER: visibility,
whether an unlabelled joint stands at 0, 0, and the offset from the nearest known joint towards the trunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from promptcodec.entropy.bitio import AdaptiveBit, BitReader, BitWriter, SymbolWriter
from promptcodec.errors import BitstreamError, EntropyError
from promptcodec.layers.structure.skeleton import JOINTS, LIMBS, ORDER, STEPS, Joint, Models, parent
from promptcodec.layers.structure.strokes import Line

HEAD = 0x80
MAX_PEOPLE = (1 << 10) - 1
OBJECTS, ALONE = 1, 2
"""Bits of the form: people are objects with ``keypoints``, one person stands without a list around."""
_STATURE_BITS = 5


class Person(NamedTuple):
    """One person; the stature, an index into half octaves of grid steps, only sets chances."""

    joints: tuple[Joint, ...]
    stature: int


def write(form: int, people: Sequence[Person]) -> bytes:
    """Give the part of some people, 0..MAX_PEOPLE; one of them in a form with ALONE."""
    writer, models = BitWriter(), Models()
    writer.bypass(2, form)
    if not form & ALONE:
        _write_magnitude(writer, models.number, len(people))
    for person in people:
        writer.tree(models.stature, _STATURE_BITS, person.stature)
        _write_joints(writer, models, person)
    return bytes([HEAD]) + writer.finish()


def read(data: bytes) -> tuple[int, list[Person]]:
    """Read the form and the people of a part.

    Raises:
        BitstreamError: nothing that ``write`` gives.
    """
    if data[:1] != bytes([HEAD]):
        raise BitstreamError("a pose starts with the byte 0x80", 0)
    try:
        form, people = _read(BitReader(data[1:]))
    except EntropyError as error:
        raise BitstreamError(f"a pose is damaged: {error}") from None
    if write(form, people) != data:
        raise BitstreamError("a pose is damaged, cut off, or something follows it")
    return form, people


def _read(reader: BitReader) -> tuple[int, list[Person]]:
    models = Models()
    form = reader.bypass(2)
    count = 1 if form & ALONE else _read_magnitude(reader, models.number)
    if count > MAX_PEOPLE:
        raise EntropyError(f"{count} people")
    people = []
    for _ in range(count):
        stature = reader.tree(models.stature, _STATURE_BITS)
        people.append(Person(_read_joints(reader, models, stature), stature))
    return form, people


def decode_pose(data: bytes, size: tuple[int, int]) -> Any:
    """Read key points as the JSON value they were given as.

    Args:
        data: one whole part, untrusted.
        size: width and height of the picture.

    Raises:
        BitstreamError: the part is malformed.
    """
    form, people = read(data)
    scale = max(size) / STEPS
    numbers = [
        [number for x, y, seen in person.joints for number in (_pixels(x, scale), _pixels(y, scale), seen)]
        for person in people
    ]
    values = [{"keypoints": person} for person in numbers] if form & OBJECTS else numbers
    return values[0] if form & ALONE else values


def places(data: bytes, size: tuple[int, int]) -> tuple[tuple[tuple[float, float] | None, ...], ...]:
    """Read key points as shares of the picture.

    Args:
        data: one whole part, untrusted.
        size: width and height of the picture.

    Returns:
        for each person seventeen places, x and y in 0..1; None where a joint is not labelled.

    Raises:
        BitstreamError: the part is malformed.
    """
    across, down = (max(size) / STEPS / side for side in size)
    return tuple(
        tuple((x * across, y * down) if seen else None for x, y, seen in person.joints)
        for person in read(data)[1]
    )


def limbs(people: Any, size: tuple[int, int]) -> list[Line]:
    """Give the lines of all limbs whose two joints are labelled, x and y in 0..1."""
    lines = []
    for person in [people] if is_alone(people) else people:
        numbers = person["keypoints"] if isinstance(person, Mapping) else person
        places = np.array(numbers, np.float64).reshape(JOINTS, 3)
        lines += [places[[one, two], :2] / size for one, two in LIMBS if places[one, 2] and places[two, 2]]
    return lines


def is_alone(people: Any) -> bool:
    """Say whether a value is one person, not a list of people."""
    return isinstance(people, Mapping) or (
        isinstance(people, list) and len(people) == 3 * JOINTS and not isinstance(people[0], list | Mapping)
    )


def _pixels(place: int, step: float) -> float:
    # Hundredths of a pixel are enough, but not where the grid itself is as fine.
    rounded = round(place * step, 2 if step >= 0.1 else 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _write_joints(writer: SymbolWriter, models: Models, person: Person) -> None:
    known: dict[int, Joint] = {}
    for joint, parents, hundredths in ORDER:
        x, y, visibility = person.joints[joint]
        from_x, from_y, near = parent(known, parents)
        writer.adaptive(models.labelled[joint][near], visibility > 0)
        if visibility:
            writer.adaptive(models.visible[joint][near], visibility > 1)
        else:
            writer.adaptive(models.nowhere, (x, y) == (0, 0))
            if (x, y) == (0, 0):
                continue
        across, down = models.offset(known, person.stature, hundredths)
        _write_offset(writer, across, models.right[joint], x - from_x)
        _write_offset(writer, down, models.lower[joint], y - from_y)
        known[joint] = x, y, visibility


def _read_joints(reader: BitReader, models: Models, stature: int) -> tuple[Joint, ...]:
    known: dict[int, Joint] = {}
    for joint, parents, hundredths in ORDER:
        from_x, from_y, near = parent(known, parents)
        visibility = reader.adaptive(models.labelled[joint][near])
        if visibility:
            visibility += reader.adaptive(models.visible[joint][near])
        elif reader.adaptive(models.nowhere):
            continue
        across, down = models.offset(known, stature, hundredths)
        x = from_x + _read_offset(reader, across, models.right[joint])
        y = from_y + _read_offset(reader, down, models.lower[joint])
        known[joint] = x, y, visibility
    return tuple(known.get(joint, (0, 0, 0)) for joint in range(JOINTS))


def _write_magnitude(writer: SymbolWriter, stops: Sequence[AdaptiveBit], value: int) -> None:
    """Write a number of 0 and more: how many bits it has in unary, then those below the highest."""
    bits = value.bit_length()
    for count, stop in enumerate(stops[: bits + 1]):
        writer.adaptive(stop, count == bits)
    if bits:
        writer.bypass(bits - 1, value)


def _read_magnitude(reader: BitReader, stops: Sequence[AdaptiveBit]) -> int:
    bits = 0
    while bits < len(stops) and not reader.adaptive(stops[bits]):
        bits += 1
    return 1 << bits - 1 | reader.bypass(bits - 1) if bits else 0


def _write_offset(
    writer: SymbolWriter, stops: Sequence[AdaptiveBit], positive: AdaptiveBit, value: int
) -> None:
    _write_magnitude(writer, stops, abs(value))
    if value:
        writer.adaptive(positive, value > 0)


def _read_offset(reader: BitReader, stops: Sequence[AdaptiveBit], positive: AdaptiveBit) -> int:
    size = _read_magnitude(reader, stops)
    return size if not size or reader.adaptive(positive) else -size
