"""Things with their boxes: a small detector (NanoDet, Lyu 2020) and the classes it tells reliably.

``training/detectors/things.py`` makes the table ``things-2`` from a network of others, and
``training/detectors/calibrate.py`` the table ``things-words-2``: what the classes are called, and the score
from which each is said (docs/captioner.md).
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec import models
from promptcodec.vision.boxes import Box, strongest
from promptcodec.vision.colour import Floats
from promptcodec.vision.recall import recall
from promptcodec.vision.runtime import session
from promptcodec.vision.shrunk import framed

if TYPE_CHECKING:
    import onnxruntime

TABLE, WORDS = "things-2", "things-words-2"

MEAN, SPREAD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of red, green and blue, as the weights were trained."""

SCALE, ZERO = 0.01865845, 114
"""What a step of the network's bytes is worth, and the byte of 0, as its training pictures set them."""

LONG_SIDE = 352
"""Pixels along the picture's longer side, as the network sees it: with more it takes longer, and tells little
more."""

STRIDES = (8, 16, 32)
"""Pixels along a cell of the three maps."""

BLOCK = 2
"""Pixels along the square blocks that the network takes apart: its first layer reads every other pixel."""

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


_recent: OrderedDict[bytes, tuple[Thing, ...]] = OrderedDict()


@functools.cache
def words() -> tuple[tuple[str, float], ...]:
    """Give what each of COCO's classes is called, and the score from which that is said; above 1 for never.

    Raises:
        MissingError: the table is absent, or is not the file that was shipped.
    """
    lines = models.load(WORDS).decode().splitlines()
    return tuple((name, float(least)) for name, least in (line.split("\t") for line in lines))


def things(image: Image.Image) -> tuple[Thing, ...]:
    """Find things, surest first, sure or not; or give what was found in one of the last few pictures.

    Args:
        image: RGB, any size from 1x1.

    Raises:
        MissingError: onnxruntime or the table is not there.
    """
    net, pixels = session(TABLE), prepare(image)
    return recall(_recent, pixels, lambda: _things(net, pixels))


def _things(net: onnxruntime.InferenceSession, pixels: npt.NDArray[np.uint8]) -> tuple[Thing, ...]:
    names = [output.name for output in net.get_outputs()]
    maps = dict(zip(names, net.run(None, {"pixels": pixels}), strict=True))
    height, width = (side * BLOCK for side in pixels.shape[1:3])
    parts = [
        _likely(maps[f"classes {pace}"][0], maps[f"sides {pace}"][0], height // pace, width // pace)
        for pace in STRIDES
    ]
    best, scores, boxes = (np.concatenate(each) for each in zip(*parts, strict=True))
    kept = []
    for number in np.unique(best):
        own = np.flatnonzero(best == number)
        for index in own[strongest(boxes[own], scores[own], OVERLAP)]:
            left, top, right, bottom = boxes[index].tolist()
            kept.append(Thing(int(number), (left, top, right, bottom), float(scores[index])))
    return tuple(sorted(kept, key=lambda thing: (-thing.score, thing.number, thing.box)))


def prepare(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Give what the network sees: blocks of 2x2 pixels, ``(1, rows, cols, 12)``, in its own bytes."""
    small = np.asarray(framed(image, LONG_SIDE, Image.Resampling.BILINEAR).point(_bytes()))
    height, width, bands = small.shape
    blocks = small.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, bands).swapaxes(1, 2)
    return np.ascontiguousarray(blocks).reshape(1, height // BLOCK, width // BLOCK, -1)


@functools.cache
def _bytes() -> list[int]:
    """Give what the network makes of the 256 values of red, then of green, then of blue."""
    values = [(np.arange(256) - mean) / spread for mean, spread in zip(MEAN, SPREAD, strict=True)]
    steps: list[int] = np.clip(np.rint(np.concatenate(values) / SCALE) + ZERO, 0, 255).astype(int).tolist()
    return steps


def _likely(
    chances: Floats, logits: Floats, rows: int, cols: int
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Give class, score and box ``(n, 4)`` of what a map of ``rows * cols`` cells holds above LEAST."""
    scores = np.round(chances.max(1), 3).astype(np.float32)
    chosen = np.flatnonzero(scores >= LEAST)
    parts = logits[chosen].reshape(-1, 4, BINS)
    shares = np.exp(parts - parts.max(-1, keepdims=True))
    distances = (shares * np.arange(BINS, dtype=np.float32)).sum(-1) / shares.sum(-1)
    middle = np.stack([chosen % cols, chosen // cols], 1) + 0.5
    corners = np.concatenate([middle - distances[:, :2], middle + distances[:, 2:]], 1)
    boxes = np.asarray(np.round(np.clip(corners / ([cols, rows] * 2), 0, 1), 3), np.float32)
    return chances[chosen].argmax(1), scores[chosen], boxes
