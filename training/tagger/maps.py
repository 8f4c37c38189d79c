"""Let the network give its feature maps too.

Nodes and weights stay as ``training.tagger.export`` rounded them: logits and embedding are the same. The
picture may have any sides that are multiples of 32. ``fine`` has 40 channels and a cell for 8x8 pixels,
``middle`` 112 for 16x16, ``coarse`` 320 and ``head`` 1280 for 32x32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

MAPS = {"fine": (4, 40, 8), "middle": (10, 112, 16), "coarse": (15, 320, 32)}
"""By output: the block it comes out of, channels, pixels along a cell."""


def with_maps(model: Any) -> Any:
    """Add the outputs to a graph of EfficientNet-Lite0 in int8; changed in place."""
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    sources = {}
    for output, (block, channels, pixels) in MAPS.items():
        # The block after it reads what this one gives; after the last block the head does.
        following = f"_blocks.{block + 1}._expand_conv" if block < 15 else "_conv_head"
        reader = next(node for node in graph.node if node.op_type == "Conv" and following in node.input[1])
        sources[output] = reader.input[0], channels, pixels
    pool = next(node for node in graph.node if node.op_type == "ReduceMean")
    sources["head"] = pool.input[0], 1280, 32
    for output, (name, channels, pixels) in sources.items():
        maker = makers[name]
        for node in readers[name]:
            node.input[:] = [output if item == name else item for item in node.input]
        maker.output[:] = [output if item == name else item for item in maker.output]
        shape = ["n", channels, f"rows{pixels}", f"cols{pixels}"]
        graph.output.append(helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, shape))
    del graph.value_info[:]
    sides = graph.input[0].type.tensor_type.shape.dim
    for side, letter in ((1, "h"), (2, "w")):
        sides[side].Clear()
        sides[side].dim_param = letter
    onnx.checker.check_model(model)
    return model


def class_weights(model: Any) -> bytes:
    """Give the table of the last layer: a step and a bias for each class as float32, then weights in int8."""
    values = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    name = next(name for name in values if name.endswith("_fc.weight_quantized")).removesuffix(
        ".weight_quantized"
    )
    biases = values[f"{name}.bias_quantized"] * values[f"{name}.bias_quantized_scale"]
    steps = np.stack([values[f"{name}.weight_scale"], biases]).astype("<f4")
    return steps.tobytes() + values[f"{name}.weight_quantized"].tobytes()
