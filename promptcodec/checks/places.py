"""Are the colours where they should be? Measured against what else the picture could have been.

A picture drawn again never has the colours to the letter, and by how much it misses differs from
generator to generator. So besides the plain distance the picture is held against itself changed:
mirrored, or with its parts in other places. One that fits better so is not the one described.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from promptcodec.checks import scales
from promptcodec.checks.measure import Floats, closeness, correlation
from promptcodec.checks.report import Field

WORST = 0.9
"""Quantile of the distances that stands for the worst places."""
FLAT = 2.0
"""Deviation in CIELAB below which there is no layout to compare."""


def compare_places(name: str, expected: Floats, shown: Floats) -> list[Field]:
    """Compare two grids of colours.

    Args:
        name: of what the stream says them in, ``cells`` or a layer.
        expected: mean sRGB, ``(rows, cols, 3)`` in 0..255; nan where nothing is said.
        shown: the same of the picture.

    Returns:
        Fields named ``NAME colour by place``, ``NAME against its mirror``, ``NAME against other places``
        and ``NAME worst places``.
    """
    from skimage.color import rgb2lab  # noqa: PLC0415 - heavy

    known: npt.NDArray[np.bool_] = np.asarray(~np.isnan(expected).any(axis=2))
    if known.sum() < 2:
        return []
    a, b = (rgb2lab(np.nan_to_num(grid, nan=128.0) / 255).astype(np.float32) for grid in (expected, shown))
    apart = np.linalg.norm(a - b, axis=2)[known]  # CIE 1976
    fields = [_worst(name, apart)]
    a, b = (grid - grid[known].mean(axis=0) for grid in (a, b))
    if min(a[known].std(axis=0).max(), b[known].std(axis=0).max()) < FLAT:
        return fields
    hues = correlation(a[known][:, 1:], b[known][:, 1:]) if _coloured(a[known], b[known]) else None
    fields.append(
        Field(
            f"{name} colour by place",
            "photometry",
            1,
            None if hues is None else round(hues, 3),
            None if hues is None else max(hues, 0.0),
        )
    )
    flips: tuple[Callable[[Floats], Floats], ...] = (np.fliplr, np.flipud, lambda grid: grid[::-1, ::-1])
    own = _distance(a, b, known)
    mirrored = min(_distance(a, flip(b), known) for flip in flips)
    margin = (mirrored - own) / max(mirrored + own, 1e-6)
    fields.append(
        Field(f"{name} against its mirror", "geometry", 1, round(margin, 3), min(max(0.5 + margin, 0), 1))
    )
    share = _best_share(a[known], b[known])
    fields.append(Field(f"{name} against other places", "geometry", 1, round(share, 3), share))
    return fields


def _worst(name: str, apart: Floats) -> Field:
    worst = float(np.quantile(apart, WORST))
    return Field(
        f"{name} worst places", "photometry", 0, round(worst, 1), closeness(worst, scales.WORST_PLACES)
    )


def _coloured(a: Floats, b: Floats) -> bool:
    """Say whether both have hues that vary: grey has no hue to be wrong."""
    return bool(min(a[:, 1:].std(axis=0).max(), b[:, 1:].std(axis=0).max()) >= FLAT)


def _distance(a: Floats, b: Floats, known: npt.NDArray[np.bool_]) -> float:
    return float(np.linalg.norm(a - b, axis=2)[known].mean())


def _best_share(a: Floats, b: Floats) -> float:
    """Give what the best assignment of places misses over what the given one misses: 1 at most."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - heavy

    costs = np.linalg.norm(a[:, None] - b[None], axis=2)
    rows, cols = linear_sum_assignment(costs)
    return float((costs[rows, cols].sum() + 1e-3) / (np.trace(costs) + 1e-3))
