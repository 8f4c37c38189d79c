"""The model of quantised picture frequencies: which whole number stands where, and how likely.

A small network of whole numbers looks at the magnitudes coded so far around a frequency, at the
other planes there, and at where it is; it gives the chances of three bits: is the level other
than zero, is it more than one, is it more than two. Everything that decides a bit is integer
arithmetic on the table ``texture-1``; the layout of features and table is docs/format.md.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec import models
from promptcodec.layers.texture.frequencies import (
    ACROSS,
    BESIDE,
    NEAR,
    PLACE,
    RADII,
    SHAPES,
    Ints,
    Region,
    log8,
    region,
)
from promptcodec.native import core

Array = npt.NDArray[np.generic]

PLANES = 3
STEPS = 48
LENGTHS = 24
STEP_CLASSES = 12
ESCAPE_CLASSES, ESCAPE_BITS = 3, 8
HIDDEN = (32, 16)
LOGIT_ONE, LOGIT_LIMIT = 256, 2559
MEAN_CELLS, MEAN_CELL = 64, 512
# Quantiser steps in 1/64 of a pixel level: the eighth root of 2**(40 + index), rounded down.
STEP = tuple(math.isqrt(math.isqrt(math.isqrt(1 << 40 + index))) for index in range(STEPS))

FEATURES = tuple(PLACE + 2 + len(NEAR) + len(BESIDE) + plane * (len(ACROSS) + 1) for plane in range(PLANES))


# Magnitudes enter the network as four times log8(1 + level); larger levels count as 255.
MAGNITUDE = np.array([2 * log8(1 + level) for level in range(256)], np.int32)


class Field:
    """The magnitudes known so far, of several codings of a picture at once.

    Attributes:
        planes: ``(PLANES, many, cells)`` of MAGNITUDE, with PAD cells of zero all around.
        sums: ``(PLANES, many, diagonals + 1)`` running sums over diagonals; entry d + 1 is up to d.
    """

    def __init__(self, area: Region, many: int = 1) -> None:
        self.planes = np.zeros((PLANES, many, area.cells), np.int32)
        self.sums = np.zeros((PLANES, many, area.across + area.down + 1), np.int32)


def features(field: Field, area: Region, plane: int, start: int, end: int, steps: Ints) -> Ints:
    """Give what the network looks at, for frequencies start..end-1 of one half diagonal.

    Args:
        field: everything coded before.
        area: the frequencies.
        plane: 0..2.
        start: first index.
        end: one behind the last.
        steps: ``(many,)`` step indices.

    Returns:
        ``(many, end - start, FEATURES[plane])``.
    """
    many = steps.size
    at = area.at[start:end]
    result = np.empty((many, end - start, FEATURES[plane]), np.int32)
    result[..., :PLACE] = area.place[start:end]
    result[..., 0] = 2 * steps[:, None]
    odd = area.place[start, 6]
    d = int(area.diagonal[start])
    own = field.sums[plane]
    for index, back in enumerate((3, 8)):
        reach = min(d, back)
        result[..., PLACE + index] = (4 * (own[:, d] - own[:, d - reach]) // (reach * d))[:, None]
    column = PLACE + 2
    known = field.planes[plane]
    near, beside, across = area.offsets
    result[..., column : column + len(NEAR)] = known[:, at[:, None] + near]
    column += len(NEAR)
    result[..., column : column + len(BESIDE)] = known[:, at[:, None] + beside] if odd else 0
    column += len(BESIDE)
    for other in range(plane):
        seen = field.planes[other][:, at[:, None] + across]
        result[..., column : column + len(ACROSS)] = seen
        column += len(ACROSS)
        result[..., column] = seen.sum(-1) // 8
        column += 1
    return result


def learn(field: Field, area: Region, plane: int, start: int, end: int, levels: Ints) -> None:
    """Enter the levels ``(many, end - start)`` of a half diagonal into the field."""
    magnitudes = MAGNITUDE[np.minimum(np.abs(levels), 255)]
    field.planes[plane][:, area.at[start:end]] = magnitudes
    d = int(area.diagonal[start])
    total = magnitudes.sum(-1)
    if not area.place[start, 6]:
        field.sums[plane][:, d + 1] = field.sums[plane][:, d] + total
    elif start and area.diagonal[start - 1] == d:
        field.sums[plane][:, d + 1] += total
    else:
        field.sums[plane][:, d + 1] = field.sums[plane][:, d] + total


def escape_class(seen: Ints) -> Ints:
    """Give 0, 1 or 2 by the larger of the two nearest magnitudes, from features ``(..., n)``."""
    nearest = seen[..., PLACE + 2 : PLACE + 4].max(-1)
    return np.asarray((nearest >= 32).astype(np.int32) + (nearest >= 54), np.int32)


def amplitudes(sizes: Ints, plane: int, steps: Ints, shifts: Ints) -> Ints:
    """Give what magnitudes ``(..., many, n)`` stand for, in 1/64 of a pixel level."""
    shift = np.concatenate([[0], shifts[plane]])[np.minimum(sizes, 3)]
    step = np.array(STEP, np.int32)[steps][:, None]
    return np.asarray((64 * sizes - shift) * step >> 6, np.int32)


@dataclass(frozen=True, slots=True)
class Net:
    """Weights of one plane's network: three layers of weights and biases, 1/32 per input unit."""

    weights: tuple[Ints, Ints, Ints]
    biases: tuple[Ints, Ints, Ints]


def logits(net: Net, seen: Ints) -> Ints:
    """Give three logits in 1/LOGIT_ONE for each row of features: ``(..., 3)``."""
    hidden = seen
    for weights, bias in zip(net.weights[:2], net.biases[:2], strict=True):
        # np.clip does the same, and takes most of the time here for its checks.
        hidden = np.minimum(np.maximum((hidden @ weights + bias) >> 6, 0), 1023)
    last = (hidden @ net.weights[2] + net.biases[2]) >> 3
    return np.asarray(np.minimum(np.maximum(last, -LOGIT_LIMIT), LOGIT_LIMIT), np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What ``texture-1`` holds; a table is only equal to itself.

    Attributes:
        chances: ``(2 * LOGIT_LIMIT + 1,)`` chance of a 1 in 1/65536 by logit.
        nets: one a plane.
        means: ``(PLANES, MEAN_CELLS)`` chances that a plane's mean lies in each cell, in 1/65536.
        shapes, steps, radii: frequencies of the header's symbols.
        escapes: ``(ESCAPE_CLASSES, ESCAPE_BITS)`` chances of a further exponent bit.
        shifts: ``(PLANES, 3)`` reconstruction of levels 1, 2 and more: towards zero, 1/64 step.
    """

    chances: Ints
    nets: tuple[Net, ...]
    means: Ints
    shapes: Ints
    steps: Ints
    radii: tuple[Ints, ...]
    escapes: Ints
    shifts: Ints


_SHAPES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("chances", (LOGIT_LIMIT // 16 + 2,)),
    ("means", (PLANES, MEAN_CELLS)),
    ("shapes", (SHAPES,)),
    ("steps", (LENGTHS, STEPS)),
    ("radii0", (STEP_CLASSES, len(RADII))),
    ("radii1", (len(RADII), len(RADII))),
    ("radii2", (len(RADII), len(RADII))),
    ("escapes", (ESCAPE_CLASSES, ESCAPE_BITS)),
    ("shifts", (PLANES, 3)),
)


def unpack(data: bytes) -> Tables:
    """Read a table file's content."""
    at = 0

    def take(shape: tuple[int, ...], kind: str) -> Ints:
        nonlocal at
        count = int(np.prod(shape))
        part = np.frombuffer(data, np.dtype(kind), count, at)
        at += part.nbytes
        return part.astype(np.int32).reshape(shape)

    wide = {"chances": "<u2", "means": "<u2", "escapes": "<u2", "shifts": "i1"}
    read = {name: take(shape, wide.get(name, "u1")) for name, shape in _SHAPES}
    nets = []
    for count in FEATURES:
        sizes = (count, *HIDDEN, 3)
        weights, biases = [], []
        for inputs, outputs in itertools.pairwise(sizes):
            weights.append(take((inputs, outputs), "i1"))
            biases.append(take((outputs,), "<i2"))
        nets.append(Net((weights[0], weights[1], weights[2]), (biases[0], biases[1], biases[2])))
    # Between the entries, a sixteenth of a logit apart, chances lie on straight lines.
    logit = np.arange(LOGIT_LIMIT + 1)
    knots = read["chances"]
    half = knots[logit // 16] + ((knots[logit // 16 + 1] - knots[logit // 16]) * (logit % 16) >> 4)
    chances = np.concatenate([65536 - half[:0:-1], half]).astype(np.int32)
    return Tables(
        chances, tuple(nets), read["means"], read["shapes"], read["steps"],
        (read["radii0"], read["radii1"], read["radii2"]), read["escapes"], read["shifts"],
    )  # fmt: skip


@functools.lru_cache(maxsize=8)
def kernel(known: Tables, shape: int) -> core.TextureArea:
    """Give what the compiled core knows of the frequencies of a shape."""
    area = region(shape, len(RADII) - 1)
    columns = np.stack([area.at, area.diagonal, area.radius]).astype(np.int32)
    biases = np.stack([net.biases[0] for net in known.nets])
    offsets = np.concatenate(area.offsets).astype(np.int32)
    return core.TextureArea(_numbers(known), area.at.size, area.cells, columns, area.place, offsets, biases)


@functools.lru_cache(maxsize=2)
def _numbers(known: Tables) -> core.TextureTables:
    shifts = np.pad(known.shifts, ((0, 0), (1, 0)))
    parts = [known.chances, known.escapes, shifts, MAGNITUDE]
    for net in known.nets:
        parts += [net.weights[0], net.weights[1], net.biases[1], net.weights[2], net.biases[2]]
    return core.TextureTables(np.concatenate([part.ravel() for part in parts], dtype=np.int32))


def pack(parts: dict[str, Array], nets: list[list[Array]]) -> bytes:
    """Write a table file's content: what ``unpack`` reads, nets as weights and biases in turn."""
    wide = {"chances": "<u2", "means": "<u2", "escapes": "<u2", "shifts": "i1"}
    data = b"".join(np.asarray(parts[name]).astype(wide.get(name, "u1")).tobytes() for name, _ in _SHAPES)
    for net in nets:
        for index, array in enumerate(net):
            data += np.asarray(array).astype("<i2" if index % 2 else "i1").tobytes()
    return data


@functools.cache
def tables() -> Tables:
    """Give the shipped tables."""
    return unpack(models.load("texture-1"))
