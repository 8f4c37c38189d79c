"""Measure the whole chain on folders of pictures: bytes by part, bpp, seconds, PSNR, SSIM, check score.

    python -m eval.chain DIR [DIR...] [--limit N] [--json]

Every picture is encoded from its file at each setting, decoded with `builtin`, and compared with the
original at its own size. Bytes are the length of the stream. PSNR is of the mean squared error over RGB;
SSIM is scikit-image's, Gaussian window, data range 255, mean over channels.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

import promptcodec
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.vision.load import load_image

SETTINGS: dict[str, dict[str, Any]] = {
    "text only, no budget": {"layers": ("semantic",), "recipe": "off"},
    "text only, 100 B": {"layers": ("semantic",), "budget": 100},
    "100 B": {"budget": 100},
    "200 B": {"budget": 200},
    "500 B": {"budget": 500},
}


def measure(path: Path, setting: dict[str, Any]) -> dict[str, float]:
    """Encode and decode one picture; give its figures."""
    data = path.read_bytes()
    original = load_image(data)
    start = time.perf_counter()
    stream = promptcodec.encode(data, **setting)
    encoded = time.perf_counter()
    decoded = promptcodec.decode(stream, generator="builtin:classical")
    done = time.perf_counter()
    said = promptcodec.inspect(stream)
    assert said["bytes"] == len(stream) == said["overhead_bytes"] + sum(p["bytes"] for p in said["parts"])
    assert len(stream) <= setting.get("budget", len(stream))
    row = {"bytes": len(stream), "bpp": said["bpp"], "overhead": said["overhead_bytes"]}
    row |= {part["type"]: part["bytes"] for part in said["parts"]}
    row |= {"enc_s": encoded - start, "dec_s": done - encoded}
    return row | compare(original, decoded.image)


def compare(first: Image.Image, second: Image.Image) -> dict[str, float]:
    """Give PSNR in dB and SSIM of two RGB pictures of one size."""
    a, b = np.asarray(first, np.float32), np.asarray(second, np.float32)
    error = float(((a - b) ** 2).mean())
    ssim = structural_similarity(a, b, channel_axis=2, data_range=255, gaussian_weights=True)
    return {"psnr": float(10 * np.log10(255**2 / max(error, 1e-9))), "ssim": float(ssim)}


def main() -> None:
    """Print one row of means per folder and setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, help="pictures per folder")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    columns = ("bytes", "overhead", "semantic", "texture", "recipe", "bpp", "enc_s", "dec_s", "psnr", "ssim")
    if not options.json:
        print(f"| folder | setting | n | {' | '.join(columns)} |")
        print("|---" * (len(columns) + 3) + "|")
    for folder in options.folders:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
        for name, setting in SETTINGS.items():
            sums: dict[str, float] = defaultdict(float)
            chosen = paths[: options.limit]
            for path in chosen:
                for key, value in measure(path, setting).items():
                    sums[key] += value / len(chosen)
            if options.json:
                print(
                    json.dumps({"folder": folder.name, "setting": name, "n": len(chosen), **sums}), flush=True
                )
            else:
                cells = (
                    f"{sums[column]:.5f}" if column == "bpp" else f"{sums[column]:.2f}" for column in columns
                )
                print(f"| {folder.name} | {name} | {len(chosen)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
