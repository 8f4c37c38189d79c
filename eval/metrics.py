"""How far two pictures are apart, by measures that libraries define."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab


def ms_ssim(first: Image.Image, second: Image.Image) -> float:
    """Give the multi-scale structural similarity of luma, 0..1 (Wang, Simoncelli and Bovik 2003).

    pytorch-msssim: five scales with the weights of the paper, Gaussian window of 11, data range 255. The
    short side is at least 161 pixels.
    """
    import torch  # noqa: PLC0415 - heavy
    from pytorch_msssim import ms_ssim as measure  # noqa: PLC0415

    pair = (
        torch.from_numpy(np.asarray(image.convert("L"), np.float32).copy())[None, None]
        for image in (first, second)
    )
    return float(measure(*pair, data_range=255))


def grid_ciede2000(first: Image.Image, second: Image.Image, cells: int = 12) -> float:
    """Give the mean CIEDE2000 between the mean colours of ``cells`` x ``cells`` equal cells."""
    one, other = (
        rgb2lab(np.asarray(image.convert("RGB").resize((cells, cells), Image.Resampling.BOX)))
        for image in (first, second)
    )
    return float(deltaE_ciede2000(one, other).mean())


def ssimulacra2(first: Image.Image, second: Image.Image) -> float:
    """Give SSIMULACRA 2 of the second picture, 100 being the first itself (the package ``ssimulacra2``)."""
    from ssimulacra2 import compute_ssimulacra2  # noqa: PLC0415 - eval extra

    files = []
    for image in (first, second):
        files.append(io.BytesIO())
        image.save(files[-1], "PNG", compress_level=0)
    return float(compute_ssimulacra2(*(io.BytesIO(file.getvalue()) for file in files)))


def sharpness(first: Image.Image, second: Image.Image) -> float:
    """Give the mean gradient of the second picture's luma as a share of that of the first."""
    lengths = []
    for image in (first, second):
        down, right = np.gradient(np.asarray(image.convert("L"), np.float32))
        lengths.append(float(np.hypot(down, right).mean()))
    return lengths[1] / max(lengths[0], 1e-6)
