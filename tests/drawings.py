"""Pictures made up by chance."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw


def drawing(size=(192, 128), seed=0):
    """Make a picture with large shapes and some noise."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(rng.integers(60, 200, 3).tolist()))
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        left, top, across, down = (rng.random(4) * [size[0], size[1], size[0] / 2, size[1] / 2]).tolist()
        pen.ellipse((left, top, left + across, top + down), fill=tuple(rng.integers(0, 256, 3).tolist()))
    noisy = np.asarray(image, np.int16) + rng.integers(-6, 7, (size[1], size[0], 3), np.int16)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
