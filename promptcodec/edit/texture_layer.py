"""Operations on the texture layer: change a small picture of it, and fit the levels to what changed.

``refit`` is the only place that knows how the texture layer is coded: it gives the picture the levels
stand for, at a few samples a wave, and looks for levels near those there were whose picture has the
change in it and is otherwise the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from promptcodec.edit.pursuit import NOTHING, Levels, nearest, pursue
from promptcodec.edit.region import Floats, Region
from promptcodec.layers.texture import transform
from promptcodec.layers.texture.dct import model, network
from promptcodec.layers.texture.dct.content import Content
from promptcodec.layers.texture.dct.encoder.quantise import cover
from promptcodec.layers.texture.dct.frequencies import RADII, region
from promptcodec.layers.texture.dct.frequencies import Region as Frequencies
from promptcodec.layers.texture.dct.stream import MAX_BYTES, length_class, read, write

Paint = Callable[[Floats], Floats]
"""Takes and gives ``(rows, cols, 3)`` sRGB in 0..255."""

SAMPLES = 48
# Waves across the region that the levels may use; a picture has no finer ones than LIMIT.
WAVES, LIMIT = 1.6, 20
# What a squared error counts where it should not be, within the feather, and inside.
OUTSIDE, FEATHER, INSIDE = 8.0, 0.1, 1.0
# What a bit may cost, as a share of all that is to change: ever more until the change is right.
PRICES = (0.01, 0.003, 0.001, 0.0003)
# It is right where this share of it is there, and the picture changes so many times less elsewhere.
DONE, LOCAL = 0.6, 12.0
# How much finer the second step tried may be, in eighths of an octave.
FINER = range(4, 12)
# A part grows by no more than this, unless a change of more pixel levels than FAINT would not show at all.
GROWTH, GROWTH_BYTES, FAINT = 1.25, 24, 16.0
_CLASSES = 6


def refit(
    payload: bytes, regions: Sequence[Region], feather: tuple[float, float], paint: Paint, finest: int = 16
) -> bytes:
    """Change what a texture layer shows in some regions, and as little as can be elsewhere.

    Args:
        payload: what the DCT wrote.
        regions: where.
        feather: how far around them, in 0..1 of width and height, it does not matter much.
        paint: gives the changed picture; what it changes outside the regions is ignored.
        finest: waves across the picture up to which levels change, or more where a region needs them.

    Returns:
        a part with the step there was, or a finer one where that shows the change too badly; of at most
        GROWTH times the bytes there were and GROWTH_BYTES more.

    Raises:
        BitstreamError: the part is malformed.
    """
    content = read(payload)
    step, shape = content.step, content.shape
    low = region(shape, _radius(max(finest, _reach(regions))))
    area = region(shape, max(_radius(max(finest, _reach(regions))), *content.radii))
    levels = np.zeros((model.PLANES, int(area.v.max()) + 1, int(area.u.max()) + 1), np.int64)
    known = np.zeros(levels.shape, np.bool_)
    for plane, radius in enumerate(content.radii):
        own = region(shape, radius)
        levels[plane, own.v, own.u] = content.levels[plane]
        levels[plane, 0, 0] = content.means[plane]
        known[plane, own.v, own.u] = True
    allowed = np.zeros(levels.shape[1:], np.bool_)
    allowed[low.v, low.u] = allowed[0, 0] = True
    former = _amplitudes(levels, step)
    # Finer waves stay as they are and need no picture.
    v, u = int(low.v.max()) + 1, int(low.u.max()) + 1
    rows, cols = (max(2 * count + 4, SAMPLES) for count in (v, u))
    waves = transform.basis(rows, v).astype(np.float32), transform.basis(cols, u).astype(np.float32)
    planes = waves[0] @ former[:, :v, :u] @ waves[1].T
    before = np.asarray(
        np.einsum("pvu,cp->vuc", planes, transform.COLOURS) + transform.MIDDLE, np.float32
    ).clip(0, 255)
    inside = np.max([each.cover(rows, cols) for each in regions], axis=0)
    wanted = np.einsum("vuc,cp->pvu", inside[..., None] * (paint(before) - before), transform.COLOURS)
    wanted = wanted.astype(np.float32)
    projected = waves[0].T @ wanted @ waves[1] / np.float32(rows * cols)
    weights = _weights(inside, feather)
    bit = float((weights * wanted**2).sum())
    most = most_bytes(payload)
    faint = float(np.sqrt((wanted**2).sum(0))[inside > 0].mean()) < FAINT
    best, furthest = payload, 0.0
    for index in _steps(step, former) if bit else ():
        candidate = nearest(former, index)
        # One level alone does more harm elsewhere than good: the search starts where all have moved.
        moved = nearest(former[:, :v, :u] + allowed[:v, :u] * projected, index)
        for price in PRICES:
            for plane in range(model.PLANES):
                candidate[plane, :v, :u] = pursue(
                    moved[plane],
                    wanted[plane] + planes[plane],
                    weights,
                    waves,
                    model.STEP[index] / transform.UNIT,
                    (allowed[:v, :u], known[plane, :v, :u]),
                    price * bit,
                )
            change = waves[0] @ _amplitudes(candidate, index)[:, :v, :u] @ waves[1].T - planes
            part = _part_there(wanted, np.asarray(change, np.float32), weights)
            if part > furthest:
                data = _coded(content, index, candidate, area, len(payload))
                # Too long is better than nothing where much is to be seen.
                if not data or (len(data) > most and (furthest or faint)):
                    break
                best, furthest = data, part
            if part >= 1:
                return best
    return best


def most_bytes(payload: bytes) -> int:
    """Give how long a part may become where more bytes show a change better."""
    return min(MAX_BYTES, round(GROWTH * len(payload)) + GROWTH_BYTES)


def _reach(regions: Sequence[Region]) -> int:
    """Give how many waves across the picture the smallest region needs."""
    narrowest = min(min(each.right - each.left, each.bottom - each.top) for each in regions)
    return min(math.ceil(WAVES / max(narrowest, 1e-3)), LIMIT)


def _radius(waves: int) -> int:
    return next(index for index, radius in enumerate(RADII) if radius >= waves)


def _steps(step: int, former: Floats) -> list[int]:
    """Give the steps to try: the one there was, and that finer one which holds its levels best."""
    finer = [step - by for by in FINER if by <= step]
    missed = {index: ((_amplitudes(nearest(former, index), index) - former) ** 2).sum() for index in finer}
    return [step, *sorted(finer, key=lambda index: float(missed[index]))[:1]]


def _part_there(wanted: Floats, change: Floats, weights: Floats) -> float:
    """Say how near a change is to what it should be, 1 or more where it is near enough."""
    inside, outside = (weights == np.float32(weight / weights.size) for weight in (INSIDE, OUTSIDE))
    missed = ((wanted - change)[:, inside] ** 2).sum() / max(float((wanted[:, inside] ** 2).sum()), NOTHING)
    apart = np.sqrt((change**2).sum(0))
    ratio = apart[inside].mean() / max(float(apart[outside].mean()), NOTHING) if outside.any() else np.inf
    return float(min(ratio / LOCAL, (1 - missed) / DONE))


def _weights(inside: Floats, feather: tuple[float, float]) -> Floats:
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
    # A region may be smaller than a sample.
    weights = np.where(inside >= min(0.5, float(inside.max())), INSIDE, np.where(near, FEATHER, OUTSIDE))
    return np.asarray(weights / weights.size, np.float32)


def _amplitudes(levels: Levels, step: int) -> Floats:
    """Give what levels ``(PLANES, down, across)`` stand for, in pixel levels."""
    shifts = network.arrays(model.tables()).shifts
    result = np.empty(levels.shape, np.float32)
    for plane, each in enumerate(levels):
        sizes = network.amplitudes(
            np.abs(each).reshape(1, -1).astype(np.int32), plane, np.array([step]), shifts
        )
        result[plane] = np.where(each < 0, -1, 1) * sizes.reshape(each.shape)
        result[plane, 0, 0] = each[0, 0] * model.STEP[step]
    return result / np.float32(transform.UNIT)


def _coded(content: Content, step: int, levels: Levels, area: Frequencies, length: int) -> bytes:
    """Write the levels; no bytes where a part cannot hold them."""
    listed = levels[:, area.v, area.u].astype(np.int32)
    radii = cover(listed, area)
    parts = tuple(
        plane[area.radius <= RADII[index] ** 2 * 16] for plane, index in zip(listed, radii, strict=True)
    )
    means = tuple(int(mean) for mean in levels[:, 0, 0])
    given = Content(content.shape, step, content.restored, radii, means, parts)
    # How long the part is decides how its step is coded, and so a little of its length.
    kind = length_class(length)
    for _ in range(_CLASSES):
        data = write(given, kind)
        if length_class(min(len(data), MAX_BYTES)) == kind:
            return data if len(data) <= MAX_BYTES else b""
        kind = max(length_class(min(len(data), MAX_BYTES)), kind + 1 if kind < length_class(len(data)) else 0)
    return b""
