"""The learned coder's bytes: one range-coded stream.

The shape, the size, the quality, how many channels are coded, the levels. How long the data are tells which
sizes are likely.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from promptcodec.entropy.rangecoder import Decoder, Encoder
from promptcodec.errors import BitstreamError, EntropyError
from promptcodec.layers.texture.dct.stream import length_class, padded
from promptcodec.layers.texture.learned import model
from promptcodec.layers.texture.learned.grids import grid, places
from promptcodec.layers.texture.learned.model import LATENTS
from promptcodec.layers.texture.learned.shares import TOTAL, bounds, rounded
from promptcodec.native import core

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Levels: TypeAlias = "memoryview | npt.NDArray[np.int16]"

MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Content:
    """What the data hold.

    Attributes:
        shape: class of the aspect ratio, 0..24.
        size: size class.
        quality: 0..QUALITIES - 1, finest first.
        count: channels that are coded, in fours.
        levels: ``(rows, columns, LATENTS)`` of 16 bits, contiguous; those that are read cannot be changed,
            and are no array of numpy's until ``numpy.asarray`` makes them one.
    """

    shape: int
    size: int
    quality: int
    count: int
    levels: Levels


def write(content: Content, kind: int) -> bytes:
    """Give the bytes of a content.

    Args:
        content: what to write.
        kind: the length class it is meant for.

    Returns:
        Bytes whose length is of ``kind`` or of a higher class; in that case they cannot be read.
    """
    encoder = Encoder()
    write_content(encoder, content, kind)
    return padded(encoder.finish(), kind)


@lru_cache(maxsize=4)
def read(data: bytes) -> Content:
    """Read the data, once for all that ask.

    Raises:
        BitstreamError: they are empty, too long, or nothing that write would have given.
    """
    if not 0 < len(data) <= MAX_BYTES:
        raise BitstreamError(
            f"a learned texture layer has 1 to {MAX_BYTES} bytes, not {len(data)}", len(data)
        )
    kind, decoder = length_class(len(data)), Decoder(data)
    content = read_content(decoder, kind)
    # One picture, one part: this also finds bytes behind the end.
    if not _is_closed(decoder) and write(content, kind) != data:
        raise BitstreamError("a texture layer is not what its own content is written as", len(data))
    return content


def _is_closed(decoder: Decoder) -> bool:
    """Tell whether the data are what the encoder gives, with no zero bytes for the sake of a length class."""
    try:
        decoder.close()
    except EntropyError:
        return False
    return True


def write_content(encoder: Encoder, content: Content, kind: int) -> None:
    """Write a content into data of length class ``kind``."""
    values: list[int] = []
    for value in (content.shape, content.size, content.quality, content.count):
        table = _frequencies(values, kind)
        encoder.encode(sum(table[:value]), table[value], sum(table))
        values.append(value)
    if core and isinstance(encoder, core.Encoder):
        rows, columns = grid(content.shape, content.size)
        features = places(rows, columns, content.quality)
        kernel = model.kernel(model.tables())
        kernel.write(encoder, (rows, columns), 4 * content.count, features, content.levels)
    else:
        _write_levels(encoder, content)


def header_bits(content: Content, kind: int) -> float:
    """Give what all but the levels takes."""
    values: list[int] = []
    bits = 0.0
    for value in (content.shape, content.size, content.quality, content.count):
        table = _frequencies(values, kind)
        bits += math.log2(sum(table) / table[value])
        values.append(value)
    return bits


def read_content(decoder: Decoder, kind: int) -> Content:
    """Read a content from data of length class ``kind``; bytes behind it are not looked at."""
    values: list[int] = []
    while len(values) < 4:
        table = _frequencies(values, kind)
        target = decoder.target(sum(table))
        start = index = 0
        while start + table[index] <= target:
            start += table[index]
            index += 1
        decoder.take(start, table[index], sum(table))
        values.append(index)
    shape, size, quality, count = values
    rows, columns = grid(shape, size)
    levels = array("h", bytes(2 * rows * columns * LATENTS))
    if core and isinstance(decoder, core.Decoder):
        features = places(rows, columns, quality)
        model.kernel(model.tables()).read(decoder, (rows, columns), 4 * count, features, levels)
    else:
        _read_levels(decoder, rows, columns, quality, 4 * count, levels)
    # They are shared.
    shared = memoryview(levels).cast("B").cast("h", (rows, columns, LATENTS)).toreadonly()
    return Content(shape, size, quality, count, shared)


def _frequencies(before: Sequence[int], kind: int) -> array[int]:
    """Give the frequencies of the header's next symbol, those before it being known."""
    known = model.tables()
    match before:
        case []:
            return known.shapes
        case [_]:
            return known.sizes[kind]
        case [_, size]:
            return known.qualities[size]
        case _:
            return known.counts[before[2]]


def _write_levels(encoder: Encoder, content: Content) -> None:
    import numpy as np  # noqa: PLC0415 - the compiled core needs none

    from promptcodec.layers.texture.learned.context import expected  # noqa: PLC0415

    known, levels = model.tables(), np.asarray(content.levels)
    means, scales = expected(known, levels, content.quality)
    before = 0
    for own in model.GROUPS:
        coded = slice(before, min(before + own, 4 * content.count))
        columns = [part[..., coded].ravel().tolist() for part in (levels, means, scales)]
        for level, mean, scale in zip(*columns, strict=True):
            low, high = bounds(known, level, mean, known.rates[scale - model.SCALE_LOW])
            encoder.encode(low, high - low, TOTAL)
        before += own


def _read_levels(
    decoder: Decoder, rows: int, columns: int, quality: int, count: int, levels: array[int]
) -> None:
    import numpy as np  # noqa: PLC0415

    from promptcodec.layers.texture.learned.context import walk  # noqa: PLC0415

    known = model.tables()

    def choose(_place: int, _before: int, means: list[int], rates: list[int]) -> list[int]:
        return [_read_level(decoder, known, mean, rate) for mean, rate in zip(means, rates, strict=True)]

    np.frombuffer(levels, np.int16)[:] = walk(known, rows, columns, quality, count, choose).ravel()


def _read_level(decoder: Decoder, known: model.Tables, mean: int, rate: int) -> int:
    target = decoder.target(TOTAL)
    level = rounded(mean)
    low, high = bounds(known, level, mean, rate)
    while target < low:
        level -= 1
        low, high = bounds(known, level, mean, rate)
    while target >= high:
        level += 1
        low, high = bounds(known, level, mean, rate)
    decoder.take(low, high - low, TOTAL)
    return level
