"""Name what a picture certainly shows, and where; say nothing about the rest.

The words, how ImageNet's classes group into them and the probability from which each is said are the
table ``tags-2`` (``training/tagger/calibrate.py``, docs/reference/tags.md). ``heads-2`` adds classes that
ImageNet lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from promptcodec.vision import maps
from promptcodec.vision.boxes import Box
from promptcodec.vision.colour import Floats
from promptcodec.vision.maps import Seen
from promptcodec.vision.tag_table import Words, class_weights, heads, words

PLACES = 3
"""Salient places looked at besides the whole."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

WHOLE_WEIGHT = 2.0
"""What the whole picture counts against one place."""


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


def find(seen: Seen, places: Sequence[Box]) -> tuple[Tag, ...]:
    """Name what a picture shows.

    Args:
        seen: of ``maps.look``.
        places: of ``saliency.regions``, up to PLACES; without any it is an even surface, and the network
            would still name something.

    Returns:
        Tags, surest first, of each family (animal > dog > poodle) only the most specific that is
        sure; often none, and always none for an even surface.

    Raises:
        MissingError: a table is not the one that was shipped.
    """
    if not places:
        return ()
    table = words()
    shares = probabilities(*views(seen, places), table.members)
    scores = combine(shares)
    tags = [
        Tag(
            table.names[index], _place(index, shares, places, scene=table.scenes[index]), float(scores[index])
        )
        for index in spoken(scores, table)
    ]
    return tuple(sorted(tags, key=lambda tag: (-tag.confidence, tag.name)))


def views(seen: Seen, boxes: Sequence[Box]) -> tuple[Floats, Floats]:
    """Give what the network says of the whole and of places in it, from one pass.

    A place is the mean of the last feature map over it: what the network would have pooled of it alone.

    Args:
        seen: of ``maps.look``.
        boxes: places, as fractions.

    Returns:
        Logits ``(1 + n, 1000)`` of ImageNet's classes, and embeddings ``(1 + n, 1280)`` of length 1.
    """
    head = seen.maps[-1]
    pooled = [head.mean((1, 2))]
    for left, top, right, bottom in boxes:
        down, across = (maps.share(head.shape[1], top, bottom), maps.share(head.shape[2], left, right))
        pooled.append((head.reshape(-1, head.shape[2]) @ across).reshape(len(head), -1) @ down)
    means = np.stack(pooled)
    weights, biases = class_weights()
    lengths = np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    return np.asarray(means @ weights.T + biases, np.float32), np.asarray(means / lengths, np.float32)


def combine(seen: Floats) -> Floats:
    """Put views together, ``(n, w)`` to ``(w,)``; where there are fewer places the whole stands in."""
    places = seen[1:].sum(0) + (PLACES + 1 - len(seen)) * seen[0]
    # Rounded, so that the last bit of a sum, which differs between machines, decides nothing.
    return np.asarray(np.round((WHOLE_WEIGHT * seen[0] + places) / (WHOLE_WEIGHT + PLACES), 4), np.float32)


def _place(word: int, seen: Floats, boxes: Sequence[Box], *, scene: bool) -> Box:
    """Give the place that says the word most strongly, but the whole for a scene."""
    return WHOLE if scene else boxes[int(np.round(seen[1:, word], 3).argmax())]


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
    joined = np.concatenate([logits, own], 1)
    shares = np.exp(joined - joined.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True) @ members, np.float32)


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
