"""What the model of quantised picture frequencies knows: the table ``texture-1``, also as the core reads it.

The network itself, as the Python that is the core's reference, is in ``network``; the layout of the table is
docs/format.md.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from promptcodec import models
from promptcodec.layers.texture.dct.frequencies import (
    ACROSS,
    BESIDE,
    NEAR,
    PLACE,
    RADII,
    SHAPES,
    layout,
    log8,
)
from promptcodec.native import core

Number: TypeAlias = Any
Rows: TypeAlias = "tuple[array[int], ...]"

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
MAGNITUDE = array("i", [2 * log8(1 + level) for level in range(256)])


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What ``texture-1`` holds; a table is only equal to itself.

    Attributes:
        chances: ``2 * LOGIT_LIMIT + 1`` chances of a 1 in 1/65536 by logit.
        nets: one a plane: three layers of weights and biases in turn, 1/32 per input unit.
        means: by plane MEAN_CELLS chances that its mean lies in each cell, in 1/65536.
        shapes, steps, radii: frequencies of the header's symbols.
        escapes: ESCAPE_CLASSES rows of ESCAPE_BITS chances of a further exponent bit.
        shifts: by plane the reconstruction of levels 1, 2 and more: towards zero, 1/64 step.
    """

    chances: array[int]
    nets: tuple[tuple[array[int], ...], ...]
    means: Rows
    shapes: array[int]
    steps: Rows
    radii: tuple[Rows, ...]
    escapes: array[int]
    shifts: Rows


# Rows, columns and kind of each part.
PARTS: dict[str, tuple[int, int, str]] = {
    "chances": (1, LOGIT_LIMIT // 16 + 2, "H"),
    "means": (PLANES, MEAN_CELLS, "H"),
    "shapes": (1, SHAPES, "B"),
    "steps": (LENGTHS, STEPS, "B"),
    "radii0": (STEP_CLASSES, len(RADII), "B"),
    "radii1": (len(RADII), len(RADII), "B"),
    "radii2": (len(RADII), len(RADII), "B"),
    "escapes": (ESCAPE_CLASSES, ESCAPE_BITS, "H"),
    "shifts": (PLANES, 3, "b"),
}


def unpack(data: bytes) -> Tables:
    """Read a table file's content."""
    at = 0

    def take(count: int, kind: str) -> array[int]:
        nonlocal at
        form = struct.Struct(f"<{count}{kind}")
        part = array("i", form.unpack_from(data, at))
        at += form.size
        return part

    read = {name: take(rows * columns, kind) for name, (rows, columns, kind) in PARTS.items()}
    nets = []
    for count in FEATURES:
        layers = itertools.pairwise((count, *HIDDEN, 3))
        nets.append(tuple(take(n, kind) for i, o in layers for n, kind in ((i * o, "b"), (o, "h"))))

    def rows(name: str) -> Rows:
        part, columns = read[name], PARTS[name][1]
        return tuple(part[start : start + columns] for start in range(0, len(part), columns))

    # Between the entries, a sixteenth of a logit apart, chances lie on straight lines.
    half = [
        low + ((high - low) * part >> 4)
        for low, high in itertools.pairwise(read["chances"])
        for part in range(16)
    ][: LOGIT_LIMIT + 1]
    chances = array("i", [*(65536 - chance for chance in half[:0:-1]), *half])
    return Tables(
        chances, tuple(nets), rows("means"), read["shapes"], rows("steps"),
        (rows("radii0"), rows("radii1"), rows("radii2")), read["escapes"], rows("shifts"),
    )  # fmt: skip


def amplitude(size: Number, shift: Number, step: Number) -> Number:
    """Give what a magnitude stands for, in 1/64 of a pixel level: whole numbers, or arrays of such."""
    return (64 * size - shift) * step >> 6


@functools.lru_cache(maxsize=16)
def kernel(known: Tables, shape: int, radius: int = len(RADII) - 1) -> core.TextureArea:
    """Give what the compiled core knows of the frequencies of a shape within ``RADII[radius]``."""
    area = layout(shape, radius)
    diagonal = array("i", map(operator.add, area.u, area.v))
    biases = _joined(net[1] for net in known.nets)
    columns, offsets = _joined([area.at, diagonal, area.radius]), _joined(area.offsets)
    return core.TextureArea(_numbers(known), len(area.u), area.cells, columns, area.place, offsets, biases)


@functools.lru_cache(maxsize=2)
def _numbers(known: Tables) -> core.TextureTables:
    parts = [known.chances, known.escapes]
    parts += [array("i", [0, *shifts]) for shifts in known.shifts]
    parts.append(MAGNITUDE)
    for weights, _, *others in known.nets:  # the first biases go into what each place adds
        parts += [weights, *others]
    return core.TextureTables(_joined(parts))


def _joined(parts: Iterable[array[int]]) -> array[int]:
    return functools.reduce(operator.iadd, parts, array("i"))


@functools.cache
def tables() -> Tables:
    """Give the shipped tables."""
    return unpack(models.load("texture-1"))
