"""The decoder as an ONNX graph, node by node: what the file holds is what is written here.

Weights are stored in 16 bits and widened by a node of their own, so arithmetic has 32.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from promptcodec.generators import maps, network
from training.generator.network import Block, Config, Decoder, reach

OPSET = 17
# What ONNX calls sub-pixels in the order of torch.nn.functional.pixel_shuffle.
_ORDER = "CRD"


class _Graph:
    """Nodes and weights in the making; every method adds one operation and gives its output's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.given: list[torch.Tensor] = []

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, values: torch.Tensor) -> str:
        name = f"weight{len(self.weights)}"
        self.given.append(values)
        self.weights.append(numpy_helper.from_array(values.detach().half().cpu().numpy(), name))
        return self.add("Cast", name, to=TensorProto.FLOAT)

    def whole(self, values: list[int] | list[float], kind: int) -> str:
        name = f"weight{len(self.weights)}"
        self.weights.append(helper.make_tensor(name, kind, [len(values)], values))
        return name

    def conv(self, x: str, layer: nn.Conv2d) -> str:
        assert layer.bias is not None
        if layer.kernel_size == (3, 3):
            x = self.add("Pad", x, self.whole([0, 0, 1, 1] * 2, TensorProto.INT64), mode="edge")
        inputs = (x, self.weight(layer.weight), self.weight(layer.bias))
        return self.add("Conv", *inputs, strides=list(layer.stride))

    def linear(self, x: str, layer: nn.Linear) -> str:
        return self.add("Gemm", x, self.weight(layer.weight), self.weight(layer.bias), transB=1)

    def shuffle(self, x: str) -> str:
        return self.add("DepthToSpace", x, blocksize=2, mode=_ORDER)

    def block(self, x: str, block: Block, whole: str) -> str:
        places = self.whole([2, 3], TensorProto.INT64)
        both = self.add("Unsqueeze", self.linear(whole, block.modulate), places)
        half = block.modulate.out_features // 2
        axis, bounds = (
            self.whole([1], TensorProto.INT64),
            [self.whole([at], TensorProto.INT64) for at in (0, half, 2 * half)],
        )
        scale = self.add("Slice", both, bounds[0], bounds[1], axis)
        shift = self.add("Slice", both, bounds[1], bounds[2], axis)
        one = self.add("Add", scale, self.whole([1.0], TensorProto.FLOAT))
        inner = self.add("Add", self.add("Mul", self.conv(x, block.first), one), shift)
        return self.add("Add", x, self.conv(self.add("Relu", inner), block.second))


def draw(decoder: Decoder) -> _Graph:
    """Write down what ``Decoder.forward`` does."""
    graph = _Graph()
    whole = "vector"
    for layer in decoder.whole:
        whole = graph.linear(whole, layer) if isinstance(layer, nn.Linear) else graph.add("Relu", whole)
    x = graph.conv("maps", decoder.enter)
    kept: list[str] = []
    for number, stage in enumerate(decoder.stages):
        if number in {1, 2}:
            kept.append(x)
            x = graph.conv(x, decoder.down[number - 1])
        elif number > 2:
            x = graph.add("Add", graph.shuffle(graph.conv(x, decoder.up[number - 3])), kept.pop())
        for block in stage:
            x = graph.block(x, block, whole)
    x = graph.add("Relu", graph.shuffle(graph.conv(x, decoder.widen)))
    x = graph.add("Add", graph.add("Relu", graph.conv(x, decoder.refine)), x)
    drawn = graph.shuffle(graph.conv(x, decoder.leave))
    bounds = [graph.whole([at], TensorProto.INT64) for at in (0, 3, 1)]
    colours = graph.add("Slice", "maps", *bounds)
    factor = float(maps.FACTOR)
    scales = graph.whole([1.0, 1.0, factor, factor], TensorProto.FLOAT)
    ground = graph.add(
        "Resize", colours, "", scales, mode="linear", coordinate_transformation_mode="half_pixel"
    )
    graph.nodes.append(helper.make_node("Add", [ground, drawn], ["picture"]))
    return graph


def model(decoder: Decoder, config: Config) -> bytes:
    """Give the decoder as an ONNX file; its properties say how far it looks, and what is beyond the edges."""
    graph = draw(decoder)

    def value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    inputs = [value("maps", 1, maps.DEPTH, "height", "width"), value("vector", 1, maps.VECTOR)]
    outputs = [value("picture", 1, 3, "4 height", "4 width")]
    whole = helper.make_graph(graph.nodes, "decoder", inputs, outputs, graph.weights)
    onnx_model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(onnx_model, {"reach": str(reach(config)), "edges": "repeated"})
    onnx.checker.check_model(onnx_model, full_check=True)
    return bytes(onnx_model.SerializeToString(deterministic=True))


def restore(decoder: Decoder, data: bytes) -> None:
    """Give a decoder the weights of a file that ``model`` made of one like it, whatever its edges."""
    with torch.no_grad():
        for own, (shape, halves) in zip(draw(decoder).given, network.tensors(data), strict=True):
            own.copy_(torch.from_numpy(np.frombuffer(halves, "<f2").reshape(shape).astype(np.float32)))
