"""The few measurements checks share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]


def reduce(image: Image.Image, rows: int, cols: int) -> Floats:
    """Give the mean sRGB of each cell of a grid, ``(rows, cols, 3)`` in 0..255."""
    return np.asarray(image.resize((cols, rows), Image.Resampling.BOX), np.float32)


def closeness(difference: float, scale: float) -> float:
    """Map a difference to 0..1: 1 at none, 0.5 at ``scale``, 0 far away."""
    return float(2.0 ** -((difference / scale) ** 2))


def correlation(first: Floats, second: Floats) -> float:
    """Give Pearson's correlation, -1..1; two flat arrays agree, a flat and a varied one do not."""
    a, b = first.ravel() - first.mean(), second.ravel() - second.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    flat = 1e-3 * a.size
    if spread < flat:
        return 1.0 if (a * a).sum() < flat and (b * b).sum() < flat else 0.0
    return float((a * b).sum() / spread)
