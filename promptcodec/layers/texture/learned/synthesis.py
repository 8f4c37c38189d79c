"""From levels to the canvas: the synthesis of the learned coder, in floats.

A linear part draws each place with those around it; a network of residual blocks, which doubles its places
three times, adds what that cannot. It decides no bit: the compiled core draws with it. Without the core,
and to encode, onnxruntime does, from the graph of ``training/texture_coder/export_nets.py``.

Source: W. Shi and others, "Real-time single image and video super-resolution using an efficient sub-pixel
convolutional neural network", 2016, for the doubling; the layout of ``synthesis-1`` is docs/format.md.
"""

from __future__ import annotations

import functools
import struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from promptcodec import models
from promptcodec.convolution import LANES, PLANES, UNFOLDED, Convolution, available, convolution
from promptcodec.layers.texture.learned.grids import CELL
from promptcodec.layers.texture.learned.model import LATENTS, STEP_UNIT, tables
from promptcodec.layers.texture.transform import MIDDLE
from promptcodec.vision import runtime

Floats = npt.NDArray[np.float32]

SCALE = 64
"""Pixel levels that count as 1."""

SEEN = LATENTS + 3
"""Values of a place that the network sees: the latents, the quality, one, the size of a step."""

BLOCKS = (2, 2, 1)
"""Residual blocks of each size of places."""

STARTS = (0, 5, 10)
"""The layers before them, by number; behind all but the first of these, as behind the last, places double."""

_HEAD = struct.Struct("<3H")


class Layer(NamedTuple):
    """A 3x3 convolution: weights ``(outputs, inputs, 3, 3)``, biases ``(outputs,)``."""

    weights: Floats
    bias: Floats


class Network(NamedTuple):
    """What ``synthesis-1`` holds.

    Attributes:
        widths: channels of each size of places, multiples of LANES.
        line: the linear part.
        layers: the others, as they follow; see ``shapes``.
    """

    widths: tuple[int, ...]
    line: Layer
    layers: tuple[Layer, ...]


def shapes(widths: tuple[int, ...]) -> list[tuple[int, int]]:
    """Give inputs and outputs of the layers but the linear one, by ``Network.widths``."""
    result: list[tuple[int, int]] = []
    inputs = SEEN
    for width, blocks in zip(widths, BLOCKS, strict=True):
        result += [(inputs, 4 * width if result else width), *[(width, width)] * (2 * blocks)]
        inputs = width
    return [*result, (inputs, 12)]


def unpack(data: bytes) -> Network:
    """Read a table's content."""
    widths, at = _HEAD.unpack_from(data), _HEAD.size

    def take(kind: str, *shape: int) -> Floats:
        nonlocal at
        part = np.frombuffer(data, kind, int(np.prod(shape)), at).reshape(shape)
        at += part.nbytes
        return part.astype(np.float32)

    line, *layers = (
        Layer(take("<f2", outputs, inputs, 3, 3), take("<f2", outputs))
        for inputs, outputs in [(LATENTS, 3 * CELL**2), *shapes(widths)]
    )
    return Network(widths, line, tuple(layers))


def pack(network: Network) -> bytes:
    """Write a table's content: what ``unpack`` reads."""
    data = _HEAD.pack(*network.widths)
    for layer in (network.line, *network.layers):
        data += layer.weights.astype("<f2").tobytes() + layer.bias.astype("<f2").tobytes()
    return data


@functools.cache
def steps() -> Floats:
    """Give what a level stands for, by quality, in units of SCALE pixel levels."""
    return np.array(tables().steps, np.float32) / np.float32(SCALE * STEP_UNIT)


@functools.cache
def network() -> Network:
    """Give the shipped network."""
    return unpack(models.load("synthesis-1"))


def draw(levels: npt.NDArray[np.integer], quality: int) -> Floats:
    """Draw a canvas.

    Args:
        levels: ``(rows, columns, LATENTS)``.
        quality: 0..QUALITIES - 1.

    Returns:
        ``(CELL * rows, CELL * columns, 3)`` pixel levels, not cut to 0..255.
    """
    if available():
        drawn = _by_core(seen(levels, quality)).transpose(1, 2, 0) * SCALE + MIDDLE
    else:
        (drawn,) = by_runtime(levels[None], quality)
    return np.asarray(drawn, np.float32)


def by_runtime(levels: npt.NDArray[np.number], quality: npt.ArrayLike) -> Floats:
    """Draw ``(n, rows, columns, LATENTS)`` levels by onnxruntime: the same on both cores.

    Args:
        levels: of canvases of one size; need not be whole.
        quality: of all, or of each.
    """
    (drawn,) = forward().run(["drawn"], {"seen": channels_first(seen(levels, quality))})
    return np.asarray(drawn.transpose(0, 2, 3, 1) * SCALE + MIDDLE, np.float32)


def seen(levels: npt.NDArray[np.number], quality: npt.ArrayLike) -> Floats:
    """Give what the network sees of ``(..., rows, columns, LATENTS)`` levels: SEEN values a place."""
    own = np.asarray(quality)
    side = np.stack([(own - 18) / 18, np.ones(own.shape), 2 ** (own / 8 - 3)], -1)
    places = (*levels.shape[:-1], SEEN - LATENTS)
    latents = levels * steps()[own][..., None, None, None]
    return np.concatenate([latents, np.broadcast_to(side[..., None, None, :], places)], -1, dtype=np.float32)


def channels_first(values: Floats) -> Floats:
    """Give ``(n, rows, columns, channels)`` as ``(n, channels, rows, columns)``."""
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def by_place(values: Floats, side: int) -> Floats:
    """Order the first axis by place, then colour: layers have outputs by colour, then place."""
    return np.ascontiguousarray(
        values.reshape(-1, side**2, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)
    )


def _by_core(given: Floats) -> Floats:
    """Draw ``(3, height, width)`` in units of SCALE."""
    line, layers = _convolutions()
    rows, columns = given.shape[:2]
    drawn = line(np.ascontiguousarray(given[..., :LATENTS])).reshape(rows, columns, 3, CELL, CELL)
    canvas = np.ascontiguousarray(drawn.transpose(2, 0, 3, 1, 4)).reshape(3, CELL * rows, CELL * columns)
    state = np.pad(given, ((0, 0), (0, 0), (0, -SEEN % LANES)))
    rest = iter(layers)
    for number, blocks in enumerate(BLOCKS):
        state = next(rest)(state, layout=UNFOLDED if number else 0, positive=True)
        for _ in range(blocks):
            inner = next(rest)(state, positive=True)
            next(rest)(inner, state, beside=state)
    return next(rest)(state, canvas, beside=canvas, layout=PLANES)


@functools.cache
def _convolutions() -> tuple[Convolution, list[Convolution]]:
    known = network()
    layers = []
    for number, layer in enumerate(known.layers):
        # The core doubles places of values that stand by place; of the last layer it makes planes.
        weights, bias = (by_place(each, 2) for each in layer) if number in STARTS[1:] else layer
        layers.append(convolution(weights, bias))
    return convolution(*known.line), layers


def weights_of(known: Network) -> dict[str, Floats]:
    """Give what the graphs leave out: weights and biases; 0 is the linear part."""
    given = {}
    for number, layer in enumerate((known.line, *known.layers)):
        given[f"weight{number}"], given[f"bias{number}"] = layer
    return given


@functools.cache
def forward() -> Any:
    """Give the session that draws."""
    return runtime.load("synthesis-graph-1", weights_of(network()), "drawing a texture layer")
