"""Search by example: how like a picture others are.

By signatures, a picture comes first again of 2,830 after hard JPEG compression, halving and mirroring, and
among the first ten after a crop to 80 %. By colours alone it does so unless it was cropped at one corner.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from promptcodec.archive.indexing.looks import CELLS, SIDE, UNKNOWN, Bytes, Chunk, Look, Looks
from promptcodec.layers import signature
from promptcodec.vision.colour import Floats, colour_distance, palette_oklab

THRESHOLD = 0.5
"""The score from which a picture is worth showing: of 100 unrelated ones, one or two have it."""

MOST = 0.85
"""The highest score by colours alone. A picture whose signature is known then comes before others whose
colours are like it, in 996 of 1000 searches with 80 % of it and in all with milder changes."""

_FAR = 0.2
"""Colours of a cell further apart than this have nothing in common."""


def score(look: Look, looks: Looks) -> Floats:
    """Say how like a picture others are, it or its mirror image.

    Where both have signatures, these say it: one minus their distance. Else the colours do, up to MOST.

    Args:
        look: of the picture.
        looks: of N documents.

    Returns:
        ``(N,)`` in 0..1.
    """
    if not looks:
        return np.zeros(0, np.float32)
    return np.concatenate([_score(look, chunk) for chunk in looks])


def _score(look: Look, chunk: Chunk) -> Floats:
    if look.signature is None:
        return _by_colours(look.colours, chunk.colours)
    near = 1 - signature.distances(look.signature, chunk.signatures, mirror=True)
    if not chunk.signed.all():
        near = np.where(chunk.signed, near, _by_colours(look.colours, chunk.colours))
    return np.asarray(near, np.float32)


def _by_colours(own: bytes, colours: Bytes) -> Floats:
    """Compare 8x8 colours with those of a chunk, ``(n,)`` in 0..MOST."""
    grid = np.frombuffer(own, np.uint8).reshape(SIDE, SIDE)
    # The sums for the picture and for its mirror image, which stay below 2**16, are made at once.
    tables = _nearness()[grid] + (_nearness()[grid[:, ::-1]] << 16)
    total = np.zeros(colours.shape[1], np.uint32)
    for table, others in zip(tables.reshape(CELLS, -1), colours, strict=True):
        total += table.take(others, mode="clip")
    near = np.maximum(total & 0xFFFF, total >> 16) / np.float32(CELLS * 255)
    # The root gives unrelated pictures the scores that signatures give them.
    return np.asarray(MOST * np.sqrt(near), np.float32)


def nearness(firsts: Bytes, seconds: Bytes) -> Floats:
    """Say how near maps of colours are, one by one: ``(CELLS, n)`` twice to ``(n,)`` in 0..1."""
    return np.asarray(_nearness()[firsts, seconds].sum(0) / np.float32(CELLS * 255), np.float32)


@functools.cache
def _nearness() -> npt.NDArray[np.uint32]:
    """Give ``(256, 256)``: how near two palette numbers are, 0..255; UNKNOWN is near none."""
    palette = palette_oklab()
    apart = colour_distance(palette[:, None], palette[None])
    near = np.zeros((UNKNOWN + 1, UNKNOWN + 1), np.uint32)
    near[: len(palette), : len(palette)] = np.rint(np.clip(1 - apart / _FAR, 0, 1) * 255)
    return near
