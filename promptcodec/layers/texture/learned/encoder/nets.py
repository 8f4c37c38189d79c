"""The encoder's networks: from a canvas to levels, and from levels back down the slope of the error.

Both run by onnxruntime, so that an encoder chooses the same with the compiled core and without.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from promptcodec.layers.texture.learned.grids import CELL
from promptcodec.layers.texture.learned.model import LATENTS
from promptcodec.layers.texture.learned.synthesis import (
    SCALE,
    STARTS,
    Floats,
    by_place,
    channels_first,
    network,
    seen,
    steps,
    weights_of,
)
from promptcodec.layers.texture.transform import MIDDLE
from promptcodec.vision import runtime

_PURPOSE = "coding a texture layer"


def analyse(pixels: npt.NDArray[np.number], quality: npt.ArrayLike) -> Floats:
    """Give what to round to levels, before any search.

    Args:
        pixels: ``(n, CELL * rows, CELL * columns, 3)`` canvases of one size, 0..255.
        quality: 0..QUALITIES - 1, of all or of each.

    Returns:
        ``(n, rows, columns, LATENTS)``.
    """
    given = {
        "pixels": _centred(pixels),
        "quality": np.broadcast_to(np.asarray(quality, np.int64), len(pixels)),
    }
    (levels,) = _forward().run(["levels"], given)
    return np.ascontiguousarray(levels.transpose(0, 2, 3, 1))


def slope(
    levels: npt.NDArray[np.number], quality: npt.ArrayLike, wanted: npt.NDArray[np.number]
) -> tuple[Floats, Floats]:
    """Draw levels, and say how the error changes with each.

    Args:
        levels: ``(n, rows, columns, LATENTS)``; need not be whole.
        quality: 0..QUALITIES - 1, of all or of each.
        wanted: ``(n, CELL * rows, CELL * columns, 3)`` canvases, 0..255.

    Returns:
        What is drawn, of the form of ``wanted``, and of the form of ``levels`` the slope of half the sum of
        the squared errors, in squared pixel levels a level.
    """
    inputs = {"seen": channels_first(seen(levels, quality)), "wanted": _centred(wanted)}
    drawn, back = _backward().run(["drawn", "slope"], inputs)
    step = steps()[np.asarray(quality)][..., None, None, None]
    return (
        np.asarray(drawn.transpose(0, 2, 3, 1) * SCALE + MIDDLE, np.float32),
        np.asarray(back.transpose(0, 2, 3, 1) * step * SCALE**2, np.float32),
    )


def _centred(pixels: npt.NDArray[np.number]) -> Floats:
    return channels_first((np.asarray(pixels, np.float32) - np.float32(MIDDLE)) / np.float32(SCALE))


@functools.cache
def _forward() -> Any:
    return runtime.load("analysis-1", {}, _PURPOSE)


@functools.cache
def _backward() -> Any:
    known = network()
    back = {}
    for number, (weights, _) in enumerate((known.line, *known.layers)):
        # Slopes come by place, then channel.
        doubled = number - 1 in (*STARTS[1:], len(known.layers) - 1)
        ordered = by_place(weights, CELL if number == 0 else 2) if doubled or number == 0 else weights
        turned = ordered.swapaxes(0, 1)[..., ::-1, ::-1]
        back[f"back{number}"] = np.ascontiguousarray(turned[:LATENTS] if number == 1 else turned)
    return runtime.load("synthesis-slope-1", weights_of(known) | back, _PURPOSE)
