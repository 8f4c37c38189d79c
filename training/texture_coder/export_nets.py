"""Make the networks of the learned texture coder, which decide no bit, from a trained run.

    python -m training.texture_coder.export_nets RUN

It needs the package onnx. ``synthesis-1`` holds the weights that draw, as half floats. The graphs
``synthesis-graph-1`` and ``synthesis-slope-1`` hold none: they get those when they are loaded.
``analysis-1``, which only an encoder needs, holds its own, as shorter ones.

Pictures are in units of SCALE pixel levels around their middle. Inputs: ``seen`` ``(n, SEEN, rows,
columns)``, see ``synthesis.seen``; ``wanted`` ``(n, 3, height, width)``; ``pixels`` alike; ``quality``
``(n,)``, whole numbers. Outputs: ``drawn`` like ``wanted``; ``slope`` ``(n, LATENTS, rows, columns)``, of
half the squared error by the latents; ``levels`` ``(n, LATENTS, rows, columns)``, not rounded.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

from promptcodec.layers.texture.learned.grids import CELL
from promptcodec.layers.texture.learned.model import LATENTS, QUALITIES
from promptcodec.layers.texture.learned.synthesis import (
    BLOCKS,
    SEEN,
    STARTS,
    Layer,
    Network,
    by_place,
    pack,
    shapes,
)
from training import tables
from training.texture_coder.export import load, steps
from training.texture_coder.network import SCALE, Block, Coder

SOURCE = "python -m training.texture_coder.export_nets RUN"

_OPSET, _IR = 17, 8


def half(layer: torch.nn.Conv2d) -> Layer:
    """Give a convolution's weights and biases, rounded to half floats."""
    assert layer.bias is not None
    weights, bias = (part.detach().half().float().numpy() for part in (layer.weight, layer.bias))
    return Layer(weights, bias)


def shorter(weights: np.ndarray) -> np.ndarray:
    """Round half floats to six bits behind the point: a wheel is smaller, and no picture worse."""
    bits = weights.astype("<f2").view("<u2").astype(np.uint32)
    return ((bits + 8) >> 4 << 4).astype("<u2").view("<f2")


def convolutions(layers: torch.nn.ModuleList) -> list[Layer]:
    """Give the convolutions of a list of them and of blocks."""
    parts = [[each.first, each.second] if isinstance(each, Block) else [each] for each in layers]
    return [half(part) for each in parts for part in each]


def synthesis(coder: Coder) -> Network:
    """Give what ``synthesis-1`` holds."""
    layers = convolutions(coder.draw)
    widths = tuple(layers[start + 1].weights.shape[0] for start in STARTS)
    line = Layer(coder.line().detach().half().float().numpy(), half(coder.line_out).bias)
    return Network(widths, line, tuple(layers))


class Graph:
    """Nodes and weights as they are added; every method but ``weight`` gives the name of an output."""

    def __init__(self) -> None:
        self.nodes: list[object] = []
        self.weights: list[object] = []

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: object) -> str:
        """Add a node."""
        output = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def values(self, values: np.ndarray) -> str:
        """Add values that the graph holds."""
        name = f"values{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def given(self, name: str, *shape: int) -> str:
        """Declare weights that are given when the graph is loaded."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="synthesis-1.bin")
        self.weights.append(tensor)
        return name

    def convolve(self, state: str, *weights: str) -> str:
        """Add a 3x3 convolution."""
        return self.add("Conv", state, *weights, kernel_shape=[3, 3], pads=[1, 1, 1, 1])

    def split(self, state: str, first: int, rest: int) -> str:
        """Give the first of the channels."""
        parts = self.values(np.array([first, rest]))
        outputs = [f"split{len(self.nodes)}", f"rest{len(self.nodes)}"]
        self.nodes.append(helper.make_node("Split", [state, parts], outputs, axis=1))
        return outputs[0]

    def model(self, inputs: list[object], outputs: list[object]) -> bytes:
        """Give the graph's file."""
        graph = helper.make_graph(self.nodes, "texture", inputs, outputs, self.weights)
        opset = helper.make_opsetid("", _OPSET)
        data: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=_IR).SerializeToString(
            deterministic=True
        )
        return data


def planes(name: str, channels: int) -> object:
    """Describe an input or output of so many channels."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, f"{name}_y", f"{name}_x"])


class Drawing(Graph):
    """The synthesis, there and back."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.shapes = [(LATENTS, 3 * CELL**2), *shapes(widths)]

    def layer(self, state: str, number: int) -> str:
        """Add layer ``number``; 0 is the linear part."""
        inputs, outputs = self.shapes[number]
        weights = self.given(f"weight{number}", outputs, inputs, 3, 3), self.given(f"bias{number}", outputs)
        return self.convolve(state, *weights)

    def double(self, state: str, side: int = 2) -> str:
        """Put ``side`` by ``side`` values into places of their own."""
        return self.add("DepthToSpace", state, blocksize=side, mode="CRD")

    def draw(self) -> list[str]:
        """Add the way from ``seen`` to ``drawn``; gives the states that are cut at zero."""
        line = self.double(self.layer(self.split("seen", LATENTS, SEEN - LATENTS), 0), CELL)
        state, cut, number = "seen", [], 0
        for start, blocks in zip(STARTS, BLOCKS, strict=True):
            number = start + 1
            state = self.layer(state, number)
            state = self.add("Relu", self.double(state) if start else state)
            cut.append(state)
            for _ in range(blocks):
                inner = self.add("Relu", self.layer(state, number + 1))
                cut.append(inner)
                state = self.add("Add", state, self.layer(inner, number + 2))
                number += 2
        self.add("Add", line, self.double(self.layer(state, number + 1)), name="drawn")
        return cut

    def back(self, slope: str, number: int) -> str:
        """Add the way back through layer ``number``, to the latents alone where others are seen too."""
        inputs, outputs = self.shapes[number]
        weight = self.given(f"back{number}", LATENTS if number < 2 else inputs, outputs, 3, 3)
        return self.convolve(slope, weight)

    def halve(self, slope: str, side: int = 2) -> str:
        """Undo ``double``, but by place, then channel."""
        return self.add("SpaceToDepth", slope, blocksize=side)

    def slope(self, cut: list[str]) -> None:
        """Add the way back to ``slope``."""
        apart = self.add("Sub", "drawn", "wanted")
        line = self.back(self.halve(apart, CELL), 0)
        signs = [self.add("Sign", state) for state in cut]
        number = len(self.shapes) - 1
        state = self.back(self.halve(apart), number)
        for start, blocks in zip(reversed(STARTS), reversed(BLOCKS), strict=True):
            for _ in range(blocks):
                inner = self.add("Mul", self.back(state, number - 1), signs.pop())
                state = self.add("Add", state, self.back(inner, number - 2))
                number -= 2
            state = self.add("Mul", state, signs.pop())
            number -= 1
            state = self.back(self.halve(state) if start else state, number)
        self.add("Add", line, state, name="slope")


def drawing(widths: tuple[int, ...], *, with_slope: bool) -> bytes:
    """Give a graph of the synthesis."""
    graph = Drawing(widths)
    cut = graph.draw()
    if with_slope:
        graph.slope(cut)
    wanted, slope = ([planes("wanted", 3)], [planes("slope", LATENTS)]) if with_slope else ([], [])
    return graph.model([planes("seen", SEEN), *wanted], [planes("drawn", 3), *slope])


def analysis(coder: Coder) -> bytes:
    """Give ``analysis-1``."""
    graph = Graph()

    def wide(values: np.ndarray) -> str:
        return graph.add("Cast", graph.values(values.astype(np.float16)), to=TensorProto.FLOAT)

    def layer(state: str, own: Layer, side: int = 1) -> str:
        """Add a convolution of a state whose ``side`` by ``side`` places stand in one."""
        weights = own.weights.swapaxes(0, 1)
        count = len(weights) // side**2 * side**2  # the last may be no part of a picture
        if side > 1:
            weights = np.concatenate([by_place(weights[:count], side), weights[count:]])
        return graph.convolve(state, wide(shorter(weights.swapaxes(0, 1))), wide(own.bias))

    def halve(state: str, side: int = 2) -> str:
        return graph.add("SpaceToDepth", state, blocksize=side)

    halves = halve("pixels")
    side = np.stack([(np.arange(QUALITIES) - 18) / 18, np.ones(QUALITIES)], 1).astype(np.float32)
    beside = graph.add("Gather", graph.values(side[:, :, None, None]), "quality")
    shape = graph.add("Concat", graph.values(np.array([1, 1])), graph.add("Shape", halves, start=2), axis=0)
    state = graph.add("Concat", halves, graph.add("Expand", beside, shape), axis=1)
    enter, *rest, leave = coder.see
    state = graph.add("Relu", layer(state, half(enter), 2))
    for own in rest:
        if isinstance(own, Block):
            inner = graph.add("Relu", layer(state, half(own.first)))
            state = graph.add("Add", state, layer(inner, half(own.second)))
        else:
            state = graph.add("Relu", layer(halve(state), half(own), 2))
    state = layer(state, half(leave))
    line = layer(halve("pixels", CELL), half(coder.line_in), CELL)
    gains = graph.values((SCALE / steps()).astype(np.float32)[:, None, None, None])
    graph.add("Mul", graph.add("Add", line, state), graph.add("Gather", gains, "quality"), name="levels")
    quality = helper.make_tensor_value_info("quality", TensorProto.INT64, ["n"])
    return graph.model([planes("pixels", 3), quality], [planes("levels", LATENTS)])


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    coder = load(options.run)
    network = synthesis(coder)
    contents = {
        "synthesis-1.bin": pack(network),
        "synthesis-graph-1.onnx": drawing(network.widths, with_slope=False),
        "synthesis-slope-1.onnx": drawing(network.widths, with_slope=True),
        "analysis-1.onnx": analysis(coder),
    }
    for file, content in contents.items():
        tables.write(file.partition(".")[0], file, content, source=SOURCE)
        print(f"{file}: {len(content)} bytes")


if __name__ == "__main__":
    main()
