"""The trained decoder by the compiled core: what onnxruntime makes of the same file, in half the time.

Pictures are ``(height, width, channels)`` here, so that every step is a product of matrices or the core's
convolution. See ``training/generator/network.py`` for what the steps are; the file holds their weights in
that order.

Source: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from promptcodec.generators.maps import FACTOR
from promptcodec.native import core
from promptcodec.vision.colour import Floats

# Channels are multiples of LANES, outputs stand in panels of PANEL.
LANES, PANEL = 8, 16
# Columns of 3x3 weights to those of the six points at which a product is evaluated.
_POINTS = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    np.float32,
)
_HALF = 10  # ONNX's number of 16-bit floats


@dataclass(frozen=True, slots=True)
class Convolution:
    """A 3x3 convolution: weights as the core takes them, and biases."""

    weights: Floats
    bias: Floats

    def __call__(
        self,
        given: Floats,
        scale: Floats | None = None,
        shift: Floats | None = None,
        beside: Floats | None = None,
        *,
        positive: bool = False,
    ) -> Floats:
        """Convolve; then scale and shift each channel, add what is beside, leave out what is below zero."""
        height, width = given.shape[:2]
        scale = np.ones_like(self.bias) if scale is None else scale
        shift = self.bias if shift is None else self.bias * scale + shift
        drawn = np.empty((height, width, self.bias.size), np.float32)
        core.convolve(given, self.weights, scale, shift, beside, drawn, height, width, positive)
        return drawn


@dataclass(frozen=True, slots=True)
class Block:
    """Two convolutions around a modulation, added to what came in."""

    modulate: tuple[Floats, Floats]
    first: Convolution
    second: Convolution

    def __call__(self, given: Floats, whole: Floats) -> Floats:
        """Add what the block finds."""
        scale, shift = np.split(_linear(whole, self.modulate), 2)
        return self.second(self.first(given, 1 + scale, shift, positive=True), beside=given)


@dataclass(frozen=True, slots=True)
class Network:
    """The decoder's layers; ``join`` are the two steps down and the two up, as products of matrices."""

    whole: tuple[tuple[Floats, Floats], ...]
    enter: Convolution
    stages: tuple[tuple[Block, ...], ...]
    join: tuple[tuple[Floats, Floats], ...]
    widen: Convolution
    refine: Convolution
    leave: Convolution

    def draw(self, given: Floats, vector: Floats) -> Floats:
        """Draw ``(3, FACTOR * height, FACTOR * width)`` from ``(DEPTH, height, width)`` maps."""
        whole = vector
        for layer in self.whole:
            whole = np.maximum(_linear(whole, layer), 0)
        depth, height, width = given.shape
        x = np.zeros((height, width, -(-depth // LANES) * LANES), np.float32)
        x[..., :depth] = given.transpose(1, 2, 0)
        x = self.enter(x)
        kept: list[Floats] = []
        for number, stage in enumerate(self.stages):
            if number in {1, 2}:
                kept.append(x)
                x = _linear(_folded(x), self.join[number - 1])
            elif number > 2:
                x = _unfolded(_linear(x, self.join[number - 1]))
                x += kept.pop()
            for block in stage:
                x = block(x, whole)
        x = _unfolded(self.widen(x, positive=True))
        found = self.refine(x, positive=True)
        found += x
        pixels = self.leave(found)[..., :12].reshape(2 * height, 2 * width, 2, 2, 3)
        drawn = pixels.transpose(4, 0, 2, 1, 3).reshape(3, FACTOR * height, FACTOR * width)
        for plane, colour in zip(drawn, given, strict=False):
            ground = Image.fromarray(np.ascontiguousarray(colour))
            plane += np.asarray(ground.resize(plane.shape[::-1], Image.Resampling.BILINEAR))  # noqa: PLW2901
        return drawn


def _linear(given: Floats, layer: tuple[Floats, Floats]) -> Floats:
    product: Floats = given @ layer[0]
    product += layer[1]
    return product


def _folded(given: Floats) -> Floats:
    """Put two by two places into one."""
    height, width, depth = given.shape
    blocks = given.reshape(height // 2, 2, width // 2, 2, depth).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(height // 2, width // 2, 4 * depth)


def _unfolded(given: Floats) -> Floats:
    """Undo ``_folded``."""
    height, width, depth = given.shape
    blocks = given.reshape(height, width, 2, 2, depth // 4).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(2 * height, 2 * width, depth // 4)


def fits(model: bytes) -> bool:
    """Say whether the core is here, and can draw with the network of a file: all widths fill its lanes."""
    if not hasattr(core, "convolve"):
        return False
    return all(shape[0] % LANES == 0 for shape, _ in _weights(model) if len(shape) == 4 and shape[0] != 12)


def read(model: bytes) -> Network:
    """Read a network that ``fits``: the layers in the order of their weights in the file."""
    halves = (np.frombuffer(data, "<f2").reshape(shape).astype(np.float32) for shape, data in _weights(model))
    pairs = list(zip(halves, halves, strict=True))
    layers = iter(pairs)
    whole = tuple((weights.T, bias) for weights, bias in (next(layers), next(layers)))
    enter = _convolution(*next(layers))
    stages: list[list[Block]] = [[]]
    join = []
    ends = [_unshuffled(*pairs[-3]), pairs[-2], _unshuffled(*pairs[-1])]
    for weights, bias in layers:
        if weights.ndim == 2:
            stages[-1].append(
                Block((weights.T, bias), _convolution(*next(layers)), _convolution(*next(layers)))
            )
        elif weights.shape[-1] < 3:
            if weights.shape[-1] == 1:
                weights, bias = _unshuffled(weights, bias)  # noqa: PLW2901
            join.append((weights.transpose(2, 3, 1, 0).reshape(-1, bias.size), bias))
            stages.append([])
        else:
            break
    return Network(
        whole, enter, tuple(map(tuple, stages)), tuple(join), *(_convolution(*each) for each in ends)
    )


def _unshuffled(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """Order the outputs that become two by two places by place, not by channel."""
    order = np.arange(bias.size).reshape(-1, 4).T.ravel()
    return weights[order], bias[order]


def _convolution(weights: Floats, bias: Floats) -> Convolution:
    """Give a convolution ``(outputs, inputs, 3, 3)`` as the core takes it; its channels fill the lanes."""
    more = [(0, -count % LANES) for count in weights.shape[:2]]
    weights = np.pad(weights, [*more, (0, 0), (0, 0)])
    outputs, inputs = weights.shape[:2]
    both = np.kron(_POINTS, _POINTS)
    points = (both @ weights.transpose(2, 3, 1, 0).reshape(9, -1)).reshape(-1, inputs, outputs)
    panels = [points[..., at : at + PANEL].reshape(len(points), -1) for at in range(0, outputs, PANEL)]
    return Convolution(np.concatenate(panels, axis=1), np.pad(bias, more[0]))


def reach(model: bytes) -> int:
    """Say how far the network of a file looks, in pixels of the maps."""
    properties = (list(_message(value)) for field, value in _message(model) if field == 14)
    return next(int(found) for (_, name), (_, found) in properties if name == b"reach")


def _weights(model: bytes) -> Iterator[tuple[tuple[int, ...], bytes]]:
    """Give shape and bytes of the 16-bit tensors of an ONNX file, in their order."""
    (graph,) = (value for field, value in _message(model) if field == 7)
    for field, value in _message(graph):
        if field != 5:
            continue
        tensor = list(_message(value))
        if (2, _HALF) in tensor:
            shape = tuple(one for at, each in tensor if at == 1 for one in _numbers(each))
            yield shape, next(each for at, each in tensor if at == 9)


def _numbers(value: Any) -> list[int]:
    """Give the whole numbers of a repeated field, of which one entry may hold all."""
    if isinstance(value, int):
        return [value]
    numbers, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        numbers.append(number)
    return numbers


def _message(data: bytes) -> Iterator[tuple[int, Any]]:
    """Give the fields of a protocol buffer: whole numbers, or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value: Any
            value, at = _varint(data, at)
        else:
            size, at = (4, at) if key & 7 == 5 else (8, at) if key & 7 == 1 else _varint(data, at)
            value = data[at : at + size]
            at += size
        yield key >> 3, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return number, at
