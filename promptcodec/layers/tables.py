"""The trained table of the structure layer."""

from __future__ import annotations

import functools
import zlib

from promptcodec import models
from promptcodec.entropy.bits import RATES, Model
from promptcodec.layers import bitmap, polylines

NAME = "structure-1"
# How sure a trained chance is, as an index into RATES.
SEEN = len(RATES) - 1


@functools.cache
def content() -> bytes:
    """Give the table: weights of starts, frequencies of first steps, then a byte a model."""
    return zlib.decompress(models.load(NAME))


def polyline_models() -> polylines.Models:
    """Give fresh models for one stream of polylines."""
    table = content()
    first, second = polylines.START_KINDS, polylines.START_KINDS + 8
    bits = [Model(byte * 256 + 128, SEEN) for byte in table[second : second + polylines.COUNT]]
    return polylines.Models(table[:first], table[first:second], bits)


def bitmap_models() -> list[Model]:
    """Give fresh models for one bitmap."""
    return [Model(byte * 256 + 128, SEEN) for byte in content()[-bitmap.CONTEXTS :]]
