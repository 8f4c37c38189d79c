"""Look for the levels that fit into the bytes: grid, quality, levels and price.

Levels are chosen with a price on every bit, drawn, and aimed at again from where the error slopes down.

Source: J. Campos, S. Meierhans, A. Djelouah and C. Schroers, "Content adaptive optimization for neural image
compression", 2019.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.layers.texture import choice, transform
from promptcodec.layers.texture.learned import model, synthesis
from promptcodec.layers.texture.learned.encoder import nets, quantise
from promptcodec.layers.texture.learned.grids import AREAS, CELL, grid
from promptcodec.layers.texture.learned.stream import Content, header_bits

Floats = npt.NDArray[np.float32]

# Squared steps that a bit is worth.
PRICE = 0.08
# How much of the last aim is kept, how far the next goes down the slope, and levels that it goes at most.
KEPT, SLOPE, FURTHEST = 0.3, 0.8, 2.0
# Bytes at which the size class is 0, and classes for twice as many.
FIRST_BYTES, CLASSES = 15.3, 1.55
# Qualities for half the bits.
HALF = 9.4
# Qualities tried for one aim.
LOOKS = 6
# Prices tried until the bytes are full, and bits that may stay empty.
FILLING, EMPTY = 8, 4
# How prices go with bits at first: to which power.
STEEP = 4.0
# What a squared 1/ONE_LEVEL of error counts: prices are whole numbers.
_UNIT = 1 << 12
# How much more the mean colour of a place counts than what is finer, which squared error alone favours.
MEANS = 4


class Effort(NamedTuple):
    """How hard to look.

    Attributes:
        sizes: size classes tried.
        turns: how often levels are drawn and aimed at again.
    """

    sizes: int
    turns: int


EFFORTS = (
    Effort(1, 0),
    Effort(1, 1),
    Effort(1, 1),
    Effort(1, 2),
    Effort(2, 2),
    Effort(2, 3),
    Effort(3, 3),
    Effort(3, 5),
    Effort(5, 8),
)


def trials(image: Image.Image, shape: int, budget: int, kind: int, effort: Effort) -> list[Content]:
    """Give contents that should fit, the best first.

    Args:
        image: RGB.
        shape: its shape.
        budget: bytes.
        kind: their length class.
        effort: how hard to look.
    """
    at = CLASSES * math.log2(max(budget, 1) / FIRST_BYTES)
    sizes = sorted(range(len(AREAS)), key=lambda size: abs(size - at))[: effort.sizes]
    contents = [fitted(image, shape, size, 8 * budget, kind, effort) for size in sizes]
    fitting = [content for content in contents if content]
    if len(fitting) > 1:
        small = choice.reduced(image)
        truth = np.asarray(small, np.float32)
        fitting.sort(key=lambda content: choice.error(picture(content, small.size), truth))
    return fitting


def picture(content: Content, size: tuple[int, int]) -> Image.Image:
    """Draw a content as ``learned.draw``, the same on both cores."""
    (drawn,) = synthesis.by_runtime(np.asarray(content.levels)[None], content.quality)
    return transform.rounded(drawn.transpose(2, 0, 1)).resize(size, Image.Resampling.LANCZOS)


def canvas(image: Image.Image, rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Give a picture as the pixels of a grid: ``(CELL * rows, CELL * columns, 3)``."""
    size = CELL * columns, CELL * rows
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=4))


def fitted(
    image: Image.Image, shape: int, size: int, room: float, kind: int, effort: Effort
) -> Content | None:
    """Fill the room with one size of grid, if it fits."""
    rows, columns = grid(shape, size)
    pixels = canvas(image, rows, columns)
    quality = _quality(size, room)
    aim = nets.analyse(pixels[None], quality)[0]
    head = header_bits(Content(shape, size, quality, model.LATENTS // 4, np.zeros(0, np.int16)), kind)
    if room <= head:
        return None
    for turn in range(effort.turns + 1):
        better, best = _fitting(aim, quality, room - head)
        aim = aim * (step_of(quality) / step_of(better))
        quality = better
        if turn < effort.turns:
            _, slope = nets.slope(best.levels[None], quality, pixels[None])
            way = np.clip(SLOPE * slope[0] / step_of(quality) ** 2, -FURTHEST, FURTHEST)
            aim = KEPT * aim + (1 - KEPT) * (best.levels - way)
    return _fill(aim, Content(shape, size, quality, 0, best.levels), room, kind)


def _fitting(aim: Floats, quality: int, room: float) -> tuple[int, quantise.Choice]:
    """Give the quality at which the bits of an aim, given at another, are nearest to the room."""
    start = quality
    tried: dict[int, tuple[float, quantise.Choice]] = {}
    while quality not in tried and len(tried) < LOOKS:
        chosen = choose(aim * (step_of(start) / step_of(quality)), quality, 1.0)
        apart = math.log2(max(chosen.bits / quantise.ONE_BIT, 1) / room)
        tried[quality] = apart, chosen
        more = [(each, by) for each, (by, _) in tried.items() if by > 0]
        less = [(each, by) for each, (by, _) in tried.items() if by <= 0]
        quality += round(HALF * apart)
        if more and less:
            (finer, over), (coarser, under) = max(more), min(less)
            quality = round(finer + (coarser - finer) * over / (over - under))
        quality = min(max(quality, 0), model.QUALITIES - 1)
    best = min(tried, key=lambda each: abs(tried[each][0]))
    return best, tried[best][1]


def _quality(size: int, room: float) -> int:
    """Guess the quality that fits: by bits a place."""
    return min(max(round(36 - HALF * math.log2(room / (26 * AREAS[size]))), 4), model.QUALITIES - 2)


def _fill(aim: Floats, content: Content, room: float, kind: int) -> Content | None:
    """Find the price at which the bits fill the room."""
    best: Content | None = None
    price, steep = 1.0, STEEP
    # The highest price known to be too low and the lowest known to fit, with what the bits are to the room.
    cheap: tuple[float, float] | None = None
    dear: tuple[float, float] | None = None
    for _ in range(FILLING):
        chosen = choose(aim, content.quality, price)
        used = np.flatnonzero(chosen.levels.any((0, 1)))
        tried = replace(content, count=int(used[-1]) // 4 + 1 if used.size else 0, levels=chosen.levels)
        bits = quantise.cost(model.tables(), chosen.levels, content.quality, 4 * tried.count)
        apart = math.log2((bits / quantise.ONE_BIT + header_bits(tried, kind)) / (room - EMPTY / 2))
        if apart * (room - EMPTY / 2) > EMPTY / 2 / math.log(2):
            cheap = price, apart
        else:
            best, dear = tried, (price, apart)
            if apart * room > -EMPTY:
                break
        if cheap and dear:
            part = min(max(cheap[1] / (cheap[1] - dear[1]), 0.1), 0.9)
            price = cheap[0] * (dear[0] / cheap[0]) ** part
        else:
            price *= 2 ** min(max(steep * apart, -4.0), 4.0)
            steep *= 2
    return best


def step_of(quality: int) -> float:
    """Give about what a level changes in the picture, in pixel levels: the root of the sum of squares."""
    return float(synthesis.steps()[quality]) * synthesis.SCALE


def choose(aim: Floats, quality: int, price: float) -> quantise.Choice:
    """Choose levels near to an aim, bits being worth so many times what they are by and large."""
    wanted = np.rint(aim * quantise.ONE_LEVEL).astype(np.int32)
    task = quantise.Task(wanted, _weights(), quality, model.LATENTS, model.tables())
    bit = PRICE * price * _UNIT * quantise.ONE_LEVEL**2 / quantise.ONE_BIT
    return quantise.choose(task, min(max(round(bit), 1), quantise.MAX_PRICE))


@functools.cache
def _weights() -> npt.NDArray[np.int32]:
    """Give what an error counts by channel, by how much of its linear part is the mean of a place."""
    line = synthesis.network().line.weights.astype(np.float64)
    parts = line.reshape(3, CELL**2, model.LATENTS, 9)
    share = CELL**2 * np.square(parts.mean(1)).sum((0, 2)) / np.square(parts).sum((0, 1, 3))
    return np.asarray(np.rint(_UNIT * (1 + MEANS * share)), np.int32)
