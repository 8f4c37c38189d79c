"""FID and KID on patches of 256x256: features are kept per picture and compared over a whole set.

Patches: a grid from the corner, and a second one shifted by 128 where both sides have 384 pixels (the
convention of HiFiC; Mentzer et al. 2020). Features: Inception-v3 as torchmetrics has it. Neither says
anything on a few dozen pictures: the report gives the number of patches with the figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from eval.metrics.metric import Metric
from eval.missing import Unavailable, offline

PATCH = 256
Floats = npt.NDArray[np.float64]


def patches(image: Image.Image) -> Iterator[npt.NDArray[np.uint8]]:
    """Give the patches of an RGB picture, ``(256, 256, 3)``; none where a side is shorter."""
    pixels = np.asarray(image, np.uint8)
    shifts = (0, PATCH // 2) if min(pixels.shape[:2]) >= PATCH * 3 // 2 else (0,)
    for shift in shifts:
        for top in range(shift, pixels.shape[0] - PATCH + 1, PATCH):
            for left in range(shift, pixels.shape[1] - PATCH + 1, PATCH):
                yield pixels[top : top + PATCH, left : left + PATCH]


def frechet(first: Floats, second: Floats) -> float:
    """Give the squared Frechet distance of normal distributions fitted to features ``(n, d)``."""
    (mean, spread), (other_mean, other_spread) = (
        (each.mean(0), np.cov(each, rowvar=False)) for each in (first, second)
    )
    return between_gaussians(mean, spread, other_mean, other_spread)


def between_gaussians(mean: Floats, spread: Floats, other_mean: Floats, other_spread: Floats) -> float:
    """Give the same of two normal distributions: means ``(d,)``, covariances ``(d, d)``."""
    values, vectors = np.linalg.eigh(spread)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other_spread @ root), 0)).sum()
    apart = float(((mean - other_mean) ** 2).sum())
    return float(apart + np.trace(spread) + np.trace(other_spread) - 2 * shared)


def kernel(first: Floats, second: Floats) -> float:
    """Give the unbiased squared MMD with the cubic kernel (Binkowski et al. 2018)."""

    def cubic(a: Floats, b: Floats) -> Floats:
        return np.asarray((a @ b.T / a.shape[1] + 1) ** 3)

    def within(a: Floats) -> float:
        values = cubic(a, a)
        return float((values.sum() - np.trace(values)) / (len(a) * (len(a) - 1)))

    return within(first) + within(second) - 2 * float(cubic(first, second).mean())


DISTANCES: dict[str, Callable[[Floats, Floats], float]] = {"fid": frechet, "kid": kernel}


_FEATURES = 2048


def _inception() -> Callable[[Image.Image], Floats]:
    import torch  # noqa: PLC0415 - heavy
    from torchmetrics.image.fid import NoTrainInceptionV3  # noqa: PLC0415

    torch.set_num_threads(1)
    try:
        with offline():
            network = NoTrainInceptionV3(name="inception-v3-compat", features_list=[str(_FEATURES)])
    except Exception as error:
        raise Unavailable(f"Inception-v3: {error}") from error

    def features(image: Image.Image) -> Floats:
        rows: list[Any] = []
        for patch in patches(image):
            with torch.no_grad():
                given = torch.from_numpy(patch.transpose(2, 0, 1)[None].copy())
                rows.append(network(given).reshape(-1).double().numpy())
        return np.array(rows).reshape(len(rows), _FEATURES)

    return features


METRICS = (
    Metric("fid", "set", -1, "", "FID on 256x256 patches, Inception-v3, torchmetrics", _inception),
    Metric("kid", "set", -1, "", "KID on 256x256 patches, Inception-v3, cubic kernel, unbiased", _inception),
)
