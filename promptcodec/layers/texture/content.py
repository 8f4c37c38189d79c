"""What a texture part holds, as whole numbers, and the amplitudes they stand for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from promptcodec.layers.texture import model
from promptcodec.layers.texture.frequencies import Ints, extent, region


@dataclass(frozen=True, slots=True)
class Content:
    """The levels of a part, and how they are laid out.

    Attributes:
        shape: class of the aspect ratio, 0..24.
        step: index of the quantiser step.
        restored: the decoder restores what quantisation took.
        radii: index of each plane's radius.
        means: the level of each plane's mean.
        levels: ``(n,)`` for each plane, in the order of its region.
    """

    shape: int
    step: int
    restored: bool
    radii: tuple[int, ...]
    means: tuple[int, ...]
    levels: tuple[Ints, ...]


def dequantise(content: Content) -> Ints:
    """Give the amplitudes ``(PLANES, down, across)`` that a content stands for, not restored."""
    across, down = extent(content.shape)
    planes = np.zeros((model.PLANES, down, across), np.int32)
    steps = np.array([content.step])
    for plane, levels in enumerate(content.levels):
        area = region(content.shape, content.radii[plane])
        sizes: Ints = model.amplitudes(np.abs(levels)[None], plane, steps, model.tables().shifts)[0]
        planes[plane, area.v, area.u] = np.where(levels < 0, -sizes, sizes)
        planes[plane, 0, 0] = content.means[plane] * model.STEP[content.step]
    return planes
