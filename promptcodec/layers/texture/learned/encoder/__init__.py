"""How a picture becomes levels; only encoding imports it."""

from __future__ import annotations

from PIL import Image

from promptcodec.errors import BudgetError
from promptcodec.layers.texture.dct.encoder.analysis import shape_of
from promptcodec.layers.texture.dct.stream import length_class
from promptcodec.layers.texture.learned.encoder.search import EFFORTS, picture, trials
from promptcodec.layers.texture.learned.stream import MAX_BYTES, Content, read, write

# A head and no levels.
_LEAST_BYTES = 4
_TRIES = 4


def encode(image: Image.Image, budget: int, *, effort: int) -> bytes:
    """Code as much of the image as fits; see ``promptcodec.layers.texture.learned.encode``."""
    if budget < _LEAST_BYTES:
        raise BudgetError(f"a learned texture layer needs at least {_LEAST_BYTES} bytes, not {budget}")
    budget = min(budget, MAX_BYTES)
    shape, kind = shape_of(image.size), length_class(budget)
    # What should fit may have a byte too many: bits are added up to first order.
    for room in range(budget, max(budget - _TRIES, 0), -1):
        for content in trials(image, shape, room, kind, EFFORTS[effort - 1]):
            data = written(content)
            if len(data) <= budget:
                return data
    raise BudgetError(f"this picture's texture layer does not fit into {budget} bytes")


def shown(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Draw as ``learned.draw``, the same on both cores."""
    return picture(read(data), size)


def written(content: Content) -> bytes:
    """Write a content with the length class that its bytes have.

    Returns:
        Perhaps more than MAX_BYTES bytes, which nothing reads.
    """
    kind, data = -1, write(content, 0)
    while kind < (actual := length_class(min(len(data), MAX_BYTES))):
        kind = actual
        data = write(content, kind)
    return data
