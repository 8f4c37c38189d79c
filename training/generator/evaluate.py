"""Compare a run's pictures with held-out pictures of the shards, whole and at full size.

    python -m training.generator.evaluate --config small [--run DIR] [--limit N] [--sheet FILE]

A line for each set of layers and each strength: PSNR, and the distance in EfficientNet-Lite0's features, both
also against the ground (the texture, enlarged bilinearly). A quick look while training
goes on; ``python -m eval builtin`` judges.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

from promptcodec.generators import maps
from training.generator import BUILD
from training.generator.data import Floats, Item, read
from training.generator.export import trained
from training.generator.features import Lite0, distance, freeze
from training.generator.network import CONFIGS

SETS = ((True, False, False), (True, False, True), (True, True, True))
STRENGTHS = (0.0, 0.5, 1.0)
_STEP = 16


def whole(item: Item, present: tuple[bool, bool, bool], strength: float) -> tuple[Floats, Floats, Floats]:
    """Give maps, vector and picture of the largest part of an item that needs no padding."""
    width, height = (side // _STEP * _STEP for side in item.image.size)
    box = (0, 0, width / item.image.width, height / item.image.height)
    columns, rows = width // maps.FACTOR, height // maps.FACTOR

    def part(image: Image.Image, size: tuple[int, int]) -> Floats:
        edges = [edge * length for edge, length in zip(box, image.size * 2, strict=True)]
        return maps.pixels(image.resize(size, Image.Resampling.BILINEAR, box=tuple(edges)))

    texture, structure, words = present
    given = maps.stack(
        part(item.textures[0], (columns, rows)) if texture else None,
        part(item.structure, (2 * columns, 2 * rows)) if structure else None,
        maps.sample(item.field, box, (columns, rows)) if words else None,
        np.random.default_rng(0).standard_normal((rows, columns), dtype=np.float32),
    )
    vector = maps.vector(max(item.image.size), strength, present, item.words if words else None)
    return given, vector, maps.pixels(item.image.crop((0, 0, width, height)))


def psnr(drawn: torch.Tensor, wanted: torch.Tensor) -> float:
    """Give the PSNR of pictures from -1 to 1."""
    return float(10 * torch.log10(4 / (drawn.clamp(-1, 1) - wanted).square().mean()))


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", choices=tuple(CONFIGS), default="small")
    parser.add_argument("--run", type=Path, help="folder of the run")
    parser.add_argument("--shards", type=Path, default=BUILD / "shards")
    parser.add_argument("--limit", type=int, default=24, help="pictures")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="show the first pictures")
    options = parser.parse_args()
    decoder = trained(options.config, options.run or BUILD / options.config)
    lite0 = freeze(Lite0())
    items = read(options.shards, held=True)[: options.limit]
    shown: list[list[torch.Tensor]] = [[] for _ in items]
    for present in SETS:
        names = ", ".join(name for name, there in zip(maps.LAYERS, present, strict=True) if there)
        for strength in STRENGTHS:
            scores = []
            for number, item in enumerate(items):
                given, vector, wanted = (
                    torch.from_numpy(each)[None] for each in whole(item, present, strength)
                )
                ground = functional.interpolate(given[:, :3], scale_factor=4.0, mode="bilinear")
                with torch.no_grad():
                    drawn = decoder(given, vector).clamp(-1, 1)
                    target = lite0(wanted)
                    apart = [float(distance(lite0(each), target)) for each in (drawn, ground)]
                scores.append([psnr(drawn, wanted), apart[0], psnr(ground, wanted), apart[1]])
                if present in SETS[::2]:
                    shown[number] += [wanted, ground, drawn] if strength == 0 else [drawn]
            score, far, score_ground, far_ground = np.mean(scores, 0)
            print(
                f"{names}, strength {strength}: PSNR {score:.2f} ({score - score_ground:+.2f}), "
                f"Lite0 {far:.4f} ({far / far_ground - 1:+.1%})",
                flush=True,
            )
    if options.sheet:
        lines = [torch.cat([functional.pad(each, (0, 2)) for each in row], 3)[0] for row in shown[:8]]
        widest = max(line.shape[2] for line in lines)
        page = torch.cat([functional.pad(line, (0, widest - line.shape[2], 0, 2)) for line in lines], 1)
        pixels = ((page.permute(1, 2, 0) + 1) * 127.5).round().to(torch.uint8).numpy()
        Image.fromarray(pixels).save(options.sheet, quality=90)


if __name__ == "__main__":
    main()
