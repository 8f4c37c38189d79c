"""Things with their boxes: a small detector (NanoDet, Lyu 2020) and the classes it tells reliably.

``training/detectors/things.py`` makes the table ``things-1`` from a network of others, and
``training/detectors/calibrate.py`` the table ``things-words-1``: what the classes are called, and the score
from which each is said (docs/captioner.md).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec import models
from promptcodec.vision.boxes import Box, strongest
from promptcodec.vision.colour import Floats
from promptcodec.vision.runtime import session

TABLE, WORDS = "things-1", "things-words-1"

SIDE = 416

MEAN, SPREAD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
"""Of blue, green and red, as the weights were trained."""

CELLS = (SIDE // 8, SIDE // 16, SIDE // 32)
"""Cells along a side of the three maps."""

BINS = 11
"""A distance to a side is an expectation over 0..10 cells."""

OVERLAP = 0.5

LEAST = 0.25
"""Score from which something is a detection at all."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A detection.

    Attributes:
        number: COCO's number of the class, 0 a person.
        box: where, as fractions.
        score: 0..1.
    """

    number: int
    box: Box
    score: float


@functools.cache
def words() -> tuple[tuple[str, float], ...]:
    """Give what each of COCO's classes is called, and the score from which that is said; above 1 for never.

    Raises:
        MissingError: the table is absent, or is not the file that was shipped.
    """
    lines = models.load(WORDS).decode().splitlines()
    return tuple((name, float(least)) for name, least in (line.split("\t") for line in lines))


def things(image: Image.Image) -> tuple[Thing, ...]:
    """Find things, surest first, sure or not.

    Args:
        image: RGB, any size from 1x1.

    Raises:
        MissingError: onnxruntime or the table is not there.
    """
    net = session(TABLE)
    names = [output.name for output in net.get_outputs()]
    maps = dict(zip(names, net.run(None, {"pixels": prepare(image)}), strict=True))
    parts = [_likely(maps[f"classes {cells}"][0], maps[f"sides {cells}"][0], cells) for cells in CELLS]
    best, scores, boxes = (np.concatenate(each) for each in zip(*parts, strict=True))
    kept = []
    for number in np.unique(best):
        own = np.flatnonzero(best == number)
        for index in own[strongest(boxes[own], scores[own], OVERLAP)]:
            left, top, right, bottom = boxes[index].tolist()
            kept.append(Thing(int(number), (left, top, right, bottom), float(scores[index])))
    return tuple(sorted(kept, key=lambda thing: (-thing.score, thing.number, thing.box)))


def prepare(image: Image.Image) -> Floats:
    """Give what the network sees, ``(1, 3, SIDE, SIDE)``."""
    small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0))
    planes = np.empty((1, 3, SIDE, SIDE), np.float32)
    for band, (mean, spread) in enumerate(zip(MEAN, SPREAD, strict=True)):
        np.subtract(small[..., 2 - band], np.float32(mean), out=planes[0, band])
        planes[0, band] *= np.float32(1 / spread)
    return planes


def _likely(chances: Floats, logits: Floats, cells: int) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Give class, score and box ``(n, 4)`` of what a map of ``cells`` a side holds above LEAST."""
    scores = np.round(chances.max(1), 3).astype(np.float32)
    chosen = np.flatnonzero(scores >= LEAST)
    parts = logits[chosen].reshape(-1, 4, BINS)
    shares = np.exp(parts - parts.max(-1, keepdims=True))
    distances = (shares * np.arange(BINS, dtype=np.float32)).sum(-1) / shares.sum(-1) / cells
    middle = (np.stack([chosen % cells, chosen // cells], 1) + 0.5) / cells
    corners = np.concatenate([middle - distances[:, :2], middle + distances[:, 2:]], 1)
    boxes = np.asarray(np.round(np.clip(corners, 0, 1), 3), np.float32)
    return chances[chosen].argmax(1), scores[chosen], boxes
