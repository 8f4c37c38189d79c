"""The texture layer's bytes: one range-coded stream, walked alike to write, read and weigh it.

The shape, the step, whether the decoder restores, how far each plane reaches, the means, the
levels. How long the part is tells which steps are likely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from promptcodec.entropy.symbols import HALF, Coder, Reader, Scale, Writer
from promptcodec.errors import BitstreamError
from promptcodec.layers.texture import model
from promptcodec.layers.texture.encoder.quantise import amplitudes
from promptcodec.layers.texture.frequencies import Ints, extent, log8, region

MAX_BYTES = 4096
# Chance that a picture is better restored, in 1/65536.
RESTORED = 63488


@dataclass(frozen=True, slots=True)
class Content:
    """What a part says.

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
        sizes: Ints = amplitudes(np.abs(levels)[None], plane, steps, model.tables().shifts)[0]
        planes[plane, area.v, area.u] = np.where(levels < 0, -sizes, sizes)
        planes[plane, 0, 0] = content.means[plane] * model.STEP[content.step]
    return planes


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
    writer = Writer()
    walk(writer, kind, content)
    data = writer.finish()
    # Zero bytes at the end mean nothing, but the length has to be of the class that was coded.
    while length_class(max(len(data), 1)) < kind or not data:
        data += b"\0"
    return data


def read(data: bytes) -> Content:
    """Read a part.

    Raises:
        BitstreamError: it is empty, too long, or nothing that write would have given.
    """
    if not 0 < len(data) <= MAX_BYTES:
        raise BitstreamError(f"a texture layer has 1 to {MAX_BYTES} bytes, not {len(data)}", len(data))
    kind = length_class(len(data))
    content = walk(Reader(data), kind)
    # One picture, one part: this also finds bytes behind the end.
    if write(content, kind) != data:
        raise BitstreamError("a texture layer is not what its own content is written as", len(data))
    return content


def walk(coder: Coder, kind: int, given: Content | None = None) -> Content:
    """Code a content, or read one where none is given.

    Args:
        coder: what codes the symbols.
        kind: the part's length class.
        given: what to write.
    """
    tables = model.tables()
    none = given is None
    content = given or Content(0, 0, False, (0, 0, 0), (0, 0, 0), ())
    shape, step, restored, radii, means = _walk_header(coder, kind, content)
    field, planes = None, []
    steps = np.array([step], np.int32)
    for plane in range(model.PLANES):
        area = region(shape, radii[plane])
        field = field or model.Field(area, 1)
        levels = np.zeros(area.at.size, np.int32) if none else content.levels[plane].copy()
        for start, end in area.halves:
            seen = model.features(field, area, plane, start, end, steps)
            chances = tables.chances[model.logits(tables.nets[plane], seen)[0] + model.LOGIT_LIMIT]
            classes = model.escape_class(seen[0])
            for index, (three, escape) in enumerate(
                zip(chances.tolist(), classes.tolist(), strict=True), start
            ):
                levels[index] = _level(coder, three, tables.escapes[escape], int(levels[index]))
            model.learn(field, area, plane, start, end, levels[None, start:end])
        planes.append(levels)
    return Content(shape, step, restored, radii, means, tuple(planes))


def header_bits(content: Content, kind: int) -> float:
    """Give the bits of all that stands before the levels."""
    scale = Scale()
    _walk_header(scale, kind, content)
    return scale.bits


def _walk_header(
    coder: Coder, kind: int, given: Content
) -> tuple[int, int, bool, tuple[int, ...], tuple[int, ...]]:
    tables = model.tables()
    shape = coder.symbol(tables.shapes.tolist(), given.shape)
    step = coder.symbol(tables.steps[kind].tolist(), given.step)
    restored = bool(coder.bit(RESTORED, given.restored))
    context = step // (model.STEPS // model.STEP_CLASSES)
    radii: tuple[int, ...] = ()
    for shares, radius in zip(tables.radii, given.radii, strict=True):
        context = coder.symbol(shares[context].tolist(), radius)
        radii += (context,)
    means: tuple[int, ...] = ()
    for plane, mean in enumerate(given.means):
        bounds, lowest = _mean_bounds(plane, step)
        means += (coder.span(bounds, mean - lowest) + lowest,)
    return shape, step, restored, radii, means


def _level(coder: Coder, chances: list[int], escapes: Ints, level: int) -> int:
    size = abs(level)
    if not coder.bit(chances[0], size > 0):
        return 0
    sign = coder.bit(HALF, level < 0)
    found = 1
    for chance in chances[1:]:
        if not coder.bit(chance, size > found):
            break
        found += 1
    if found == 3:
        rest = max(size - 2, 1)
        exponent = 0
        while exponent < model.ESCAPE_BITS and coder.bit(int(escapes[exponent]), rest >> (exponent + 1) > 0):
            exponent += 1
        value = 1
        for shift in range(exponent - 1, -1, -1):
            value = value << 1 | coder.bit(HALF, rest >> shift & 1)
        found = value + 2
    return -found if sign else found


def _mean_bounds(plane: int, step: int) -> tuple[list[int], int]:
    """Give the bounds of the levels of a plane's mean, and the lowest level."""
    tables = model.tables()
    width = model.STEP[step]
    limit = model.MEAN_CELLS * model.MEAN_CELL // 2
    lowest = -((limit + width // 2) // width)
    edges = np.arange(lowest, -lowest + 2) * width - width // 2
    at = np.clip(edges, -limit, limit) + limit
    starts = np.concatenate([[0], np.cumsum(tables.means[plane])])
    cell = np.minimum(at // model.MEAN_CELL, model.MEAN_CELLS - 1)
    bounds: list[int] = (
        starts[cell] * model.MEAN_CELL + tables.means[plane][cell] * (at - cell * model.MEAN_CELL)
    ).tolist()
    return bounds, lowest
