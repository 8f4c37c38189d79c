"""What levels show at a few places, in whole numbers: see "Coder 1" in docs/format.md.

The synthesis runs in floats and stays out: a linear guess at it, COARSE samples a place down and across, is
a part of the table. Nothing here depends on the size of the picture.
"""

from __future__ import annotations

import functools
import operator
import struct
from collections.abc import Sequence
from typing import TypeAlias

from promptcodec.layers.texture.coders import SAMPLES, Colour
from promptcodec.layers.texture.learned.model import COARSE, LATENTS, STEP_UNIT, Tables, tables
from promptcodec.layers.texture.learned.stream import Content

POINTS = 4
"""Points down and across whose mean is a sample."""

Line: TypeAlias = "Sequence[int]"

_UNIT = 16
_WIDE = 3 * COARSE
_VALUES = COARSE * _WIDE
# From products of amplitudes and shares, in 1/4096 of 1/STEP_UNIT, to 1/16 of a pixel level.
_SHIFT = (4096 * STEP_UNIT // _UNIT).bit_length() - 1
# Values of a place in one number: sums of them stay below _OFFSET, with either sign.
_FIELDS, _OFFSET = struct.Struct(f"<{_VALUES}Q"), 1 << 62
_OFFSETS = int.from_bytes(_FIELDS.pack(*[_OFFSET] * _VALUES), "little")
_AROUND = tuple((r, c) for r in (-1, 0, 1) for c in (-1, 0, 1))


def sampled(content: Content, rows: int, cols: int) -> list[list[Colour]]:
    """Draw a content at SAMPLES places a cell.

    Returns:
        ``rows * SAMPLES`` lines of ``cols * SAMPLES`` sRGB colours.
    """
    levels: Sequence[Sequence[Line]] = content.levels.tolist()  # type: ignore[assignment]
    picture = coarse(tables(), levels, content.quality)
    down = weights(len(picture), rows * SAMPLES)
    across = weights(len(picture[0]) // 3, cols * SAMPLES)
    planes = []
    for colour in range(3):
        narrow = [_resampled(line[colour::3], across) for line in picture]
        planes.append([_resampled(column, down) for column in zip(*narrow, strict=True)])
    total = _UNIT * (2 * POINTS * POINTS * SAMPLES) ** 2 * rows * cols
    by_column = (zip(*colours, strict=True) for colours in zip(*planes, strict=True))
    columns = [[_colour(values, total) for values in column] for column in by_column]
    return [list(line) for line in zip(*columns, strict=True)]


def coarse(known: Tables, levels: Sequence[Sequence[Line]], quality: int) -> list[list[int]]:
    """Draw coarsely.

    Args:
        known: the tables.
        levels: ``(rows, columns, LATENTS)``.
        quality: 0..QUALITIES - 1.

    Returns:
        ``COARSE * rows`` lines of ``COARSE * columns`` times red, green, blue, in 1/16 of a pixel level.
    """
    rows, columns, step = len(levels), len(levels[0]), known.steps[quality]
    ground, shares = _table(known)
    sums = [[ground] * columns for _ in range(rows)]
    for row, line in enumerate(levels):
        for column, own in enumerate(line):
            shown = [(channel, level * step) for channel, level in enumerate(own) if level]
            for (down, across), by_channel in zip(_AROUND, shares, strict=True):
                if 0 <= row - down < rows and 0 <= column - across < columns:
                    more = sum(amplitude * by_channel[channel] for channel, amplitude in shown)
                    sums[row - down][column - across] += more
    values = [list(map(_unpacked, places)) for places in sums]
    return [
        [value for place in places for value in place[start : start + _WIDE]]
        for places in values
        for start in range(0, _VALUES, _WIDE)
    ]


@functools.lru_cache(maxsize=2)
def _table(known: Tables) -> tuple[int, list[list[int]]]:
    """Give what is shown of no levels, rounding included, and by place around and channel the shares."""
    ground = _packed([(value << _SHIFT) + (1 << (_SHIFT - 1)) for value in known.ground])
    shares = [
        _packed(known.coarse[start : start + _VALUES]) for start in range(0, len(known.coarse), _VALUES)
    ]
    return ground, [shares[start : start + LATENTS] for start in range(0, len(shares), LATENTS)]


def _packed(values: Line) -> int:
    """Put the values of a place into one number: whole numbers of any length are added and scaled at once."""
    return int.from_bytes(_FIELDS.pack(*(value + _OFFSET for value in values)), "little") - _OFFSETS


def _unpacked(number: int) -> list[int]:
    """Give the values of a place in 1/16 of a pixel level."""
    fields = _FIELDS.unpack((number + _OFFSETS).to_bytes(_FIELDS.size, "little"))
    return [value - _OFFSET >> _SHIFT for value in fields]


@functools.cache
def weights(count: int, wanted: int) -> list[tuple[int, list[int]]]:
    """Say what each of ``count`` values in a line adds to each of ``wanted``.

    A wanted value is the sum of POINTS points at equal distances, each on the straight line between the two
    values nearest to it, or at the first or last value where it lies outside.

    Returns:
        For each the first value that counts, and the weights from there.
    """
    points = wanted * POINTS
    table = [[0] * count for _ in range(wanted)]
    for point in range(points):
        low, part = divmod((2 * point + 1) * count - points, 2 * points)
        shares = table[point // POINTS]
        shares[max(low, 0)] += 2 * points - part
        shares[min(low + 1, count - 1)] += part
    ends = [[at for at, share in enumerate(shares) if share] for shares in table]
    return [(at[0], shares[at[0] : at[-1] + 1]) for at, shares in zip(ends, table, strict=True)]


def _resampled(values: Line, table: list[tuple[int, list[int]]]) -> list[int]:
    return [sum(map(operator.mul, shares, values[start : start + len(shares)])) for start, shares in table]


def _colour(values: Line, total: int) -> Colour:
    red, green, blue = (min(max((2 * value + total) // (2 * total), 0), 255) for value in values)
    return red, green, blue
