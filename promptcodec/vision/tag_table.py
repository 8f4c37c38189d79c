"""The tables behind the tags: words and the classes that count for them, and classes ImageNet lacks."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec import models
from promptcodec.errors import MissingError
from promptcodec.vision import network
from promptcodec.vision.colour import Floats

HEADS_WIDTH = network.DIMENSIONS + 1


KINDS = {
    "animal": "", "bird": "animal", "cat": "animal", "dog": "animal", "horse": "animal", "cow": "animal",
    "sheep": "animal", "elephant": "animal", "bear": "animal", "zebra": "animal", "giraffe": "animal",
    "car": "vehicle", "bus": "vehicle", "truck": "vehicle", "train": "vehicle", "motorcycle": "vehicle",
    "bicycle": "vehicle", "boat": "vehicle", "aircraft": "vehicle", "airliner": "aircraft", "warplane":
    "aircraft", "fruit": "food", "pizza": "food", "cake": "food", "sandwich": "food", "banana": "fruit",
    "apple": "fruit", "orange": "fruit", "donut": "food", "hot dog": "food", "broccoli": "food", "carrot":
    "food", "drink": "food", "chair": "furniture", "sofa": "furniture", "bed": "furniture", "table":
    "furniture", "bench": "furniture", "shelf": "furniture", "bottle": "container", "cup": "container",
    "bowl": "container", "vase": "container", "wine glass": "container", "vessel": "container", "house":
    "building", "castle": "building", "tower": "building", "church": "building", "lighthouse": "tower",
    "flower": "plant", "potted plant": "plant", "tree": "plant", "rose": "flower", "daisy": "flower",
    "tulip": "flower", "sunflower": "flower", "dandelion": "flower", "portrait": "person", "street": "city",
    "laptop": "machine", "screen": "machine",
}  # fmt: skip
"""What a thing is, where the table of words does not say so."""


@dataclass(frozen=True)
class Words:
    """The table.

    Attributes:
        names: ``w`` words, parents before their children.
        parents: index of each word's parent, -1 where it has none.
        thresholds: probability from which each is said; above 1 for never.
        scenes: whether the word is about the whole picture.
        members: ``(classes, w)`` of 0 and 1: which classes count for which word.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    thresholds: tuple[float, ...]
    scenes: tuple[bool, ...]
    members: Floats


@functools.cache
def words() -> Words:
    """Load the table of words.

    Raises:
        MissingError: it is absent or damaged.
    """
    return parse(models.load("tags-2").decode("utf-8"), network.CLASSES + len(heads()))


@functools.cache
def heads() -> Floats:
    """Load the classes ImageNet lacks, ``(k, 1281)``.

    Raises:
        MissingError: the table is absent or damaged.
    """
    data = np.frombuffer(models.load("heads-2"), "<f2")
    if data.size % HEADS_WIDTH:
        raise MissingError("the table heads-2 is damaged; reinstall promptcodec")
    return data.reshape(-1, HEADS_WIDTH).astype(np.float32)


@functools.cache
def class_weights() -> tuple[Floats, Floats]:
    """Load weights ``(1000, 1280)`` and biases ``(1000,)`` of ImageNet's classes over a mean of the last map.

    Raises:
        MissingError: the table is absent or damaged.
    """
    data = models.load("classes-1")
    steps = np.frombuffer(data, "<f4", 2 * network.CLASSES).reshape(2, -1)
    weights = np.frombuffer(data, np.int8, offset=steps.nbytes).reshape(network.CLASSES, -1)
    return weights.astype(np.float32) * steps[0][:, None], steps[1].astype(np.float32)


def parse(text: str, classes: int) -> Words:
    """Read the table of words.

    Args:
        text: a line per word: name, parent, threshold in thousandths (``-`` for never), ``scene`` or
            nothing, and classes such as ``1-4,7``, separated by tabs; parents first.
        classes: how many classes there are.

    Raises:
        MissingError: a line is not like that.
    """
    names: list[str] = []
    parents: list[int] = []
    thresholds: list[float] = []
    scenes: list[bool] = []
    lines = text.splitlines()
    members = np.zeros((classes, len(lines)), np.float32)
    try:
        for column, line in enumerate(lines):
            name, parent, threshold, scene, ranges = line.split("\t")
            parents.append(names.index(parent) if parent else -1)
            names.append(name)
            thresholds.append(2.0 if threshold == "-" else int(threshold) / 1000)
            scenes.append(scene == "scene")
            members[numbers(ranges, classes), column] = 1
    except ValueError as error:
        raise MissingError(f"the table of words is damaged: {error}; reinstall promptcodec") from error
    return Words(tuple(names), tuple(parents), tuple(thresholds), tuple(scenes), members)


def numbers(ranges: str, limit: int) -> npt.NDArray[np.int64]:
    """Read ``1-4,7``.

    Raises:
        ValueError: it is not like that, or reaches ``limit``.
    """
    classes: list[int] = []
    for piece in ranges.split(","):
        first, _, last = piece.partition("-")
        classes += range(int(first), int(last or first) + 1)
    if not classes or max(classes) >= limit:
        raise ValueError(f"classes {ranges!r} outside 0..{limit - 1}")
    return np.array(classes, np.int64)


@functools.cache
def ancestors(name: str) -> tuple[str, ...]:
    """Give the kinds that a thing is of, nearest first: a parrot is a bird and an animal.

    Args:
        name: a word of the table, or any other noun.
    """
    kinds = []
    while (name := _kinds().get(name, "")) and name not in kinds:
        kinds.append(name)
    return tuple(kinds)


@functools.cache
def _kinds() -> dict[str, str]:
    table = words()
    known = {name: table.names[up] for name, up in zip(table.names, table.parents, strict=True) if up >= 0}
    return known | {name: kind for name, kind in KINDS.items() if name not in known}
