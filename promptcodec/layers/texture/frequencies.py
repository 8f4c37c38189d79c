"""Which frequencies of a picture are coded, and in which order.

Frequencies are measured from zero in the same unit along both sides of a picture of a given
aspect ratio, so that all within a radius are equally fine. They are coded by diagonals ``u + v``;
of each diagonal first those of even ``v``, then the others, which then know both neighbours on
their own diagonal. All of one half diagonal can be computed at once.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Indices = npt.NDArray[np.intp]

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


@functools.cache
def _least() -> Indices:
    """Give the least whole number of each value of ``log8`` from 0 that a region has."""
    roots = [math.isqrt(math.isqrt(math.isqrt(1 << value))) for value in range(136)]
    return np.array([root + (root**8 < 1 << value) for value, root in enumerate(roots)], np.intp)


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


@dataclass(frozen=True, slots=True)
class Region:
    """The frequencies within a radius, in coding order.

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


@functools.lru_cache(maxsize=64)
def region(shape: int, radius: int) -> Region:
    """Lay out the frequencies of a shape within ``RADII[radius]``, without the mean."""
    wide, high = stretch(shape)
    across, down = extent(shape)
    v, u = np.divmod(np.arange(1, across * down), across)
    from_side, from_top = u * u * wide >> 12, v * v * high >> 12
    square = from_side + from_top
    inside = np.flatnonzero(square <= RADII[radius] ** 2 * 16)
    order = inside[np.lexsort((u[inside], v[inside], v[inside] & 1, u[inside] + v[inside]))]
    u, v, square = u[order], v[order], square[order]
    diagonal, odd = u + v, v & 1
    distances = [
        np.searchsorted(_least(), 16 + each, side="right") - 33
        for each in (from_side[order], from_top[order], square)
    ]
    flags = [32 * (u == 0), 32 * (v == 0), 32 * odd, np.full_like(u, 32)]
    place = np.stack([np.zeros_like(u), *distances, *flags], 1).astype(np.int32)
    starts = np.flatnonzero(np.diff(2 * diagonal + odd, prepend=-1)).tolist()
    row = across + 2 * PAD
    offsets = tuple(np.array([dv * row + du for du, dv in each], np.intp) for each in (NEAR, BESIDE, ACROSS))
    return Region(
        across, down, (v + PAD) * row + u + PAD, u, v, place, diagonal,
        tuple(zip(starts, [*starts[1:], u.size], strict=False)), offsets, square.astype(np.int32),
    )  # fmt: skip
