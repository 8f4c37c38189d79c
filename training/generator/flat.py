"""A loss for smooth areas: what was drawn there that is not in the picture, waves and mottle alike.

Features of fixed networks say little there of waves longer than some ten pixels, and judges that see no
original ask for grain where there is none. ``eval/metrics/waves.py`` measures the same, in another way.
"""

from __future__ import annotations

import torch
from torch.nn import functional

# Levels, root mean square, by which a window departs from its surroundings' mean where it counts half.
LEVELS = 3.0
# Pixels of the mean that is taken off: waves longer than twice this are slopes.
MEAN = 17
# Side of a window, and how far apart windows are.
WINDOW, STEP = 32, 8


def departure(picture: torch.Tensor) -> torch.Tensor:
    """Give what is finer than the mean around each pixel, of the same shape."""
    mean = picture
    for size in ((1, MEAN), (MEAN, 1)):
        pads = size[0] // 2, size[1] // 2
        mean = functional.avg_pool2d(mean, size, 1, pads, count_include_pad=False)
    return picture - mean


def energy(fine: torch.Tensor) -> torch.Tensor:
    """Give the mean square in each window, ``(n, 1, rows, columns)``."""
    return functional.avg_pool2d(fine.square().mean(1, keepdim=True), WINDOW, STEP)


def flatness(wanted: torch.Tensor) -> torch.Tensor:
    """Give how flat each window of a picture from -1 to 1 is: 1 all, 0 not at all."""
    return 1 / (1 + (energy(departure(wanted)) * (127.5 / LEVELS) ** 2).square())


def error(shown: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Price what is finer than the mean in the error where the original is flat.

    Args:
        shown: ``(n, 3, height, width)`` from -1 to 1, sides at least WINDOW.
        wanted: the original, of the same shape.

    Returns:
        ``(n,)``, in squares of LEVELS: a wave of that root mean square all over a flat picture has 1.
    """
    with torch.no_grad():
        weight = flatness(wanted)
    priced = weight * energy(departure(shown - wanted)) * (127.5 / LEVELS) ** 2
    return priced.mean((1, 2, 3))
