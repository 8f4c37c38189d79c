"""Make the table of a trained decoder, ``generator-CONFIG-2``: ONNX, compared with its checkpoint.

    python -m training.generator.export --config small [--run DIR] [--to FILE]

Without --to the table ``generator-CONFIG-2`` and its line in the manifest are written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from promptcodec.generators import learned, maps
from training import tables
from training.generator import BUILD, graph
from training.generator.network import CONFIGS, Decoder
from training.generator.train import load

TOLERANCE = 1 / 255


def difference(decoder: Decoder, data: bytes) -> float:
    """Give the largest difference of file and checkpoint, on a scale from 0 to 1."""
    rng = np.random.default_rng(0)
    drawing = learned.open_decoder(data)
    apart = 0.0
    for size in ((24, 32), (48, 20)):
        given = rng.uniform(-1, 1, (maps.DEPTH, *size)).astype(np.float32)
        vector = rng.uniform(-1, 1, maps.VECTOR).astype(np.float32)
        with torch.no_grad():
            wanted = decoder(torch.from_numpy(given)[None], torch.from_numpy(vector)[None])[0].numpy()
        exported = learned.run(drawing, given, vector)
        apart = max(apart, float(np.abs(np.clip(exported, -1, 1) - np.clip(wanted, -1, 1)).max()) / 2)
    return apart


def trained(name: str, folder: Path) -> Decoder:
    """Give the decoder of a run, the mean of its last steps.

    Raises:
        SystemExit: there is no such run.
    """
    state = load(folder, "state")
    if state is None:
        raise SystemExit(f"no training in {folder}; run python -m training.generator.train first")
    decoder = Decoder(CONFIGS[name])
    decoder.load_state_dict(state["shown"])
    return decoder.eval()


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", choices=tuple(CONFIGS), default="small")
    parser.add_argument("--run", type=Path, help="folder of the run")
    parser.add_argument("--to", type=Path, help="write this file and no table")
    options = parser.parse_args()
    decoder = trained(options.config, options.run or BUILD / options.config)
    data = graph.model(decoder, CONFIGS[options.config])
    apart = difference(decoder, data)
    print(f"{len(data)} bytes, at most {apart * 255:.3f} / 255 from the checkpoint")
    if apart > TOLERANCE:
        raise SystemExit("the file does not draw what the checkpoint draws; nothing written")
    if options.to:
        options.to.write_bytes(data)
    else:
        name = f"generator-{options.config}-2"
        source = f"python -m training.generator.export --config {options.config}"
        tables.write(name, f"{name}.onnx", data, source=source)


if __name__ == "__main__":
    main()
