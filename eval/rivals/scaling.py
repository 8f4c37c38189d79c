"""Down so that the filter's way up comes closest: least squares, exactly.

Enlarging with one of Pillow's filters is linear and separable, E = V S H' for a small picture S, so
the S with the least squared error to a picture P is pinv(V) P pinv(H)'. V and H are found by enlarging
unit vectors with Pillow itself; what is left out is only the rounding and clipping of S to 8 bits.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from PIL import Image

FILTERS = {"bicubic": Image.Resampling.BICUBIC, "lanczos": Image.Resampling.LANCZOS}
Floats = npt.NDArray[np.float64]


def small_size(size: tuple[int, int], side: int, multiple: int, smallest: int) -> tuple[int, int]:
    """Give width and height with a long side of about ``side``, near the shape of ``size``."""
    scale = side / max(size)
    width, height = (max(smallest, multiple * max(1, round(length * scale / multiple))) for length in size)
    return width, height


def shrink(image: Image.Image, size: tuple[int, int], method: str) -> Image.Image:
    """Give the picture of ``size`` that ``enlarge`` brings closest to ``image``."""
    pixels = np.asarray(image, np.float64)
    across, down = _inverse(size[0], image.width, method), _inverse(size[1], image.height, method)
    small = np.einsum("ij,jkc->ikc", down, pixels, optimize=True)
    small = np.einsum("ikc,lk->ilc", small, across, optimize=True)
    return Image.fromarray(np.clip(small.round(), 0, 255).astype(np.uint8))


def enlarge(image: Image.Image, size: tuple[int, int], method: str) -> Image.Image:
    """Enlarge with one of FILTERS."""
    return image.resize(size, FILTERS[method])


@functools.cache
def _inverse(small: int, large: int, method: str) -> Floats:
    units = Image.fromarray(np.eye(small, dtype=np.float32))
    # The other side keeps its length, which Pillow does without filtering.
    return np.linalg.pinv(np.asarray(units.resize((small, large), FILTERS[method]), np.float64))
