"""What a texture part holds, as whole numbers, and the amplitudes they stand for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from promptcodec.layers.texture.dct import model
from promptcodec.layers.texture.dct.frequencies import Ints, extent, layout


@dataclass(frozen=True, slots=True)
class Content:
    """The levels of a part, and how they are laid out.

    Attributes:
        shape: class of the aspect ratio, 0..24.
        step: index of the quantiser step.
        restored: the decoder restores what quantisation took.
        radii: index of each plane's radius.
        means: the level of each plane's mean.
        levels: ``(n,)`` for each plane, in the order of its region; those that are read cannot be changed.
    """

    shape: int
    step: int
    restored: bool
    radii: tuple[int, ...]
    means: tuple[int, ...]
    levels: tuple[Ints | memoryview, ...]


def amplitudes(content: Content, most: float = math.inf) -> Iterator[tuple[int, int, int, int]]:
    """Give plane, v, u and amplitude of all that a content says, not restored; others are zero.

    Args:
        content: as it was read.
        most: what u + v is no more than.
    """
    step = model.STEP[content.step]
    for plane, levels in enumerate(content.levels):
        yield plane, 0, 0, content.means[plane] * step
        area = layout(content.shape, content.radii[plane])
        shifts = 0, *model.tables().shifts[plane]
        for v, u, level in zip(area.v, area.u, levels, strict=True):
            if u + v > most:  # as all that follow
                break
            if level:
                size = model.amplitude(abs(level), shifts[min(abs(level), 3)], step)
                yield plane, v, u, -size if level < 0 else size


def dequantise(content: Content) -> Ints:
    """Give the amplitudes ``(PLANES, down, across)`` that a content stands for, not restored."""
    import numpy as np  # noqa: PLC0415 - the compiled core reads without it

    across, down = extent(content.shape)
    planes = np.zeros((model.PLANES, down, across), np.int32)
    for plane, v, u, value in amplitudes(content):
        planes[plane, v, u] = value
    return planes
