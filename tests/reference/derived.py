"""The colours of cells, read off the levels of a colour map in whole numbers."""

from __future__ import annotations

from functools import cache
from math import cos, pi, sqrt

import numpy as np

from . import learned
from .coder import Tables
from .palette import NAMES, PALETTE
from .texture import ColourMap, amplitudes

LIGHT = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (i / 255 for i in range(256))]
LIN = [round(65535 * v) for v in LIGHT]
RESPONSES = ((27015, 35149, 3372), (13887, 44611, 7038), (5787, 18463, 41286))
OKLAB = ((13792, 52011, -267), (129630, -159160, 29530), (1698, 51300, -52998))
APART = 290000000


def waves(n: int) -> np.ndarray:
    """n x n: the frequencies k at the places i, in 2^-14."""
    def entry(k: int, i: int) -> int:
        j = k * (2 * i + 1) % (4 * n)
        j = min(j, 4 * n - j)
        return quarter(n, j) if j <= n else -quarter(n, 2 * n - j)

    return np.array([[entry(k, i) if k else 16384 for i in range(n)] for k in range(n)], np.int64)


def quarter(n: int, j: int) -> int:
    """2^14 times the square root of two times a cosine, to the nearest."""
    return round(2 ** 14 * sqrt(2) * cos(pi * j / (2 * n)))


def cube_root(x: int) -> int:
    """The largest whole number whose cube is no more than x."""
    root = round(x ** (1 / 3))
    return next(r for r in (root + 1, root, root - 1) if r ** 3 <= x)


@cache
def oklab(colour: tuple[int, ...]) -> tuple[int, ...]:
    """Oklab of an sRGB colour, in 1/65536."""
    light = [LIN[v] for v in colour]
    roots = [cube_root(65536 * sum(a * b for a, b in zip(row, light))) for row in RESPONSES]
    return tuple(sum(a * b for a, b in zip(row, roots)) + 32768 >> 16 for row in OKLAB)


def distance(one: tuple[int, ...], two: tuple[int, ...]) -> int:
    """The squared distance of two Oklab colours."""
    return sum(weight * (a - b) ** 2 for weight, a, b in zip((4, 25, 25), one, two))


@cache
def name(lab: tuple[int, ...]) -> str:
    """The nearest name, the first of two as near."""
    return min(NAMES, key=lambda entry: distance(oklab(tuple(PALETTE[entry])), lab))


def mean(samples: np.ndarray) -> tuple[int, ...]:
    """The mean of samples, as Oklab."""
    flat = samples.reshape(-1, 3)
    return oklab(tuple((sum(channel) + len(flat) // 2) // len(flat) for channel in flat.T.tolist()))


def samples(content: ColourMap, rows: int, columns: int, tables: Tables) -> np.ndarray:
    """4 rows x 4 columns x 3 bytes, of a part of type 2."""
    high, wide = 4 * rows, 4 * columns
    coded = amplitudes(content, tables)[:, :high, :wide].astype(np.int64)
    across = coded @ waves(wide) + 8192 >> 14
    a, b, c = waves(high).T @ across + 8192 >> 14
    channels = (9459 * a + 11585 * b + 6689 * c, 9459 * a - 13377 * c, 9459 * a - 11585 * b + 6689 * c)
    return np.stack([np.clip((x + 8192 >> 14) + 8160 + 32 >> 6, 0, 255) for x in channels], -1)


def colours(content: ColourMap | learned.Levels, rows: int, columns: int, tables: Tables) -> list[str]:
    """The colours of each cell of a grid, as the canonical text has them."""
    draw = learned.samples if isinstance(content, learned.Levels) else samples
    picture, result = draw(content, rows, columns, tables), []
    for i in range(rows * columns):
        y, x = 4 * (i // columns), 4 * (i % columns)
        cell = picture[y:y + 4, x:x + 4]
        pairs = {"over": (mean(cell[:2]), mean(cell[2:])), "beside": (mean(cell[:, :2]), mean(cell[:, 2:]))}
        word = max(pairs, key=lambda key: distance(*pairs[key]))
        one, two = map(name, pairs[word])
        result.append(f"{one} {word} {two}" if distance(*pairs[word]) >= APART and one != two else name(mean(cell)))
    return result
