"""Operations on contours: on the paths of the lattice, the pixels of a bitmap or the joints of a pose."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from promptcodec.edit import paths
from promptcodec.edit.paths import Map, Place
from promptcodec.edit.region import Region
from promptcodec.layers import structure
from promptcodec.layers.structure import lattice, pose
from promptcodec.layers.structure.bitmap import Bitmap


def delete(payload: bytes, size: tuple[int, int], box: Region) -> bytes:
    """Delete what lies in a region; see ``change``."""
    return change(payload, size, box, None)


def move(payload: bytes, size: tuple[int, int], box: Region, to: Place, *, covers: bool = False) -> bytes:
    """Move what lies in a region.

    Args:
        payload: a structure part.
        size: of the picture.
        box: what is moved.
        to: its new left top.
        covers: what lies where it goes is deleted.
    """
    if covers:
        kept = delete(payload, size, box)
        under = box.moved(*to)
        cleared = delete(kept, size, under)
        return _add(cleared, payload, size, box, partial(_shift, box, to))
    return change(payload, size, box, partial(_shift, box, to))


def scale(payload: bytes, size: tuple[int, int], box: Region, factor: float) -> bytes:
    """Scale what lies in a region about its middle; what then lies outside the picture is cut off."""
    return change(payload, size, box, partial(_grow, box, factor))


def _shift(box: Region, to: Place, place: Place) -> Place:
    return place[0] + to[0] - box.left, place[1] + to[1] - box.top


def _grow(box: Region, factor: float, place: Place) -> Place:
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return x + (place[0] - x) * factor, y + (place[1] - y) * factor


def holds(payload: bytes, size: tuple[int, int], box: Region) -> bool:
    """Say whether anything lies in a region."""
    kind, value = structure.decode_value(payload, size)
    if kind == "pose":
        people = [value] if pose.is_alone(value) else value
        return any(_stands_in(person, size, box) for person in people)
    shape, content = value
    if isinstance(content, np.ndarray):
        return bool((content & (box.cover(*shape) >= 0.5)).any())
    marked = paths.inside(box, shape, content[0])
    return any(marked[node] for path in content[1] for node in lattice.nodes(path))


def change(payload: bytes, size: tuple[int, int], box: Region, there: Map) -> bytes:
    """Map what lies in a region elsewhere; the rest of a line that leaves the region stays.

    Where what was moved meets what stayed, what was moved stays whole.

    Args:
        payload: a structure part.
        size: of the picture.
        box: a person of a pose belongs to it by the mean of the labelled joints.
        there: where each place goes.

    Raises:
        BitstreamError: the part is malformed.
    """
    return _recode(payload, payload, size, box, there)


def _add(base: bytes, source: bytes, size: tuple[int, int], box: Region, there: Map) -> bytes:
    """Put what lies in a region of ``source`` into ``base``, which has the same canvas."""
    return _recode(base, source, size, box, there)


def _recode(base: bytes, source: bytes, size: tuple[int, int], box: Region, there: Map) -> bytes:
    kind, value = structure.decode_value(source, size)
    own = source == base
    under = value if own else structure.decode_value(base, size)[1]
    if kind == "pose":
        return structure.encode_pose(_people(under, value, size, box, there, own=own), size)
    shape, content = value
    if isinstance(content, np.ndarray):
        mapped: Any = _pixels(under[1], content, box, there, own=own)
    else:
        grid, drawn = content
        mapped = (grid, paths.change(under[1][1], drawn, (shape, grid), box, there, own=own))
    return structure.encode_value(base[0], shape, mapped)


def _pixels(under: Bitmap, bitmap: Bitmap, box: Region, there: Map, *, own: bool) -> Bitmap:
    marked = box.cover(*bitmap.shape) >= 0.5
    result = under & ~marked if own else under.copy()
    if there is not None:
        rows, cols = bitmap.shape
        for down, right in zip(*np.nonzero(bitmap & marked), strict=True):
            x, y = there(((right + 0.5) / cols, (down + 0.5) / rows))
            to = (int(np.floor(y * rows)), int(np.floor(x * cols)))
            if 0 <= to[0] < rows and 0 <= to[1] < cols:
                result[to] = True
    return np.asarray(result, np.bool_)


def _people(under: Any, value: Any, size: tuple[int, int], box: Region, there: Map, *, own: bool) -> Any:
    alone = pose.is_alone(value)
    people = [value] if alone else value
    kept = [] if not own else [person for person in people if not _stands_in(person, size, box)]
    if not own:
        kept = [under] if pose.is_alone(under) else list(under)
    moved = []
    if there is not None:
        moved = [_carried(person, size, there) for person in people if _stands_in(person, size, box)]
    result = [*kept, *moved]
    return result[0] if alone and len(result) == 1 else result


def _numbers(person: Any) -> list[float]:
    return list(person["keypoints"] if isinstance(person, dict) else person)


def _stands_in(person: Any, size: tuple[int, int], box: Region) -> bool:
    joints = np.array(_numbers(person), np.float64).reshape(-1, 3)
    labelled = joints[joints[:, 2] > 0]
    if not len(labelled):
        return False
    right, down = labelled[:, :2].mean(0) / size
    if not (0 <= right < 1 and 0 <= down < 1):
        return False
    cover = box.cover(min(size[1], 64), min(size[0], 64))
    return bool(cover[int(down * cover.shape[0]), int(right * cover.shape[1])] >= 0.5)


def _carried(person: Any, size: tuple[int, int], there: Callable[[Place], Place]) -> Any:
    numbers = _numbers(person)
    for at in range(0, len(numbers), 3):
        if numbers[at + 2]:
            x, y = there((numbers[at] / size[0], numbers[at + 1] / size[1]))
            numbers[at : at + 2] = [x * size[0], y * size[1]]
    return {"keypoints": numbers} if isinstance(person, dict) else numbers
