"""Let the detector take bytes in blocks of 2x2 pixels, of pictures of any shape; its answers stay the same.

Its first convolution reads three colours at every other pixel, 3x3 of them: nine short reads. Over blocks of
2x2 pixels with twelve values it reads 2x2 neighbours: the same products, in a fifth of the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

TAPS = ((0, 1), (1, 0), (1, 1))
"""In which block of two, and where in it, the three taps of the kernel lie along an axis."""


def in_blocks(model: Any) -> Any:
    """Change a graph of ``training.detectors.things``, rounded to int8, in place.

    Returns:
        A graph that takes ``pixels``, uint8 ``(1, rows, cols, 12)``: of each block the upper left, upper
        right, lower left and lower right pixel, RGB, quantised as the graph did it.
    """
    graph = model.graph
    quantised = next(node for node in graph.node if node.input[:1] == ["pixels"])
    read = next(node for node in graph.node if node.input[:1] == [quantised.output[0]])
    first = next(node for node in graph.node if node.input[:1] == [read.output[0]])
    dequantised = next(node for node in graph.node if node.output[0] == first.input[1])
    stored = next(item for item in graph.initializer if item.name == dequantised.input[0])
    stored.CopyFrom(numpy_helper.from_array(kernel(numpy_helper.to_array(stored)), stored.name))
    read.input[0] = "channels first"
    del first.attribute[:]
    first.attribute.extend(
        helper.make_attribute(name, value)
        for name, value in (("kernel_shape", [2, 2]), ("pads", [1, 1, 0, 0]), ("strides", [1, 1]))
    )
    nodes = [node for node in graph.node if node is not quantised]
    turn = helper.make_node("Transpose", ["pixels"], ["channels first"], perm=[0, 3, 1, 2])
    del graph.node[:]
    graph.node.extend([turn, *nodes])
    del graph.value_info[:]
    del graph.input[:]
    graph.input.append(
        helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, [1, "rows", "cols", 12])
    )
    onnx.checker.check_model(model)
    return model


def kernel(weights: np.ndarray) -> np.ndarray:
    """Give a kernel over blocks ``(n, 12, 2, 2)`` for one over pixels ``(n, 3, 3, 3)``, BGR."""
    result = np.zeros((len(weights), 2, 2, 3, 2, 2), weights.dtype)
    for down, (row, inner_row) in enumerate(TAPS):
        for across, (col, inner_col) in enumerate(TAPS):
            result[:, inner_row, inner_col, :, row, col] = weights[:, ::-1, down, across]
    return result.reshape(len(weights), 12, 2, 2)
