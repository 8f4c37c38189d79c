"""Store the weights of a network as half floats; it computes in full ones as before."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

LEAST = 64
"""Fewest values worth a node that widens them."""


def halve(model: Any) -> Any:
    """Give a model with its larger weights in half floats, without unused ones and without notes.

    Args:
        model: ONNX, weights as initializers; changed in place.
    """
    graph = model.graph
    used = {name for node in graph.node for name in node.input}
    kept, widened = [], []
    for item in graph.initializer:
        values = numpy_helper.to_array(item)
        if item.name not in used:
            continue
        if values.dtype == np.float32 and values.size >= LEAST:
            kept.append(numpy_helper.from_array(values.astype(np.float16), item.name + "/half"))
            widened.append(
                helper.make_node("Cast", [item.name + "/half"], [item.name], to=onnx.TensorProto.FLOAT)
            )
        else:
            kept.append(item)
    initializers = {item.name for item in graph.initializer}
    inputs = [value for value in graph.input if value.name not in initializers]
    nodes = [*widened, *graph.node]
    for field, items in (("initializer", kept), ("input", inputs), ("node", nodes)):
        values = [type(item).FromString(item.SerializeToString()) for item in items]
        graph.ClearField(field)
        getattr(graph, field).extend(values)
    graph.ClearField("value_info")
    model.doc_string = graph.doc_string = ""
    for node in graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model)
    return model
