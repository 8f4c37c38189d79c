"""The texture layer: the low frequencies of the whole picture, in a few dozen bytes.

Quantised with a price on every bit, coded with a model trained beforehand; see docs/format.md.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from PIL import Image

from promptcodec.entropy import coefficients as model
from promptcodec.entropy.frequencies import Ints, extent, region, shape_of
from promptcodec.errors import BudgetError
from promptcodec.layers import dct
from promptcodec.layers.quantise import amplitudes
from promptcodec.layers.search import candidates
from promptcodec.layers.texture_stream import MAX_BYTES, Content, length_class, read, write

MINIMUM_BYTES = 6


def encode(image: Image.Image, budget: int) -> bytes:
    """Code as much of the image as fits.

    Args:
        image: RGB, any size from 1x1.
        budget: bytes, at least MINIMUM_BYTES.

    Returns:
        At most ``budget`` bytes; fewer where the image is that simple.

    Raises:
        BudgetError: the budget is below MINIMUM_BYTES.
    """
    if budget < MINIMUM_BYTES:
        raise BudgetError(f"a texture layer needs at least {MINIMUM_BYTES} bytes, not {budget}")
    budget = min(budget, MAX_BYTES)
    shape = shape_of(image.size)
    planes = np.asarray(dct.analyse(image, *extent(shape)), np.int32)
    for content in candidates(planes, shape, budget):
        data = write(content, length_class(budget))
        if len(data) <= budget:
            return _shortest(content, data)
    raise BudgetError(f"this picture's texture layer does not fit into {budget} bytes")


def _shortest(content: Content, data: bytes) -> bytes:
    """Give the shortest of the parts that say the same as ``data``, one for each length class."""
    if not data.endswith(b"\0"):
        return data
    parts = [data]
    for kind in sorted({length_class(length) for length in range(1, len(data))}):
        part = write(content, kind)
        if length_class(len(part)) == kind:
            parts.append(part)
    return min(parts, key=len)


class Spectrum(NamedTuple):
    """What a part says of the picture's frequencies.

    Attributes:
        amplitudes: ``(PLANES, down, across)`` in 1/UNIT of a pixel level, zero where nothing is said.
        margins: the same shape, half a quantisation step; infinite where nothing is said.
    """

    amplitudes: dct.Floats
    margins: dct.Floats


def decode(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Draw what a part says.

    Args:
        data: one whole part.
        size: width and height wanted, in pixels.

    Returns:
        RGB of exactly ``size``.

    Raises:
        BitstreamError: the part is damaged.
    """
    return dct.synthesise(spectrum(data).amplitudes, size)


@functools.lru_cache(maxsize=2)
def spectrum(data: bytes) -> Spectrum:
    """Read a part without drawing it; the last two are remembered.

    Raises:
        BitstreamError: the part is damaged.
    """
    content = read(data)
    across, down = extent(content.shape)
    planes = np.zeros((model.PLANES, down, across))
    margins = np.full_like(planes, np.inf)
    margin = model.STEP[content.step] / 2
    steps = np.array([content.step])
    for plane, levels in enumerate(content.levels):
        area = region(content.shape, content.radii[plane])
        sizes: Ints = amplitudes(np.abs(levels)[None], plane, steps, model.tables().shifts)[0]
        planes[plane, area.v, area.u] = np.where(levels < 0, -sizes, sizes)
        margins[plane, area.v, area.u] = margin
        planes[plane, 0, 0] = content.means[plane] * model.STEP[content.step]
        margins[plane, 0, 0] = margin
    return Spectrum(planes, margins)
