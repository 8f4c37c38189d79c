"""How far two pictures are apart, by measures that libraries define."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

from eval.metrics.metric import Metric
from eval.rivals.search import psnr

_SMALLEST = 161  # side, for five scales and a window of 11


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


def ssim(first: Image.Image, second: Image.Image) -> float:
    """Give SSIM as in scikit-image: Gaussian window of sigma 1.5, mean over the three channels, 0..1."""
    a, b = np.asarray(first), np.asarray(second)
    if min(a.shape[:2]) < 11:
        return float("nan")
    return float(structural_similarity(a, b, channel_axis=2, data_range=255, gaussian_weights=True))


def ms_ssim_rgb(first: Image.Image, second: Image.Image) -> dict[str, float]:
    """Give MS-SSIM over RGB as CompressAI reports it, 0..1, and in dB, -10 log10(1 - value).

    A side below 161 pixels has no value.
    """
    import torch  # noqa: PLC0415 - heavy
    from pytorch_msssim import ms_ssim as measure  # noqa: PLC0415

    if min(first.size) < _SMALLEST:
        return {}
    pair = (
        torch.from_numpy(np.asarray(image, np.float32).transpose(2, 0, 1)[None].copy())
        for image in (first, second)
    )
    value = float(measure(*pair, data_range=255))
    return {"ms_ssim": value, "ms_ssim_db": float(-10 * np.log10(max(1 - value, 1e-10)))}


def ms_ssim_luma(first: Image.Image, second: Image.Image) -> float:
    """Give MS-SSIM of luma; a side below 161 pixels has no value."""
    return ms_ssim(first, second) if min(first.size) >= _SMALLEST else float("nan")


def ciede2000(first: Image.Image, second: Image.Image) -> float:
    """Give the mean CIEDE2000 over the pixels, white point D65."""
    one, other = (rgb2lab(np.asarray(image)) for image in (first, second))
    return float(deltaE_ciede2000(one, other).mean())


def embedding_cosine(first: Image.Image, second: Image.Image) -> float:
    """Give the cosine of the two embeddings of this package's tagger, -1..1; nearly blind to colour."""
    from promptcodec.vision.network import look  # noqa: PLC0415 - heavy

    _, embeddings = look([first, second])
    return float(embeddings[0] @ embeddings[1])


def _ssimulacra2() -> Callable[[Image.Image, Image.Image], float]:
    from ssimulacra2 import compute_ssimulacra2  # noqa: PLC0415 - an extra

    def measure(first: Image.Image, second: Image.Image) -> float:
        return float(compute_ssimulacra2(_bmp(first), _bmp(second)))

    return measure


def _bmp(image: Image.Image) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, "BMP")
    return out


def _flip() -> Callable[[Image.Image, Image.Image], float]:
    import flip_evaluator  # noqa: PLC0415 - an extra

    def measure(first: Image.Image, second: Image.Image) -> float:
        pair = (np.asarray(image, np.float32) / 255 for image in (first, second))
        _, mean, _ = flip_evaluator.evaluate(*pair, "LDR", applyMagma=False)
        return float(mean)

    return measure


def _torch(function: Callable[..., Any]) -> Callable[[], Callable[..., Any]]:
    def load() -> Callable[..., Any]:
        import pytorch_msssim  # noqa: F401, PLC0415 - an extra
        import torch  # noqa: PLC0415

        torch.set_num_threads(1)
        return function

    return load


METRICS = (
    Metric("psnr", "pair", 1, "dB", "PSNR of the mean squared error over RGB, 8 bits", lambda: psnr),
    Metric("ssim", "pair", 1, "", "scikit-image, Gaussian window, mean over RGB (Wang 2004)", lambda: ssim),
    Metric("ms_ssim", "pair", 1, "",
           "MS-SSIM over RGB, linear and in dB, as CompressAI; pytorch-msssim (Wang 2003)",
           _torch(ms_ssim_rgb), ("ms_ssim", "ms_ssim_db")),
    Metric("ms_ssim_luma", "pair", 1, "", "MS-SSIM of luma, linear, pytorch-msssim", _torch(ms_ssim_luma)),
    Metric("ssimulacra2", "pair", 1, "",
           "SSIMULACRA2, package ssimulacra2 (BSD-3); 100 is identical", _ssimulacra2),
    Metric("flip", "pair", -1, "",
           "mean LDR-FLIP at 67 pixels per degree, flip-evaluator (BSD-3; Andersson 2020)", _flip),
    Metric("ciede2000", "pair", -1, "", "mean CIEDE2000 over pixels, scikit-image", lambda: ciede2000),
    Metric("ciede2000_12x12", "pair", -1, "", "mean CIEDE2000 between mean colours of 12x12 cells",
           lambda: grid_ciede2000),
    Metric("embedding_cosine", "pair", 1, "", "cosine of EfficientNet-Lite0 embeddings of our tagger",
           lambda: embedding_cosine, ours=True),
)  # fmt: skip
