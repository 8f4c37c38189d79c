"""Compare a run's pictures with those of the table that is shipped, each held to its stream as decoding does.

    python -m training.generator.evaluate --config small [--run DIR] [--images DIR ...] [--limit N]

Texture layers of 100 to 800 bytes, long sides of at most 512, by default of the pictures held out of the
training. A line for each number of bytes and each side: VGG distance and plane waves in smooth areas, means
over the pictures, and by how many percent they change against the first side, with 95 % intervals. The first
side is the shipped table on streams of the DCT; the second the same on streams of the nearer coder; the third
is the run's, on these. ``python -m eval builtin`` judges what is shipped in full.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from eval import images
from eval.metrics import vgg
from eval.metrics.waves import waves
from promptcodec import models
from promptcodec.generators import Conditions, builtin, learned
from promptcodec.layers import texture
from promptcodec.layers.texture import dct
from promptcodec.layers.texture.coders import DCT
from promptcodec.settings import STRENGTH
from training.generator import BUILD, graph, held_out, pictures
from training.generator.export import trained
from training.generator.network import CONFIGS
from training.texts import DATA

BUDGETS = (100, 200, 400, 800)
SIDES = ("shipped, DCT", "shipped", "trained")
METRICS = ("vgg", "waves")
LONGEST = 512
DRAWS, SEED = 2000, 1


def change(scores: np.ndarray) -> tuple[float, float, float]:
    """Give how the mean changes, in percent, and the bounds of its 95 % interval.

    Args:
        scores: ``(pictures, 2)``, before and after; rows that are not finite are left out.
    """
    known = scores[np.isfinite(scores).all(1)]
    if not len(known):
        return (float("nan"),) * 3
    chosen = np.random.default_rng(SEED).integers(0, len(known), (DRAWS, len(known)))
    means = known[chosen].mean(1)
    low, high = np.percentile(100 * (means[:, 1] / means[:, 0] - 1), (2.5, 97.5))
    before, after = known.mean(0)
    return float(100 * (after / before - 1)), float(low), float(high)


def drawings(
    image: Image.Image, budget: int, strength: float, decoders: tuple[learned.Decoder, learned.Decoder]
) -> list[Image.Image]:
    """Draw one picture's texture layer on each of SIDES, ``decoders`` being the shipped and the trained."""
    shipped, own = decoders
    plain, near = bytes([DCT]) + dct.encode(image, budget), texture.encode(image, budget, stored=True)
    drawn = []
    for payload, decoder in ((plain, shipped), (near, shipped), (near, own)):
        coefficients, picture = texture.draw(payload, image.size)
        conditions = Conditions(image.size, 1, texture=picture, coefficients=coefficients, strength=strength)
        drawn.append(learned.draw_by(decoder, conditions))
    return drawn


def compare(
    paths: list[Path], draw: Callable[[Image.Image, int], list[Image.Image]], data: Path
) -> np.ndarray:
    """Give scores, ``(pictures, BUDGETS, SIDES, METRICS)``."""
    scores = np.full((len(paths), len(BUDGETS), len(SIDES), len(METRICS)), np.nan)
    for number, path in enumerate(paths):
        with Image.open(path) as file:
            image = file.convert("RGB")
        image = images.scaled(image, LONGEST) if max(image.size) > LONGEST else image
        truth = vgg.features(image)
        for place, budget in enumerate(BUDGETS):
            for side, drawn in enumerate(draw(image, budget)):
                far = vgg.distances(truth, vgg.features(drawn), data)["vgg"]
                scores[number, place, side] = far, waves(image, drawn)
        print(f"{number + 1} of {len(paths)}: {path.name}", flush=True)
    return scores


def report(scores: np.ndarray) -> list[dict[str, Any]]:
    """Give a row for each number of bytes, side and metric of ``compare``'s scores."""
    rows = []
    for place, budget in enumerate(BUDGETS):
        for side, name in enumerate(SIDES):
            for kind, metric in enumerate(METRICS):
                own = scores[:, place, side, kind]
                row: dict[str, Any] = {"bytes": budget, "side": name, "metric": metric}
                row |= {"mean": float(np.nanmean(own)), "pictures": int(np.isfinite(own).sum())}
                if side:
                    row["percent"] = change(scores[:, place, (0, side), kind])
                rows.append(row)
    return rows


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", choices=tuple(CONFIGS), default="small")
    parser.add_argument("--run", type=Path, help="folder of the run")
    parser.add_argument("--data", type=Path, default=Path(DATA))
    parser.add_argument("--images", type=Path, nargs="*", help="folders of other pictures")
    parser.add_argument("--limit", type=int, default=24, help="pictures of each folder")
    parser.add_argument("--strength", type=float, default=STRENGTH)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    decoder = trained(options.config, options.run or BUILD / options.config)
    own = learned.open_decoder(graph.model(decoder, CONFIGS[options.config]))
    both = learned.open_decoder(models.load(builtin.TRAINED["small"])), own
    if options.images:
        paths = [path for folder in options.images for path in images.listed(folder, options.limit)]
    else:
        held = [path for path in pictures(options.data) if held_out(path.stem)]
        paths = held[: options.limit]
    rows = report(
        compare(paths, lambda image, budget: drawings(image, budget, options.strength, both), options.data)
    )
    for row in rows:
        apart = "{:+.1f} % ({:+.1f} .. {:+.1f})".format(*row["percent"]) if "percent" in row else ""
        print(f"{row['bytes']:4} B  {row['side']:13} {row['metric']:6} {row['mean']:8.4f}  {apart}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
