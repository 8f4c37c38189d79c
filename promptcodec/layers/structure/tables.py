"""The trained table of the structure layer."""

from __future__ import annotations

import functools
import zlib

from promptcodec import models
from promptcodec.entropy.bitio import RATES, AdaptiveBit
from promptcodec.layers.structure import bitmap
from promptcodec.layers.structure.chain_models import COUNT, START_KINDS, Models

NAME = "structure-1"
# How sure a trained chance is, as an index into RATES.
SEEN = len(RATES) - 1


@functools.cache
def content() -> bytes:
    """Give the table: weights of starts, frequencies of first steps, then a byte a model."""
    return zlib.decompress(models.load(NAME))


class Lazy(dict[int, AdaptiveBit]):
    """Fresh models that come about when they are first asked for: a stream uses few of many."""

    def __init__(self, table: bytes) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, number: int) -> AdaptiveBit:
        model = self[number] = AdaptiveBit(self._table[number] * 256 + 128, SEEN)
        return model


def chain_models(grid: int) -> Models:
    """Give fresh models for one stream of polylines."""
    table = content()
    first, second = START_KINDS, START_KINDS + 8
    bits = Lazy(table[second : second + COUNT])
    return Models(table[:first], table[first:second], bits, grid)


def bitmap_models() -> Lazy:
    """Give fresh models for one bitmap."""
    return Lazy(content()[-bitmap.CONTEXTS :])
