"""The texture layer's bytes: one range-coded stream.

The shape, the step, whether the decoder restores, how far each plane reaches, the means, the
levels. How long the part is tells which steps are likely.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from promptcodec.entropy.bitio import HALF, BitReader, BitWriter, SymbolWriter
from promptcodec.errors import BitstreamError
from promptcodec.layers.texture.dct import model
from promptcodec.layers.texture.dct.content import Content
from promptcodec.layers.texture.dct.frequencies import RADII, Ints, Region, layout, log8, region
from promptcodec.native import core

if TYPE_CHECKING:
    from promptcodec.layers.texture.dct.network import Field

MAX_BYTES = 4096
# Chance that a picture is better restored, in 1/65536.
RESTORED = 63488


def length_class(length: int) -> int:
    """Give the class of a part's length in bytes, from 1: half octaves."""
    return min(log8(length) // 4, model.LENGTHS - 1)


def write(content: Content, kind: int) -> bytes:
    """Give the bytes of a content.

    Args:
        content: what to write.
        kind: the length class it is meant for.

    Returns:
        Bytes whose length is of ``kind`` or of a higher class; in that case they cannot be read.
    """
    writer = BitWriter()
    write_content(writer, content, kind)
    return padded(writer.finish(), kind)


def padded(data: bytes, kind: int) -> bytes:
    """Give data a length of class ``kind`` at least, which is coded: zero bytes at their end mean nothing."""
    while length_class(max(len(data), 1)) < kind or not data:
        data += b"\0"
    return data


@lru_cache(maxsize=4)
def read(data: bytes) -> Content:
    """Read a part, once for all that ask: the layer itself, and the colours of the words beside it.

    Raises:
        BitstreamError: it is empty, too long, or nothing that write would have given.
    """
    if not 0 < len(data) <= MAX_BYTES:
        raise BitstreamError(f"a texture layer has 1 to {MAX_BYTES} bytes, not {len(data)}", len(data))
    kind = length_class(len(data))
    content = _read_content(BitReader(data), kind)
    # One picture, one part: this also finds bytes behind the end.
    if write(content, kind) != data:
        raise BitstreamError("a texture layer is not what its own content is written as", len(data))
    return content


def write_content(writer: SymbolWriter, content: Content, kind: int) -> None:
    """Write a content into a part of length class ``kind``."""
    write_header(writer, content, kind)
    if core and isinstance(writer, core.BitWriter):
        kernel, count, inside = _kernel(content.shape, content.radii)
        planes = array("i")
        for levels, places in zip(content.levels, inside, strict=True):
            plane = array("i", bytes(4 * count))
            for place, level in zip(places, levels.tolist(), strict=True):
                if level:
                    plane[place] = level
            planes += plane
        kernel.write(writer, content.step, _squares(content.radii), planes)
    else:
        _write_levels(writer, content)


def _read_content(reader: BitReader, kind: int) -> Content:
    shape, step, restored, radii, means = _read_header(reader, kind)
    if core and isinstance(reader, core.BitReader):
        kernel, count, inside = _kernel(shape, radii)
        levels = array("i", bytes(4 * model.PLANES * count))
        kernel.read(reader, step, _squares(radii), levels)
        planes = [
            array("i", map(levels[plane * count : (plane + 1) * count].__getitem__, places))
            for plane, places in enumerate(inside)
        ]
    else:
        planes = _read_levels(reader, shape, step, radii)
    # They are shared.
    shared = tuple(memoryview(levels).toreadonly() for levels in planes)
    return Content(shape, step, restored, radii, means, shared)


def _kernel(shape: int, radii: Sequence[int]) -> tuple[core.TextureArea, int, list[list[int]]]:
    """Give what the core knows of all frequencies of some planes and a few more.

    Returns:
        That, their number, and by plane the indices of those that are coded.
    """
    radius = max(radii) | 3
    inside = [_inside(shape, radius, square) for square in _squares(radii)]
    return model.kernel(model.tables(), shape, radius), len(layout(shape, radius).u), inside


@lru_cache(maxsize=64)
def _inside(shape: int, radius: int, square: int) -> list[int]:
    """Give the indices of the frequencies of a layout within a squared radius."""
    return [place for place, each in enumerate(layout(shape, radius).radius) if each <= square]


def _squares(radii: Sequence[int]) -> tuple[int, ...]:
    return tuple(RADII[radius] ** 2 * 16 for radius in radii)


def _write_levels(writer: SymbolWriter, content: Content) -> None:
    import numpy as np  # noqa: PLC0415 - the compiled core needs none

    from promptcodec.layers.texture.dct.network import learn  # noqa: PLC0415

    steps, field = _start(content.shape, content.step)
    for plane, levels in enumerate(content.levels):
        area = region(content.shape, content.radii[plane])
        for start, end in area.halves:
            chances = _chances(field, area, plane, (start, end), steps)
            for level, (three, escapes) in zip(levels[start:end].tolist(), chances, strict=True):
                _write_level(writer, three, escapes, level)
            learn(field, area, plane, start, end, np.asarray(levels)[None, start:end])


def _read_levels(reader: BitReader, shape: int, step: int, radii: Sequence[int]) -> list[array[int]]:
    import numpy as np  # noqa: PLC0415

    from promptcodec.layers.texture.dct.network import learn  # noqa: PLC0415

    steps, field = _start(shape, step)
    planes = []
    for plane, radius in enumerate(radii):
        area = region(shape, radius)
        levels = array("i")
        for start, end in area.halves:
            chances = _chances(field, area, plane, (start, end), steps)
            levels.extend(_read_level(reader, three, escapes) for three, escapes in chances)
            learn(field, area, plane, start, end, np.array(levels[start:])[None])
        planes.append(levels)
    return planes


def _start(shape: int, step: int) -> tuple[Ints, Field]:
    """Give the step as the model takes it, and a field that knows nothing."""
    import numpy as np  # noqa: PLC0415

    from promptcodec.layers.texture.dct.network import Field  # noqa: PLC0415

    return np.array([step], np.int32), Field(region(shape, 0))


def _chances(
    field: Field, area: Region, plane: int, half: tuple[int, int], steps: Ints
) -> Iterator[tuple[list[int], list[int]]]:
    """Give the chances of the bits of each level of a half diagonal: of the three, of the exponent's."""
    from promptcodec.layers.texture.dct import network  # noqa: PLC0415

    tables = network.arrays(model.tables())
    seen = network.features(field, area, plane, *half, steps)
    three = tables.chances[network.logits(tables.nets[plane], seen)[0] + model.LOGIT_LIMIT]
    escapes = tables.escapes[network.escape_class(seen[0])]
    return zip(three.tolist(), escapes.tolist(), strict=True)


def write_header(writer: SymbolWriter, content: Content, kind: int) -> None:
    """Write all that stands before the levels."""
    tables = model.tables()
    writer.symbol(tables.shapes, content.shape)
    writer.symbol(tables.steps[kind], content.step)
    writer.bit(RESTORED, content.restored)
    context = content.step // (model.STEPS // model.STEP_CLASSES)
    for frequencies, radius in zip(tables.radii, content.radii, strict=True):
        writer.symbol(frequencies[context], radius)
        context = radius
    for plane, mean in enumerate(content.means):
        bounds, lowest = _mean_bounds(plane, content.step)
        writer.span(bounds, mean - lowest)


def _read_header(reader: BitReader, kind: int) -> tuple[int, int, bool, tuple[int, ...], tuple[int, ...]]:
    """Read shape, step, whether it is restored, radii and means."""
    tables = model.tables()
    shape = reader.symbol(tables.shapes)
    step = reader.symbol(tables.steps[kind])
    restored = bool(reader.bit(RESTORED))
    context = step // (model.STEPS // model.STEP_CLASSES)
    radii: list[int] = []
    for frequencies in tables.radii:
        context = reader.symbol(frequencies[context])
        radii.append(context)
    means: list[int] = []
    for plane in range(model.PLANES):
        bounds, lowest = _mean_bounds(plane, step)
        means.append(reader.span(bounds) + lowest)
    return shape, step, restored, tuple(radii), tuple(means)


@lru_cache(maxsize=model.PLANES * model.STEPS)
def _mean_bounds(plane: int, step: int) -> tuple[list[int], int]:
    """Give the bounds of the levels of a plane's mean, and the lowest level."""
    means = model.tables().means[plane]
    width = model.STEP[step]
    limit = model.MEAN_CELLS * model.MEAN_CELL // 2
    lowest = -((limit + width // 2) // width)
    starts = [0, *accumulate(means)]
    bounds = []
    for level in range(lowest, -lowest + 2):
        at = min(max(level * width - width // 2, -limit), limit) + limit
        cell = min(at // model.MEAN_CELL, model.MEAN_CELLS - 1)
        bounds.append(starts[cell] * model.MEAN_CELL + means[cell] * (at - cell * model.MEAN_CELL))
    return bounds, lowest


def _write_level(writer: SymbolWriter, three: list[int], escapes: list[int], level: int) -> None:
    size = abs(level)
    writer.bit(three[0], size > 0)
    if not size:
        return
    writer.bit(HALF, level < 0)
    writer.bit(three[1], size > 1)
    if size == 1:
        return
    writer.bit(three[2], size > 2)
    if size > 2:
        _write_escape(writer, escapes, size - 2)


def _read_level(reader: BitReader, three: list[int], escapes: list[int]) -> int:
    if not reader.bit(three[0]):
        return 0
    sign = -1 if reader.bit(HALF) else 1
    if not reader.bit(three[1]):
        return sign
    if not reader.bit(three[2]):
        return 2 * sign
    return sign * (2 + _read_escape(reader, escapes))


def _write_escape(writer: SymbolWriter, chances: list[int], rest: int) -> None:
    """Write a number from 1: whether its exponent goes on, then the bits below the highest."""
    exponent = rest.bit_length() - 1
    for index, chance in enumerate(chances[: exponent + 1]):
        writer.bit(chance, index < exponent)
    writer.bypass(exponent, rest)


def _read_escape(reader: BitReader, chances: list[int]) -> int:
    exponent = 0
    while exponent < model.ESCAPE_BITS and reader.bit(chances[exponent]):
        exponent += 1
    return 1 << exponent | reader.bypass(exponent)
