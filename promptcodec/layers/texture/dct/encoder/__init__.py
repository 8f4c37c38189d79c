"""What only an encoder of the texture layer needs."""

from __future__ import annotations

import numpy as np
from PIL import Image

from promptcodec.errors import BudgetError
from promptcodec.layers.texture import transform
from promptcodec.layers.texture.dct.content import Content, dequantise
from promptcodec.layers.texture.dct.encoder.aim import restored as restore
from promptcodec.layers.texture.dct.encoder.analysis import analyse, shape_of
from promptcodec.layers.texture.dct.encoder.search import EFFORTS, candidates
from promptcodec.layers.texture.dct.frequencies import extent
from promptcodec.layers.texture.dct.stream import MAX_BYTES, length_class, read, write


def encode(image: Image.Image, budget: int, *, restored: bool, effort: int) -> bytes:
    """Code as much of the image as fits; see ``promptcodec.layers.texture.dct.encode``."""
    budget = min(budget, MAX_BYTES)
    shape = shape_of(image.size)
    planes = np.asarray(analyse(image, *extent(shape)), np.int32)
    for content in candidates(planes, shape, budget, EFFORTS[effort - 1] if restored else None):
        data = write(content, length_class(budget))
        if len(data) <= budget:
            return _shortest(content, data)
    raise BudgetError(f"this picture's texture layer does not fit into {budget} bytes")


def shown(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Draw as ``dct.draw``, the same on both cores."""
    content = read(data)
    amplitudes = dequantise(content).astype(np.float32)
    if content.restored:
        amplitudes = restore(amplitudes, content.shape, content.step)
    return transform.synthesise(amplitudes, size)


def _shortest(content: Content, data: bytes) -> bytes:
    """Give the shortest of the parts that hold the same as ``data``, one for each length class."""
    if not data.endswith(b"\0"):
        return data
    parts = [data]
    # Another class changes the bytes of the header only.
    shortest = max(1, len(data.rstrip(b"\0")) - 3)
    for kind in sorted({length_class(length) for length in range(shortest, len(data))}):
        part = write(content, kind)
        if length_class(len(part)) == kind:
            parts.append(part)
    return min(parts, key=len)
