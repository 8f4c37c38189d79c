"""What one picture is like by itself: colour, texture, coefficients; and how long each stage takes on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image
from skimage.measure import shannon_entropy

import promptcodec
from eval.metrics.metric import Metric
from promptcodec import check, plugins, rate

_BINS = 16  # a channel, of the colour histogram
_STAGE_BYTES = 128


def colourfulness(image: Image.Image) -> float:
    """Give the colourfulness of Hasler and Suesstrunk 2003, 0 for grey, about 100 for very colourful."""
    red, green, blue = np.asarray(image, np.float64).transpose(2, 0, 1)
    across, down = red - green, (red + green) / 2 - blue
    return float(np.hypot(across.std(), down.std()) + 0.3 * np.hypot(across.mean(), down.mean()))


def colour_entropy(image: Image.Image) -> float:
    """Give the entropy of the colours, 16 steps a channel, in bits, 0..12."""
    codes = np.asarray(image, np.int64) // (256 // _BINS)
    return float(shannon_entropy(codes @ [_BINS**2, _BINS, 1]))


def spectral_slope(image: Image.Image) -> float:
    """Give the slope of log power over log frequency of luma, fitted from 1/64 to 1/4 cycles a pixel.

    Photographs have about -2 (Field 1987); a steeper slope is a smoother picture.
    """
    luma = np.asarray(image.convert("L"), np.float64)
    side = min(luma.shape)
    top, left = (length - side for length in luma.shape)
    square = luma[top // 2 : top // 2 + side, left // 2 : left // 2 + side]
    window = np.hanning(side)
    power = np.abs(np.fft.rfft2((square - square.mean()) * window * window[:, None])) ** 2
    distance = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    edges = np.geomspace(1 / 64, 1 / 4, 13)
    bins = np.digitize(distance, edges)
    points = [
        (np.log(np.sqrt(edges[at - 1] * edges[at])), np.log(power[bins == at].mean() + 1e-9))
        for at in range(1, len(edges))
        if (bins == at).any()
    ]
    if len(points) < 3:
        return float("nan")
    return float(np.polyfit(*zip(*points, strict=True), 1)[0])


def gradient(image: Image.Image) -> float:
    """Give the mean length of the gradient of luma, differences of neighbours, 0..255 a pixel."""
    luma = np.asarray(image.convert("L"), np.float64)
    if min(luma.shape) < 2:
        return float("nan")
    down, across = np.gradient(luma)
    return float(np.hypot(down, across).mean())


def flatness(image: Image.Image) -> float:
    """Give the share of 8x8 blocks of luma with a deviation below 2 steps of 255, 0..1."""
    luma = np.asarray(image.convert("L"), np.float64)
    rows, columns = (length // 8 for length in luma.shape)
    blocks = luma[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8)
    return float((blocks.std(axis=(1, 3)) < 2).mean())


def stages(image: Image.Image) -> dict[str, float]:
    """Time the stages one by one on a picture, in seconds, as `encode` and `decode` run them.

    Words on the default grid, 128 bytes of texture layer, 128 of contours; drawn by ``builtin``.
    """
    from promptcodec.layers import semantic, structure, texture  # noqa: PLC0415 - heavy

    seconds: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        seconds[f"{name}_s"] = time.perf_counter() - start

    look = plugins.create("captioners", "local")
    rows, cols = rate.grid(rate.DEFAULT_CELLS, image.size)
    with timed("describe"):
        description = look.describe(image, rows=rows, cols=cols)
    with timed("code_words"):
        semantic.encode(description)
    with timed("code_texture"):
        texture.encode(image, _STAGE_BYTES)
    with timed("code_contours"):
        structure.encode(image, _STAGE_BYTES)
    data = promptcodec.encode(image, description=description, layers=("semantic", "texture"))
    with timed("inspect"):
        promptcodec.inspect(data)
    with timed("draw"):
        drawn = promptcodec.decode(data).image
    with timed("check"):
        check(data, drawn)
    return seconds


def _plain(function: Callable[[Image.Image], object]) -> Callable[[], Callable[..., object]]:
    return lambda: function


METRICS = (
    Metric("colourfulness", "original", 0, "", "Hasler and Suesstrunk 2003", _plain(colourfulness)),
    Metric("colour_entropy", "original", 0, "bits", "of the colour histogram, 16 steps a channel",
           _plain(colour_entropy)),
    Metric("spectral_slope", "original", 0, "", "log power over log frequency, 1/64 to 1/4 cycles a pixel",
           _plain(spectral_slope)),
    Metric("gradient", "original", 0, "", "mean gradient of luma", _plain(gradient)),
    Metric("flatness", "original", 0, "", "share of 8x8 blocks with a deviation below 2", _plain(flatness)),
    Metric("stages", "original", -1, "s", "seconds by stage, one core, 128 B a layer", _plain(stages),
           ("describe_s", "code_words_s", "code_texture_s", "code_contours_s", "inspect_s", "draw_s",
            "check_s"), ours=True),
)  # fmt: skip
