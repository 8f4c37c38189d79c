"""Operations on the colour map: change a small picture of it, and fit the levels to what changed.

``refit`` is the only place that knows how the texture layer is coded: it gives the picture the levels
stand for, at a few samples a wave, and looks for levels near those there were whose picture has the
change in it and is otherwise the same.

Source: matching pursuit, Mallat and Zhang 1993, here on whole levels, with a weight on every place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from promptcodec.edit.region import Flags, Floats, Region
from promptcodec.entropy import coefficients as model
from promptcodec.entropy.frequencies import RADII, region
from promptcodec.entropy.frequencies import Region as Frequencies
from promptcodec.layers import dct
from promptcodec.layers.quantise import amplitudes, cover
from promptcodec.layers.texture_stream import MAX_BYTES, Content, length_class, read, write

Levels = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Paint = Callable[[Floats], Floats]
"""Takes and gives ``(rows, cols, 3)`` sRGB in 0..255."""

SAMPLES, FINEST = 48, 128
# Waves across the region that the levels may use; a picture has no finer ones than LIMIT.
WAVES, LIMIT = 1.6, 20
# What a squared error counts where it should not be, within the feather, and inside.
OUTSIDE, FEATHER, INSIDE = 4.0, 0.15, 1.0
# What a bit may cost, as a share of all that is to change.
PRICE = 0.001
# The step there was, its half, its quarter: half a step holds the old levels, doubled.
FINER = (0, 8, 16)
ROUNDS = 200
LARGEST_LEVEL = 512
# Bits of a level other than zero, about: its sign and place, more beyond the waves there were.
_BITS, _BITS_BEYOND, _BITS_DOUBLING = 3.0, 5.0, 1.7
_NOTHING = 1e-6
_CLASSES = 6


def refit(payload: bytes, regions: Sequence[Region], feather: tuple[float, float], paint: Paint) -> bytes:
    """Change what a colour map shows in some regions, and as little as can be elsewhere.

    Args:
        payload: a texture part.
        regions: where.
        feather: how far around them, in 0..1 of width and height, it does not matter much.
        paint: gives the changed picture; what it changes outside the regions is ignored.

    Returns:
        a part with the same step, and some more or fewer levels than there were.

    Raises:
        BitstreamError: the part is malformed.
    """
    content = read(payload)
    radii = np.maximum(content.radii, _reach(content.shape, regions))
    area = region(content.shape, int(radii.max()))
    rows, cols = (min(max(2 * int(at.max(initial=0)) + 4, SAMPLES), FINEST) for at in (area.v, area.u))
    waves = dct.basis(rows, int(area.v.max()) + 1), dct.basis(cols, int(area.u.max()) + 1)
    levels = np.zeros((model.PLANES, waves[0].shape[1], waves[1].shape[1]), np.int64)
    known = np.zeros(levels.shape, np.bool_)
    allowed = known.copy()
    for plane in range(model.PLANES):
        own, wide = (region(content.shape, int(index)) for index in (content.radii[plane], radii[plane]))
        levels[plane, own.v, own.u] = content.levels[plane]
        levels[plane, 0, 0] = content.means[plane]
        known[plane, own.v, own.u] = known[plane, 0, 0] = True
        allowed[plane, wide.v, wide.u] = allowed[plane, 0, 0] = True
    former = np.stack([_Scale(plane, content.step).amplitudes(levels[plane]) for plane in range(model.PLANES)])
    planes = waves[0] @ former @ waves[1].T
    before = np.asarray(np.einsum("pvu,cp->vuc", planes, dct.COLOURS) + dct.MIDDLE, np.float32).clip(0, 255)
    inside = np.max([each.cover(rows, cols) for each in regions], axis=0)
    wanted = np.einsum("vuc,cp->pvu", inside[..., None] * (paint(before) - before), dct.COLOURS)
    weights = _weights(inside, feather)
    weights /= weights.size
    energy = float((weights * wanted**2).sum())
    if not energy:
        return payload
    best, least = payload, np.inf
    for finer in FINER:
        index = content.step - finer
        if index < 0:
            continue
        found, missed = np.zeros_like(levels), 0.0
        for plane in range(model.PLANES):
            scale = _Scale(plane, index)
            start = scale.nearest(former[plane])
            left = wanted[plane] + waves[0] @ (former[plane] - scale.amplitudes(start)) @ waves[1].T
            found[plane], error = _pursue(
                start, left, weights, waves, scale, (allowed[plane], known[plane]), PRICE * energy
            )
            missed += error
        data = _coded(content, index, found, area, len(payload))
        total = missed + PRICE * energy * 8 * (len(data) - len(payload))
        if data and total < least:
            best, least = data, total
    return best


def _reach(shape: int, regions: Sequence[Region]) -> int:
    """Give the index of the radius with waves fine enough for the smallest region."""
    narrowest = min(min(each.right - each.left, each.bottom - each.top) for each in regions)
    wanted = min(WAVES / max(narrowest, 1e-3), LIMIT)
    return next(index for index, radius in enumerate(RADII) if radius >= wanted)


def _weights(inside: Floats, feather: tuple[float, float]) -> Doubles:
    """Give what an error counts at each place."""
    rows, cols = inside.shape
    near = inside > 0
    for axis, steps in ((0, round(feather[1] * rows)), (1, round(feather[0] * cols))):
        for _ in range(steps):
            ahead, behind = np.roll(near, 1, axis), np.roll(near, -1, axis)
            # What was rolled over the edge is not near.
            (ahead[0] if axis == 0 else ahead[:, 0])[...] = False
            (behind[-1] if axis == 0 else behind[:, -1])[...] = False
            near = near | ahead | behind
    return np.asarray(np.where(inside >= 0.5, INSIDE, np.where(near, FEATHER, OUTSIDE)))


class _Scale:
    """What the levels of a plane stand for.

    Attributes:
        step: between two levels, in pixel levels.
        mean: the largest level of the mean.
    """

    def __init__(self, plane: int, index: int) -> None:
        levels = np.arange(LARGEST_LEVEL + 1, dtype=np.int32)
        sizes = amplitudes(levels[None], plane, np.array([index]), model.tables().shifts)[0]
        self._table = np.concatenate([-sizes[:0:-1], sizes]) / dct.UNIT
        self.step = model.STEP[index] / dct.UNIT
        self.mean = min(LARGEST_LEVEL, model.MEAN_CELLS * model.MEAN_CELL // 2 // model.STEP[index])

    def clip(self, levels: Levels) -> Levels:
        """Bring levels into what can be coded."""
        clipped = levels.clip(-LARGEST_LEVEL, LARGEST_LEVEL)
        clipped[0, 0] = clipped[0, 0].clip(-self.mean, self.mean)
        return clipped

    def nearest(self, amplitudes: Doubles) -> Levels:
        """Give the levels next to amplitudes."""
        return self.clip(np.rint(amplitudes / self.step).astype(np.int64))

    def amplitudes(self, levels: Levels) -> Doubles:
        """Give the amplitudes of ``(down, across)`` levels, the mean's first."""
        result = self._table[levels + LARGEST_LEVEL]
        result[0, 0] = levels[0, 0] * self.step
        return np.asarray(result, np.float64)


def _pursue(
    found: Levels,
    left: Doubles,
    weights: Doubles,
    waves: tuple[Doubles, Doubles],
    scale: _Scale,
    flags: tuple[Flags, Flags],
    bit: float,
) -> tuple[Levels, float]:
    """Change one level after the other, each time the one that gains most.

    Args:
        found: ``(down, across)`` to start from.
        left: ``(rows, cols)`` what is to be added to the picture.
        weights: ``(rows, cols)``.
        waves: ``(rows, down)`` and ``(cols, across)``.
        scale: what levels stand for.
        flags: which levels may change, and which are there without reaching further.
        bit: its price.

    Returns:
        the levels, and the error left.
    """
    down, across = waves
    allowed, known = flags
    cost = bit * np.where(known, _BITS, _BITS_BEYOND)
    cost[0, 0] = 0
    square = (down**2).T @ weights @ across**2

    def bits(level: Levels) -> Doubles:
        size = np.abs(level)
        return np.asarray(np.where(size > 0, cost + bit * _BITS_DOUBLING * np.log2(np.maximum(size, 1)), 0))

    for _ in range(ROUNDS):
        slope = down.T @ (weights * left) @ across
        now, paid = scale.amplitudes(found), bits(found)
        best_gain, best_level = np.zeros(found.shape), found
        for level in (scale.nearest(now + slope / square), np.zeros_like(found)):
            by = scale.amplitudes(level) - now
            gain = np.where(allowed, 2 * by * slope - by**2 * square - bits(level) + paid, 0)
            best_level = np.where(gain > best_gain, level, best_level)
            best_gain = np.maximum(gain, best_gain)
        v, u = divmod(int(best_gain.argmax()), found.shape[1])
        if best_gain[v, u] <= _NOTHING * bit:
            break
        found = found.copy()
        found[v, u] = best_level[v, u]
        left = left - (scale.amplitudes(found)[v, u] - now[v, u]) * np.outer(down[:, v], across[:, u])
    return found, float((weights * left**2).sum())


def _coded(content: Content, step: int, found: Levels, area: Frequencies, length: int) -> bytes:
    """Write the levels; no bytes where a part cannot hold them."""
    levels = found[:, area.v, area.u].astype(np.int32)
    radii = tuple(int(index) for index in cover(levels[:, None], area)[:, 0])
    parts = tuple(
        plane[area.radius <= RADII[index] ** 2 * 16] for plane, index in zip(levels, radii, strict=True)
    )
    means = tuple(int(mean) for mean in found[:, 0, 0])
    given = Content(content.shape, step, radii, means, parts)
    # How long the part is decides how its step is coded, and so a little of its length.
    kind = length_class(length)
    for _ in range(_CLASSES):
        data = write(given, kind)
        if length_class(min(len(data), MAX_BYTES)) == kind:
            return data if len(data) <= MAX_BYTES else b""
        kind = max(length_class(min(len(data), MAX_BYTES)), kind + 1 if kind < length_class(len(data)) else 0)
    return b""
