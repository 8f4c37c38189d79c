"""The picture cut into the grid's cells, and the one or two colours that fill each cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.colour import CHROMA_WEIGHT, Floats

SAMPLES = 16
"""Box means per cell and axis: enough to tell where two colours lie, few enough to be quick."""

MIN_SHARE = 0.25
"""A second colour below this area is dropped: a reader takes two colours for about half and half."""

MIN_DISTANCE = 0.13
"""Weighted Oklab distance below which two colours of a cell read as shades of one."""

MIN_OFFSET = 0.28
"""Distance of the two centroids, in cells, from which a layout is said; two clean halves have 0.5."""

_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class CellColours:
    """The colours of ``n`` cells, each split in two by 2-means.

    Attributes:
        means: ``(n, 3)`` Oklab of the whole cell, the mean of its samples.
        centres: ``(n, 2, 3)`` Oklab of the two clusters, the larger first.
        shares: ``(n, 2)`` their areas, 0..1, summing to 1.
        offsets: ``(n, 2)`` from the first centroid to the second: down and right, -1..1 cells.
    """

    means: Floats
    centres: Floats
    shares: Floats
    offsets: Floats


def cut(image: Image.Image, rows: int, cols: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Reduce a picture by box means and cut it into cells.

    Args:
        image: any size from 1x1; its bands are kept.
        rows: rows of the grid.
        cols: columns of the grid.
        height: samples per cell, downwards.
        width: samples per cell, across.

    Returns:
        ``(rows * cols, height, width)`` for a one-band picture, else ``(..., bands)``; raster order.
    """
    reduced = np.asarray(image.resize((cols * width, rows * height), Image.Resampling.BOX))
    bands = reduced.shape[2:]
    grid = reduced.reshape(rows, height, cols, width, *bands).swapaxes(1, 2)
    return grid.reshape(rows * cols, height, width, *bands)


def two_colours(samples: Floats) -> CellColours:
    """Split the samples of every cell into two colours.

    The first split is across the mean along the axis of greatest variance, then a few
    rounds of 2-means: no random start, so the same picture always gives the same clusters.

    Args:
        samples: ``(n, height, width, 3)`` Oklab.

    Returns:
        The clusters; a cell of one colour has two equal centres and the shares 1 and 0.
    """
    count, height, width, _ = samples.shape
    points = np.moveaxis(samples.reshape(count, height * width, 3), 2, 1).astype(np.float64, order="C")
    scaled = points * np.array([[1], [CHROMA_WEIGHT], [CHROMA_WEIGHT]])
    means = scaled.mean(2, keepdims=True)
    centred = scaled - means
    axes = np.linalg.eigh(centred @ centred.swapaxes(1, 2))[1][:, :, -1]
    second = _beyond(centred, axes[:, :, None])
    for _ in range(_ROUNDS):
        first_mean, second_mean = _cluster_means(scaled, second, means)
        before = second
        second = _beyond(scaled - (first_mean + second_mean) / 2, second_mean - first_mean)
        if np.array_equal(second, before):
            break
    # The sign of an eigenvector is arbitrary; size, then raster order, is not.
    swap = (second.mean(1) > 0.5) | ((second.mean(1) == 0.5) & second[:, 0])
    second ^= swap[:, None]
    mean = points.mean(2, keepdims=True)
    centres = np.concatenate(_cluster_means(points, second, mean), 2).swapaxes(1, 2)
    ys, xs = np.divmod(np.arange(height * width), width)
    places = np.stack([(ys + 0.5) / height, (xs + 0.5) / width])[None]
    spots = _cluster_means(places, second, places.mean(2, keepdims=True))
    share = second.mean(1)
    return CellColours(
        mean[:, :, 0].astype(np.float32),
        centres.astype(np.float32),
        np.stack([1 - share, share], 1).astype(np.float32),
        (spots[1] - spots[0])[:, :, 0].astype(np.float32),
    )


def _beyond(points: npt.NDArray[np.float64], axes: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Say which of the points ``(n, 3, m)`` lie in the direction of ``(n, 3, 1)``."""
    return (axes.swapaxes(1, 2) @ points)[:, 0] > 0


def _cluster_means(
    points: npt.NDArray[np.float64], second: npt.NDArray[np.bool_], empty: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the means ``(n, k, 1)`` of both clusters; ``empty`` where a cluster has no point."""
    total = points.sum(2, keepdims=True)
    weight = second[:, :, None].astype(np.float64)
    size = weight.sum(1, keepdims=True)
    inside = points @ weight
    rest = points.shape[2] - size
    return (
        np.where(rest > 0, (total - inside) / np.maximum(rest, 1), empty),
        np.where(size > 0, inside / np.maximum(size, 1), empty),
    )
