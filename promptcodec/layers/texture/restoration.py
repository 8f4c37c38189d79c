"""Guess what quantisation took from a picture: a small network between levels and pixels.

It sees the decoded low frequencies as a picture of about 64x64 samples, two by two in one place, and
gives what to add: rings around outlines fade, flat parts become flat, and outlines get frequencies
that were not worth their bits. It decides no bit, so it may be in floating point.

Source: Y. Dai, D. Liu and F. Wu, "A convolutional neural network approach for post-processing in HEVC
intra coding", 2017, for restoring; the layout of the table is docs/format.md.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from promptcodec import models
from promptcodec.layers.texture.dct import PLANES, UNIT, basis
from promptcodec.layers.texture.frequencies import extent

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
    missing, _ = forward(sample(planes, shape), step)
    return add(planes, missing, shape)


def add(planes: npt.NDArray[np.generic], picture: Floats, shape: int) -> Floats:
    """Add a picture on the grid of a shape to amplitudes; what the grid cannot show stays as it is."""
    rows, columns = _bases(shape)
    result = np.array(planes, np.float32)
    coefficients = rows.T @ picture @ columns * np.float32(UNIT * SCALE / (len(rows) * len(columns)))
    result[:, : len(rows), : len(columns)] += coefficients
    return result


def forward(picture: Floats, step: int) -> tuple[Floats, list[npt.NDArray[np.bool_]]]:
    """Give what to add to a picture ``(PLANES, rows, columns)``, and which units were above zero."""
    layers = network()
    rows, columns = picture.shape[1] // 2, picture.shape[2] // 2
    size = scale_of(step)
    seen = np.empty((rows, columns, INPUTS), np.float32)
    seen[..., :OUTPUTS] = fold(picture)
    seen[..., OUTPUTS] = (step - MIDDLE) / 8
    seen[..., OUTPUTS + 1] = np.linspace(-1, 1, rows)[:, None]
    seen[..., OUTPUTS + 2] = np.abs(np.linspace(-1, 1, columns))
    seen[..., OUTPUTS + 3] = 1
    seen[..., OUTPUTS + 4] = size
    state = np.maximum(convolve(seen, *layers[0]), 0)
    signs = [state > 0]
    for first, second in zip(layers[1:-1:2], layers[2:-1:2], strict=True):
        inner = np.maximum(convolve(state, *first), 0)
        state = state + convolve(inner, *second)
        signs.append(inner > 0)
    signs.append(state > 0)
    return unfold(convolve(np.maximum(state, 0), *layers[-1]) * size), signs


def scale_of(step: int) -> np.float32:
    """Give the size of a step against that of MIDDLE."""
    return np.float32(2 ** ((step - MIDDLE) / 8))


def fold(picture: Floats) -> Floats:
    """Put two by two samples ``(PLANES, rows, columns)`` into one place ``(rows / 2, columns / 2, 12)``."""
    planes, rows, columns = picture.shape
    blocks = picture.reshape(planes, rows // 2, 2, columns // 2, 2)
    return blocks.transpose(1, 3, 0, 2, 4).reshape(rows // 2, columns // 2, 4 * planes)


def unfold(folded: Floats) -> Floats:
    """Undo ``fold``."""
    rows, columns, count = folded.shape
    blocks = folded.reshape(rows, columns, count // 4, 2, 2)
    return blocks.transpose(2, 0, 3, 1, 4).reshape(count // 4, 2 * rows, 2 * columns)


def convolve(state: Floats, weights: Floats, bias: Floats | np.float32) -> Floats:
    """Convolve ``(rows, columns, inputs)`` with ``(9 * inputs, outputs)``, zero outside."""
    rows, columns, inputs = state.shape
    padded = np.pad(state, ((1, 1), (1, 1), (0, 0)))
    seen = np.empty((rows, columns, 9, inputs), np.float32)
    for index in range(9):
        down, across = divmod(index, 3)
        seen[:, :, index] = padded[down : down + rows, across : across + columns]
    outputs = seen.reshape(rows * columns, -1) @ weights + bias
    return np.asarray(outputs.reshape(rows, columns, -1), np.float32)


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
