"""From a picture to its contours: an edge map, and the curves that its pixels form.

A curve is an ``(n, 2)`` array of int64 rows (down, right), neighbours 8-connected.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.layers.structure.bitmap import Bitmap

Curve = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SIGMA = 2.0
# Canny needs a neighbourhood; below this there is nothing to trace.
SMALLEST_SIDE = 4
# Straightness at a crossing is judged over so many pixels.
_LOOK_BACK = 5
_AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def shrink(image: Image.Image, side: int) -> Floats:
    """Give the luma of the image, 0..1, with a long side of at most ``side``."""
    scale = min(1.0, side / max(image.size))
    width, height = (max(1, round(length * scale)) for length in image.size)
    small = image.convert("L").resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, np.float64) / 255


def edges(luma: Floats, sigma: float = SIGMA, low: float = 0.1, high: float = 0.2) -> Bitmap:
    """Find edges (Canny 1986).

    Args:
        luma: ``(h, w)``, 0..1.
        sigma: blur in pixels.
        low: gradient at which an edge goes on.
        high: gradient at which one starts.
    """
    from skimage.feature import canny  # noqa: PLC0415 - heavy

    if min(luma.shape) < SMALLEST_SIDE:
        return np.zeros(luma.shape, np.bool_)
    return np.asarray(canny(luma, sigma, low, high), np.bool_)  # type: ignore[no-untyped-call]


def dilate(bitmap: Bitmap) -> Bitmap:
    """Set every pixel that has a set one among itself and its eight neighbours."""
    from scipy.ndimage import binary_dilation  # noqa: PLC0415 - heavy

    return np.asarray(binary_dilation(bitmap, np.ones((3, 3))), np.bool_)


def f1(truth: Bitmap, drawn: Bitmap) -> float:
    """Compare two bitmaps of the same shape within one pixel, diagonals included; 1 where both are empty."""
    if not truth.any() and not drawn.any():
        return 1.0
    recalled = int((truth & dilate(drawn)).sum())
    precise = int((drawn & dilate(truth)).sum())
    if not recalled or not precise:
        return 0.0
    recall, precision = recalled / int(truth.sum()), precise / int(drawn.sum())
    return 2 * recall * precision / (recall + precision)


def trace(bitmap: Bitmap) -> list[Curve]:
    """Link the pixels into curves that go straight on at crossings; every pixel is on one at least."""
    from skimage.morphology import skeletonize  # noqa: PLC0415 - heavy

    if not bitmap.any():
        return []
    # One pixel thin, or every stair is a crossing.
    thin = np.asarray(skeletonize(bitmap), np.bool_)  # type: ignore[no-untyped-call]
    links = _links(thin)
    curves = []
    # Ends and forks first, so that no curve starts in the middle of another; what is left is closed.
    odd = [place for place, others in links.items() if len(others) % 2]
    ends = [place for place in odd if len(links[place]) == 1]
    for place in (*ends, *odd, *links):
        while links[place] and (len(links[place]) % 2 or place not in odd):
            curves.append(np.array(list(_walk(links, place)), np.int64))
    alone = thin & ~_linked(curves, thin.shape)
    return curves + [place[None] for place in np.argwhere(alone)]


def _linked(curves: list[Curve], shape: tuple[int, ...]) -> Bitmap:
    marked = np.zeros(shape, np.bool_)
    for curve in curves:
        marked[curve[:, 0], curve[:, 1]] = True
    return marked


def _links(thin: Bitmap) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Give each pixel's neighbours; a diagonal one only where no straight pair of steps leads there."""
    padded = np.pad(thin, 1)
    links: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for down, right in np.argwhere(thin).tolist():
        neighbours = []
        for by, to in _AROUND:
            if not padded[down + 1 + by, right + 1 + to]:
                continue
            if by and to and (padded[down + 1 + by, right + 1] or padded[down + 1, right + 1 + to]):
                continue
            neighbours.append((down + by, right + to))
        links[down, right] = neighbours
    return links


def _walk(
    links: dict[tuple[int, int], list[tuple[int, int]]], place: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Follow unused links from ``place``, straight on where there is a choice, and use them up."""
    path = [place]
    yield place
    while links[place]:
        back = path[max(0, len(path) - _LOOK_BACK)]
        ahead = (place[0] - back[0], place[1] - back[1])
        following = max(
            links[place],
            key=lambda other: (
                (ahead[0] * (other[0] - place[0]) + ahead[1] * (other[1] - place[1]))
                / (abs(other[0] - place[0]) + abs(other[1] - place[1])) ** 0.5
            ),
        )
        links[place].remove(following)
        links[following].remove(place)
        place = following
        path.append(place)
        yield place
