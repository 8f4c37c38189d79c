"""Which frequencies of a picture are coded, and in which order.

Frequencies are measured from zero in the same unit along both sides of a picture of a given
aspect ratio, so that all within a radius are equally fine. They are coded by diagonals ``u + v``;
of each diagonal first those of even ``v``, then the others, which then know both neighbours on
their own diagonal. All of one half diagonal can be computed at once.
"""

from __future__ import annotations

import functools
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Ints: TypeAlias = "npt.NDArray[np.int32]"
Indices: TypeAlias = "npt.NDArray[np.intp]"

SHAPES = 25
RADII = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 23, 26, 30, 34, 40, 46, 54, 64)
PAD = 4
PLACE = 8

# Where known magnitudes are looked for, as (du, dv): coded before, on the same diagonal, and in
# planes coded before.
NEAR = (
    (-1, 0), (0, -1),
    (-2, 1), (1, -2),
    (-2, 0), (-1, -1), (0, -2), (-3, 1), (1, -3),
    (-3, 0), (-2, -1), (-1, -2), (0, -3),
    (-4, 0), (-2, -2), (0, -4),
)  # fmt: skip
BESIDE = ((-1, 1), (1, -1), (-3, 3), (3, -3))
ACROSS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1))


def log8(number: int) -> int:
    """Give eight times the binary logarithm of a whole number from 1, rounded down, exactly."""
    return int(number**8).bit_length() - 1


_ROOTS = (65536, 77936, 92682, 110218)


def stretch(shape: int) -> tuple[int, int]:
    """Give the squares of what u and v are multiplied by in a shape, in 1/65536.

    A shape is 12 + 4 * log2(width / height), rounded and within 0..24.
    """

    def power(quarter: int) -> int:
        shift = quarter // 4
        root = _ROOTS[quarter % 4]
        return root << shift if shift >= 0 else root >> -shift

    return power(12 - shape), power(shape - 12)


class Layout(NamedTuple):
    """The frequencies within a radius, in coding order, without numpy.

    Attributes:
        across, down: how many u and v there are at most.
        u, v: of each.
        radius: of each the squared distance from zero in 1/16.
        place: of each PLACE features of position; the first is for the step.
    """

    across: int
    down: int
    u: array[int]
    v: array[int]
    radius: array[int]
    place: array[int]

    @property
    def cells(self) -> int:
        """Count the cells of a padded plane."""
        return (self.across + 2 * PAD) * (self.down + 2 * PAD)

    @property
    def at(self) -> array[int]:
        """Give the index of each frequency into a padded plane."""
        row = self.across + 2 * PAD
        return array("i", [(v + PAD) * row + u + PAD for u, v in zip(self.u, self.v, strict=True)])

    @property
    def offsets(self) -> tuple[array[int], ...]:
        """Give the offsets of NEAR, BESIDE and ACROSS in a padded plane."""
        row = self.across + 2 * PAD
        return tuple(array("i", [dv * row + du for du, dv in each]) for each in (NEAR, BESIDE, ACROSS))


@dataclass(frozen=True, slots=True)
class Region:
    """A layout as numpy indexes it.

    Attributes:
        across, down: how many u and v there are at most.
        at: ``(n,)`` index of each frequency into a padded plane.
        u, v: ``(n,)`` each.
        place: ``(n, PLACE)`` features of position; column 0 is for the step.
        diagonal: ``(n,)`` u + v.
        halves: start and end of each half diagonal in the arrays.
        offsets: near, beside and across offsets into a padded plane.
        radius: ``(n,)`` the squared distance from zero in 1/16.
    """

    across: int
    down: int
    at: Indices
    u: Indices
    v: Indices
    place: Ints
    diagonal: Indices
    halves: tuple[tuple[int, int], ...]
    offsets: tuple[Indices, ...]
    radius: Ints

    @property
    def cells(self) -> int:
        """Count the cells of a padded plane."""
        return (self.across + 2 * PAD) * (self.down + 2 * PAD)


def extent(shape: int) -> tuple[int, int]:
    """Give how many u and v lie within the largest radius."""
    wide, high = stretch(shape)
    limit = RADII[-1] ** 2 * 16
    return (
        next(u for u in range(4096) if (u * u * wide >> 12) > limit),
        next(v for v in range(4096) if (v * v * high >> 12) > limit),
    )


@functools.lru_cache(maxsize=256)  # a collection has some two hundred
def layout(shape: int, radius: int) -> Layout:
    """Lay out the frequencies of a shape within ``RADII[radius]``, without the mean."""
    wide, high = stretch(shape)
    across, down = extent(shape)
    limit = RADII[radius] ** 2 * 16
    from_side, from_top = (
        [u * u * wide >> 12 for u in range(across)],
        [v * v * high >> 12 for v in range(down)],
    )
    order = sorted(
        (u + v, v & 1, v, u, top + side)
        for v, top in enumerate(from_top)
        for u, side in enumerate(from_side)
        if top + side <= limit and (u or v)
    )
    sides, tops = [_distance(side) for side in from_side], [_distance(top) for top in from_top]
    place = array("i")
    for _, odd, v, u, square in order:
        flags = 32 * (not u), 32 * (not v), 32 * odd, 32
        place.extend((0, sides[u], tops[v], _distance(square), *flags))
    us, vs, squares = (array("i", [each[column] for each in order]) for column in (3, 2, 4))
    return Layout(across, down, us, vs, squares, place)


def _distance(square: int) -> int:
    return log8(16 + square) - 32


@functools.lru_cache(maxsize=64)
def region(shape: int, radius: int) -> Region:
    """Give ``layout`` for numpy."""
    import numpy as np  # noqa: PLC0415 - the compiled core reads without it

    area = layout(shape, radius)
    u, v = np.array(area.u, np.intp), np.array(area.v, np.intp)
    starts = np.flatnonzero(np.diff(2 * (u + v) + (v & 1), prepend=-1)).tolist()
    return Region(
        area.across, area.down, np.array(area.at, np.intp), u, v,
        np.array(area.place, np.int32).reshape(-1, PLACE), u + v,
        tuple(zip(starts, [*starts[1:], u.size], strict=False)),
        tuple(np.array(each, np.intp) for each in area.offsets), np.array(area.radius, np.int32),
    )  # fmt: skip
