"""Guess what quantisation took from a picture: a small network between levels and pixels.

It sees the decoded low frequencies as a picture of about 64x64 samples, two by two in one place, and
gives what to add: rings around outlines fade, flat parts become flat, and outlines get frequencies
that were not worth their bits. It decides no bit, so it may be in floating point: the compiled core draws
with it. Without the core, and to encode, onnxruntime does, from the graph of
``training/restoration_graph.py``.

Source: Y. Dai, D. Liu and F. Wu, "A convolutional neural network approach for post-processing in HEVC
intra coding", 2017, for restoring; the layout of the table is docs/format.md.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from promptcodec import models
from promptcodec.convolution import LANES, Convolution, available, convolution
from promptcodec.layers.texture.dct.frequencies import extent
from promptcodec.layers.texture.transform import PLANES, UNIT, basis
from promptcodec.vision import runtime

Floats = npt.NDArray[np.float32]

WIDTH, BLOCKS = 56, 4
INPUTS, OUTPUTS = 4 * PLANES + 5, 4 * PLANES
# Inputs and outputs of the layers: 3x3 convolutions all.
LAYERS = ((INPUTS, WIDTH), *[(WIDTH, WIDTH)] * (2 * BLOCKS), (WIDTH, OUTPUTS))
# Pixel levels that count as 1, and the step whose index counts as 0 and that itself counts as 1.
SCALE, MIDDLE = 48, 20


def grid(shape: int) -> tuple[int, int]:
    """Give how many samples across and down the network sees of a shape: even numbers."""
    across, down = extent(shape)
    return across & ~1, down & ~1


def sample(planes: npt.NDArray[np.generic], shape: int) -> Floats:
    """Draw ``(..., down, across)`` amplitudes on the grid of a shape, in units of SCALE pixel levels."""
    rows, columns = _bases(shape)
    inside = np.asarray(planes[..., : len(rows), : len(columns)], np.float32)
    return np.asarray(rows @ (inside / (UNIT * SCALE)) @ columns.T, np.float32)


def restore(planes: npt.NDArray[np.generic], shape: int, step: int) -> Floats:
    """Restore decoded amplitudes.

    Args:
        planes: ``(PLANES, down, across)`` in 1/UNIT, of the extent of the shape.
        shape: 0..24.
        step: index of the quantiser's step.

    Returns:
        Amplitudes of the same form.
    """
    added = _by_core if available() else by_runtime
    return add(planes, added(sample(planes, shape), step), shape)


def by_runtime(picture: Floats, step: int) -> Floats:
    """Give what onnxruntime adds to samples ``(PLANES, rows, columns)``: the same on both cores."""
    (added,) = forward().run(["added"], seen(picture, step))
    result: Floats = unfold(added)[0]
    return result


def _by_core(picture: Floats, step: int) -> Floats:
    """Do what ``by_runtime`` does, but for rounding, and without loading onnxruntime."""
    enter, *blocks, leave = _convolutions()
    inputs = seen(picture, step)["seen"][0].transpose(1, 2, 0)
    state = enter(np.pad(inputs, ((0, 0), (0, 0), (0, -INPUTS % LANES))), positive=True)
    for first, second in zip(blocks[::2], blocks[1::2], strict=True):
        second(first(state, positive=True), state, beside=state)
    added = leave(np.maximum(state, 0))[..., :OUTPUTS] * scale_of(step)
    result: Floats = unfold(added.transpose(2, 0, 1)[None])[0]
    return result


def add(planes: npt.NDArray[np.generic], picture: Floats, shape: int) -> Floats:
    """Add a picture on the grid of a shape to amplitudes; what the grid cannot show stays as it is."""
    rows, columns = _bases(shape)
    result = np.array(planes, np.float32)
    coefficients = rows.T @ picture @ columns * np.float32(UNIT * SCALE / (len(rows) * len(columns)))
    result[:, : len(rows), : len(columns)] += coefficients
    return result


def seen(picture: Floats, step: int) -> dict[str, Floats]:
    """Give what the network looks at, by the names of its inputs.

    Args:
        picture: ``(PLANES, rows, columns)`` samples.
        step: index of the quantiser's step.
    """
    size = scale_of(step)
    folded = fold(picture[None])
    _, _, rows, columns = folded.shape
    beside = np.empty((1, INPUTS - OUTPUTS, rows, columns), np.float32)
    beside[:, 0] = (step - MIDDLE) / 8
    beside[:, 1] = np.linspace(-1, 1, rows)[:, None]
    beside[:, 2] = np.abs(np.linspace(-1, 1, columns))
    beside[:, 3] = 1
    beside[:, 4] = size
    return {"seen": np.concatenate([folded, beside], 1), "size": np.full((1, 1, 1, 1), size, np.float32)}


def scale_of(step: int) -> np.float32:
    """Give the size of a step against that of MIDDLE."""
    return np.float32(2 ** ((step - MIDDLE) / 8))


def fold(pictures: Floats) -> Floats:
    """Put two by two of ``(n, PLANES, rows, columns)`` into one place: ``(n, 12, rows / 2, columns / 2)``."""
    count, planes, rows, columns = pictures.shape
    blocks = pictures.reshape(count, planes, rows // 2, 2, columns // 2, 2)
    folded = blocks.transpose(0, 1, 3, 5, 2, 4).reshape(count, 4 * planes, rows // 2, columns // 2)
    return np.ascontiguousarray(folded)


def unfold(folded: Floats) -> Floats:
    """Undo ``fold``."""
    count, channels, rows, columns = folded.shape
    blocks = folded.reshape(count, channels // 4, 2, 2, rows, columns)
    return blocks.transpose(0, 1, 4, 2, 5, 3).reshape(count, channels // 4, 2 * rows, 2 * columns)


@functools.lru_cache(maxsize=25)
def _bases(shape: int) -> tuple[Floats, Floats]:
    across, down = grid(shape)
    return basis(down, down).astype(np.float32), basis(across, across).astype(np.float32)


def unpack(data: bytes) -> list[tuple[Floats, Floats]]:
    """Read a table's content: by layer, weights ``(9 * inputs, outputs)`` and biases."""
    layers, at = [], 0
    for inputs, outputs in LAYERS:
        weights = np.frombuffer(data, "i1", 9 * inputs * outputs, at).reshape(-1, outputs)
        at += weights.size
        scales, bias = np.frombuffer(data, "<f4", 2 * outputs, at).reshape(2, outputs)
        at += 8 * outputs
        layers.append((weights.astype(np.float32) * scales, bias.astype(np.float32)))
    return layers


def pack(layers: list[tuple[Floats, Floats]]) -> bytes:
    """Write a table's content: weights in 1/127 of the largest of their output, then that, then biases."""
    data = b""
    for weights, bias in layers:
        scales = np.maximum(np.abs(weights).max(0), 1e-6) / 127
        data += np.rint(weights / scales).astype("i1").tobytes()
        data += scales.astype("<f4").tobytes() + bias.astype("<f4").tobytes()
    return data


@functools.cache
def network() -> list[tuple[Floats, Floats]]:
    """Give the shipped layers."""
    return unpack(models.load("restoration-1"))


def weights_of(layers: list[tuple[Floats, Floats]]) -> dict[str, Floats]:
    """Give what the graph leaves out: weights ``(outputs, inputs, 3, 3)`` and biases by layer."""
    given = {}
    for number, ((weights, bias), (inputs, outputs)) in enumerate(zip(layers, LAYERS, strict=True)):
        convolution = weights.reshape(3, 3, inputs, outputs).transpose(3, 2, 0, 1)
        given[f"weight{number}"] = np.ascontiguousarray(convolution)
        given[f"bias{number}"] = np.ascontiguousarray(bias)
    return given


@functools.cache
def forward() -> Any:
    """Give the session that restores."""
    return runtime.load("restoration-graph-1", weights_of(network()), "restoring a texture layer")


@functools.cache
def _convolutions() -> list[Convolution]:
    return [
        convolution(weights.reshape(3, 3, *shape).transpose(3, 2, 0, 1), bias)
        for (weights, bias), shape in zip(network(), LAYERS, strict=True)
    ]
