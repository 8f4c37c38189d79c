"""Does a picture drawn from words alone find its original among the others? By grid-wise CIEDE2000.

    python -m eval.pick_own DIR [--budget BYTES] [--grid N] [--json]

Every picture of the folder is encoded as words only and decoded with `builtin`; the drawing is compared
with every original by the mean CIEDE2000 over an N x N grid of means. Pictures of another shape count too:
the grid does not know it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from promptcodec import decode, encode
from promptcodec.checks.measure import reduce
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.vision.colour import ciede2000
from promptcodec.vision.load import load_image


def main() -> None:
    """Print how many find their own, and the bytes spent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budget", type=int)
    parser.add_argument("--grid", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths = [path for path in sorted(options.folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
    pictures = [load_image(path) for path in paths]
    originals = np.array([reduce(picture, options.grid, options.grid) for picture in pictures])
    found, sizes, own = 0, [], []
    for index, picture in enumerate(pictures):
        stream = encode(picture, layers=("semantic",), budget=options.budget)
        drawn = reduce(decode(stream, generator="builtin:classical").image, options.grid, options.grid)
        distances = ciede2000(np.broadcast_to(drawn, originals.shape), originals).mean(axis=(1, 2))
        found += int(distances.argmin() == index)
        own.append(float(distances[index]))
        sizes.append(len(stream))
    row = {
        "n": len(paths),
        "found": found,
        "bytes": np.mean(sizes),
        "ciede2000": round(float(np.mean(own)), 2),
    }
    print(json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
