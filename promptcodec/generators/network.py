"""The trained decoder by the compiled core: what onnxruntime makes of the same file, in half the time.

Pictures are ``(height, width, channels)`` here, and every step is a convolution. See
``training/generator/network.py`` for what the steps are; the file holds their weights in that order.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from promptcodec.convolution import LANES, PLANES, UNFOLDED, Convolution, available, convolution
from promptcodec.generators.maps import FACTOR
from promptcodec.vision.colour import Floats

_HALF = 10  # ONNX's number of 16-bit floats


@dataclass(frozen=True, slots=True)
class Block:
    """Two convolutions around a modulation, added to what came in."""

    modulate: tuple[Floats, Floats]
    first: Convolution
    second: Convolution

    def __call__(self, given: Floats, whole: Floats, room: Floats) -> None:
        """Add what the block finds."""
        scale, shift = np.split(_linear(whole, self.modulate), 2)
        self.first(given, room, 1 + scale, shift, positive=True)
        self.second(room, given, beside=given)


@dataclass(frozen=True, slots=True)
class Network:
    """The decoder's layers; ``join`` are the two steps down and the two up."""

    whole: tuple[tuple[Floats, Floats], ...]
    enter: Convolution
    stages: tuple[tuple[Block, ...], ...]
    join: tuple[Convolution, ...]
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
                x = self.join[number - 1](x)
            elif number > 2:
                beside = kept.pop()
                x = self.join[number - 1](x, beside, beside=beside, layout=UNFOLDED)
            room = np.empty_like(x)
            for block in stage:
                block(x, whole, room)
        x = self.widen(x, layout=UNFOLDED, positive=True)
        x = self.refine(x, beside=x, positive=True)
        size = FACTOR * width, FACTOR * height
        colours = map(Image.fromarray, np.ascontiguousarray(given[:3]))
        drawn = np.stack([np.asarray(each.resize(size, Image.Resampling.BILINEAR)) for each in colours])
        return self.leave(x, drawn, beside=drawn, layout=PLANES)


def _linear(given: Floats, layer: tuple[Floats, Floats]) -> Floats:
    product: Floats = given @ layer[0]
    product += layer[1]
    return product


def fits(model: bytes) -> bool:
    """Say whether the core is here, and can draw with the network of a file: all widths fill its lanes."""
    return available() and all(
        shape[0] % LANES == 0 for shape, _ in tensors(model) if len(shape) == 4 and shape[0] != 12
    )


def read(model: bytes) -> Network:
    """Read a network that ``fits``: the layers in the order of their weights in the file."""
    halves = (np.frombuffer(data, "<f2").reshape(shape).astype(np.float32) for shape, data in tensors(model))
    pairs = list(zip(halves, halves, strict=True))
    layer = functools.partial(convolution, repeated=_property(model, b"edges") == b"repeated")
    layers = iter(pairs)
    whole = tuple((weights.T, bias) for weights, bias in (next(layers), next(layers)))
    enter = layer(*next(layers))
    stages: list[list[Block]] = [[]]
    join = []
    ends = [_unshuffled(*pairs[-3]), pairs[-2], pairs[-1]]
    for weights, bias in layers:
        if weights.ndim == 2:
            stages[-1].append(Block((weights.T, bias), layer(*next(layers)), layer(*next(layers))))
        elif weights.shape[-1] < 3:
            up = weights.shape[-1] == 1
            join.append(layer(*(_unshuffled(weights, bias) if up else (weights, bias))))
            stages.append([])
        else:
            break
    return Network(whole, enter, tuple(map(tuple, stages)), tuple(join), *(layer(*each) for each in ends))


def _unshuffled(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """Order the outputs that become two by two places by place, not by channel."""
    order = np.arange(bias.size).reshape(-1, 4).T.ravel()
    return weights[order], bias[order]


def reach(model: bytes) -> int:
    """Say how far the network of a file looks, in pixels of the maps."""
    return int(_property(model, b"reach"))


def _property(model: bytes, wanted: bytes) -> bytes:
    """Give a property of a file; empty where it has none of that name."""
    properties = (list(_message(value)) for field, value in _message(model) if field == 14)
    return next((value for (_, name), (_, value) in properties if name == wanted), b"")


def tensors(model: bytes) -> Iterator[tuple[tuple[int, ...], bytes]]:
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
