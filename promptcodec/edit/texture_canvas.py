"""Change the canvas of a texture layer by the learned coder, and its levels by what analysis sees of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from promptcodec.edit.region import Region
from promptcodec.edit.texture_layer import Paint, most_bytes
from promptcodec.layers.texture import learned
from promptcodec.layers.texture.learned.encoder import nets, written
from promptcodec.layers.texture.learned.encoder.search import choose
from promptcodec.layers.texture.learned.stream import read

# What bits are worth, against what they usually are: more where there are too many of them.
_PRICES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
# A place is left as it is where the analysis sees less than this of a change, in levels.
_STILL = 0.25


def refit(payload: bytes, regions: Sequence[Region], paint: Paint) -> bytes:
    """Change what a texture layer shows in some regions.

    Levels aim at what they were and the difference that the analysis sees between the canvas before and
    after; where it sees none they stay as they are. How fine a change can be is up to the grid there is.

    Args:
        payload: what the learned coder wrote.
        regions: where.
        paint: gives the changed picture; what it changes outside the regions is ignored.

    Returns:
        a part of the same grid and quality; of at most ``texture_layer.most_bytes``, or as it was.

    Raises:
        BitstreamError: the part is malformed.
    """
    content = read(payload)
    before = learned.canvas(payload).clip(0, 255)
    inside = np.max([each.cover(*before.shape[:2]) for each in regions], axis=0)[..., None]
    after = before + inside * (paint(before) - before)
    first, second = nets.analyse(np.stack([before, after]), content.quality)
    change = second - first
    moved = (np.abs(change) > _STILL).any(-1, keepdims=True)
    levels = np.asarray(content.levels)
    for price in _PRICES:
        choice = choose(levels + change, content.quality, price)
        data = written(replace(content, levels=np.where(moved, choice.levels, levels)))
        if len(data) <= most_bytes(payload):
            return data
    return payload
