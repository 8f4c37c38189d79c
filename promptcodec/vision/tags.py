"""Name what a picture certainly shows, and where; say nothing about the rest.

The words, how ImageNet's classes group into them and the probability from which each is said are the
table ``tags-1`` (``training/tagger/calibrate.py``, docs/reference/tags.md). ``heads-1`` adds classes that
ImageNet lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptcodec.vision import network
from promptcodec.vision.colour import Floats
from promptcodec.vision.saliency import Box, regions
from promptcodec.vision.tag_table import Words, heads, words

CROPS = 3
"""Salient places looked at besides the whole."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

WHOLE_WEIGHT = 2.0
"""What the whole picture counts against one crop: of whole, best crop, means and sums tried, this one
ranks right names before wrong ones best (docs/reference/tags.md)."""

TEMPERATURE = 1.0
"""Of 0.6 to 2, the one with the best ranking and likelihood on the judged names."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Something the picture shows.

    Attributes:
        name: one of the table's words, such as ``cat`` or ``sports car``.
        box: where, ``(x0, y0, x1, y1)`` as fractions 0..1; a salient place, not an outline.
        confidence: the group's probability over the views, 0..1; only comparable with itself.
    """

    name: str
    box: Box
    confidence: float


def find(image: Image.Image) -> tuple[Tag, ...]:
    """Name what the picture shows.

    Args:
        image: RGB, any size from 1x1.

    Returns:
        Tags, surest first, of each family (animal > dog > poodle) only the most specific that is
        sure; often none, and always none for an even surface.

    Raises:
        MissingError: onnxruntime is not installed, or a table is not the one that was shipped.
    """
    table = words()
    boxes = views(image)
    if len(boxes) == 1:
        # Nothing stands out in an even surface; the network would still name something.
        return ()
    seen = probabilities(*network.look([crop(image, box) for box in boxes]), table.members)
    overall = combine(seen)
    tags = [
        Tag(table.names[index], _place(index, seen, boxes, scene=table.scenes[index]), float(overall[index]))
        for index in spoken(overall, table)
    ]
    return tuple(sorted(tags, key=lambda tag: (-tag.confidence, tag.name)))


def views(image: Image.Image) -> tuple[Box, ...]:
    """Give what is looked at: the whole, then up to CROPS salient places."""
    return (WHOLE, *regions(image, CROPS))


def crop(image: Image.Image, box: Box) -> Image.Image:
    """Cut a box out, at least a pixel of it; the whole is the picture itself."""
    if box == WHOLE:
        return image
    left, top = int(box[0] * image.width), int(box[1] * image.height)
    right, bottom = max(round(box[2] * image.width), left + 1), max(round(box[3] * image.height), top + 1)
    return image.crop((left, top, right, bottom))


def probabilities(logits: Floats, embeddings: Floats, members: Floats, head: Floats | None = None) -> Floats:
    """Give the probability of each word in each view.

    Args:
        logits: ``(n, 1000)``.
        embeddings: ``(n, 1280)``, of length 1.
        members: ``(classes, w)``.
        head: ``(classes - 1000, 1281)``, weights and bias of the classes ImageNet lacks; the
            shipped ones by default.

    Returns:
        ``(n, w)`` 0..1.
    """
    head = heads() if head is None else head
    own = embeddings @ head[:, :-1].T + head[:, -1]
    joined = np.concatenate([logits, own], 1) / np.float32(TEMPERATURE)
    shares = np.exp(joined - joined.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True) @ members, np.float32)


def combine(seen: Floats) -> Floats:
    """Put views together, ``(n, w)`` to ``(w,)``; where there are fewer crops the whole stands in."""
    crops = seen[1:].sum(0) + (CROPS + 1 - len(seen)) * seen[0]
    # Rounded, so that the last bit of a sum, which differs between machines, decides nothing.
    return np.asarray(np.round((WHOLE_WEIGHT * seen[0] + crops) / (WHOLE_WEIGHT + CROPS), 4), np.float32)


def spoken(overall: Floats, table: Words) -> Iterator[int]:
    """Give the words that are sure and have no child that is."""
    sure = [float(value) >= limit for value, limit in zip(overall, table.thresholds, strict=True)]
    heard: set[int] = set()
    for index, is_sure in enumerate(sure):
        if is_sure:
            parent = table.parents[index]
            while parent >= 0:
                heard.add(parent)
                parent = table.parents[parent]
    return (index for index, is_sure in enumerate(sure) if is_sure and index not in heard)


def _place(word: int, seen: Floats, boxes: tuple[Box, ...], *, scene: bool) -> Box:
    """Give the crop that says the word most strongly, but the whole for a scene."""
    if scene:
        return WHOLE
    return boxes[1 + int(np.round(seen[1:, word], 3).argmax())]
