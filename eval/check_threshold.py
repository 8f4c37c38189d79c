"""Find the score that tells matched from mismatched pictures, and say how often it is wrong.

    python -m eval.check_threshold DIR [DIR...] [--limit N]

For every picture and two settings (words only at 100 B, words and colour map at 200 B), the stream is
checked against its own decoded picture and its original (matched), and against the original and the
decoded picture of the next file (mismatched).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from promptcodec import decode, encode
from promptcodec.checks import THRESHOLD
from promptcodec.codec import check
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.vision.load import load_image

SETTINGS = {"words, 100 B": (("semantic",), 100), "words + map, 200 B": (("semantic", "texture"), 200)}
LONGEST = 768


def main() -> None:
    """Print score quantiles and error rates by setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, help="pictures per folder")
    options = parser.parse_args()
    scores: dict[tuple[str, str], list[float]] = {}
    for folder in options.folders:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
        pictures = [load_image(path) for path in paths[: options.limit]]
        for picture in pictures:
            picture.thumbnail((LONGEST, LONGEST))
        for name, (layers, budget) in SETTINGS.items():
            streams = [encode(picture, layers=layers, budget=budget) for picture in pictures]
            drawn = [decode(stream).image for stream in streams]
            for index, stream in enumerate(streams):
                other = (index + 1) % len(streams)
                for kind, image in (
                    ("matched, decoded", drawn[index]),
                    ("matched, original", pictures[index]),
                    ("other, original", pictures[other]),
                    ("other, decoded", drawn[other]),
                ):
                    scores.setdefault((name, kind), []).append(check(stream, image).score)
    for (name, kind), values in scores.items():
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        wrong = np.mean([(value >= THRESHOLD) != kind.startswith("matched") for value in values])
        print(
            f"{name:20} {kind:18} n {len(values):3}  5 % {low:.2f}  median {middle:.2f}  95 % {high:.2f}  "
            f"wrong at {THRESHOLD}: {wrong:.1%}"
        )


if __name__ == "__main__":
    main()
