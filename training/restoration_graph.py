"""Make the tables ``restoration-graph-1`` and ``restoration-slope-1``: the restoring network as ONNX graphs.

    python -m training.restoration_graph

It needs the package onnx. The graphs hold no weights: they are those of ``restoration-1``, given to them when
they are loaded, so that no weight is kept twice.

Inputs, float32: ``seen`` ``(n, INPUTS, rows, columns)``, what the network looks at; ``size``
``(n, 1, 1, 1)``, that of the step. Output: ``added``, what the network adds to the picture, ``(n, OUTPUTS,
rows, columns)``. The second graph also takes ``wanted``, the picture that restoring should give, and gives
``slope``, the slope of half the squared error by the picture, both of the form of ``added``.
"""

from __future__ import annotations

from onnx import TensorProto, helper

from promptcodec.layers.texture.dct.restoration import BLOCKS, INPUTS, LAYERS, OUTPUTS
from training import tables

_OPSET, _IR = 17, 8


class Graph:
    """Nodes and weights as they are added."""

    def __init__(self) -> None:
        self.nodes: list[object] = []
        self.weights: list[object] = []

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: object) -> str:
        """Add a node; gives the name of its output."""
        output = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(self, name: str, *shape: int) -> str:
        """Declare weights that are given when the graph is loaded."""
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="restoration-1.bin")
        self.weights.append(tensor)
        return name

    def convolve(self, state: str, number: int) -> str:
        """Add layer ``number``."""
        inputs, outputs = LAYERS[number]
        weight = self.weight(f"weight{number}", outputs, inputs, 3, 3)
        bias = self.weight(f"bias{number}", outputs)
        return self.add("Conv", state, weight, bias, kernel_shape=[3, 3], pads=[1, 1, 1, 1])

    def back(self, slope: str, number: int) -> str:
        """Add the way back through layer ``number``."""
        inputs, outputs = LAYERS[number]
        weight = self.weight(f"back{number}", inputs, outputs, 3, 3)
        return self.add("Conv", slope, weight, kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def build(*, with_slope: bool) -> bytes:
    """Give a graph."""
    graph = Graph()
    state = graph.add("Relu", graph.convolve("seen", 0))
    above = [state]
    for block in range(BLOCKS):
        inner = graph.add("Relu", graph.convolve(state, 2 * block + 1))
        above.append(inner)
        state = graph.add("Add", state, graph.convolve(inner, 2 * block + 2))
    above.append(graph.add("Relu", state))
    graph.add("Mul", graph.convolve(above[-1], len(LAYERS) - 1), "size", name="added")
    if with_slope:
        _add_slope(graph, above)
    inputs = [("seen", INPUTS), *([("wanted", OUTPUTS)] if with_slope else [])]
    outputs = [("added", OUTPUTS), *([("slope", OUTPUTS)] if with_slope else [])]
    size = helper.make_tensor_value_info("size", TensorProto.FLOAT, ["n", 1, 1, 1])
    graph_proto = helper.make_graph(
        graph.nodes,
        "restoration",
        [*map(_place, inputs), size],
        list(map(_place, outputs)),
        graph.weights,
    )
    model = helper.make_model(graph_proto, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    data: bytes = model.SerializeToString()
    return data


def _add_slope(graph: Graph, above: list[str]) -> None:
    """Add the way back from what is added; ``above`` are the states that count where they are above zero."""
    graph.weights.append(helper.make_tensor("parts", TensorProto.INT64, [2], [OUTPUTS, INPUTS - OUTPUTS]))
    graph.nodes.append(helper.make_node("Split", ["seen", "parts"], ["picture", "rest"], axis=1))
    apart = graph.add("Sub", graph.add("Add", "picture", "added"), "wanted")
    signs = [graph.add("Sign", state) for state in above]
    state = graph.back(graph.add("Mul", apart, "size"), len(LAYERS) - 1)
    state = graph.add("Mul", state, signs[-1])
    for block in range(BLOCKS, 0, -1):
        inner = graph.add("Mul", graph.back(state, 2 * block), signs[block])
        state = graph.add("Add", state, graph.back(inner, 2 * block - 1))
    through = graph.back(graph.add("Mul", state, signs[0]), 0)
    graph.nodes.append(helper.make_node("Split", [through, "parts"], ["by_picture", "by_rest"], axis=1))
    graph.add("Add", apart, "by_picture", name="slope")


def _place(item: tuple[str, int]) -> object:
    name, channels = item
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "rows", "columns"])


if __name__ == "__main__":
    for name, with_slope in (("restoration-graph-1", False), ("restoration-slope-1", True)):
        data = build(with_slope=with_slope)
        tables.write(name, f"{name}.onnx", data, source="python -m training.restoration_graph")
