"""Which frequencies of a picture are coded, and in which order.

Frequencies are measured from zero in the same unit along both sides of a picture of a given
aspect ratio, so that all within a radius are equally fine. They are coded by diagonals ``u + v``;
of each diagonal first those of even ``v``, then the others, which then know both neighbours on
their own diagonal. All of one half diagonal can be computed at once.
"""

from __future__ import annotations

import functools
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
    limit = RADII[radius] ** 2 * 16
    inside = []
    for v in range(down):
        far = v * v * high >> 12
        if far > limit:
            break
        for u in range(across):
            square = (u * u * wide >> 12) + far
            if square > limit:
                break
            if u or v:
                inside.append((u + v, v & 1, v, u, square))
    inside.sort()
    row = across + 2 * PAD
    place = np.zeros((len(inside), PLACE), np.int32)
    bounds = [0]
    for index, (diagonal, odd, v, u, square) in enumerate(inside):
        place[index, 1:] = (
            log8(16 + (u * u * wide >> 12)) - 32,
            log8(16 + (v * v * high >> 12)) - 32,
            log8(16 + square) - 32,
            32 * (u == 0),
            32 * (v == 0),
            32 * odd,
            32,
        )
        if index and (diagonal, odd) != inside[index - 1][:2]:
            bounds.append(index)
    halves = tuple(zip(bounds, [*bounds[1:], len(inside)], strict=True)) if inside else ()
    columns = np.array(inside, np.intp).reshape(-1, 5)
    offsets = tuple(np.array([dv * row + du for du, dv in each], np.intp) for each in (NEAR, BESIDE, ACROSS))
    return Region(
        across, down, (columns[:, 2] + PAD) * row + columns[:, 3] + PAD, columns[:, 3], columns[:, 2],
        place, columns[:, 0], halves, offsets, columns[:, 4].astype(np.int32),
    )  # fmt: skip
