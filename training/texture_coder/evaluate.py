"""How far a trained coder is, by ideal code lengths, levels refined once.

    python -m training.texture_coder.evaluate RUN --data DIR

Held-out pictures, PSNR at their own size, against the coder of frequencies at the same bytes; what that
gives is kept in build/.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from promptcodec.layers.texture import dct
from training.pictures import allowed
from training.texture_coder.export import load
from training.texture_coder.grids import AREAS, grid
from training.texture_coder.network import SCALE, Coder
from training.texture_coder.pack import HELD_OUT, canvas

BUDGETS = (24, 48, 64, 100, 200, 400, 500, 1000, 2000)
HEAD = 2.5
"""Bytes that ideal code lengths leave out."""
MIDDLE = 127.5


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Give PSNR in dB."""
    return float(10 * np.log10(255**2 / np.mean((first.astype(np.float64) - second) ** 2)))


def held_out(data: Path, limit: int) -> list[Path]:
    """Give held-out pictures, spread over all."""
    paths = allowed(data)[::HELD_OUT]
    return paths[:: max(1, len(paths) // limit)][:limit]


def frequencies(image: Image.Image) -> list[float]:
    """Give the PSNR of the coder of frequencies at BUDGETS."""
    drawn = (dct.draw(dct.encode(image, budget), image.size).picture for budget in BUDGETS)
    return [psnr(np.asarray(image), np.asarray(picture)) for picture in drawn]


@torch.no_grad()
def learned(coder: Coder, image: Image.Image) -> tuple[list[float], list[int]]:
    """Give the best PSNR over all sizes at BUDGETS, and the sizes."""
    truth = np.asarray(image)
    curves = []
    qualities = torch.arange(10, 45, 2.0)
    for size in range(len(AREAS)):
        own = np.array(canvas(image, *grid(image.width / image.height, size)))
        pixels = (torch.from_numpy(own).permute(2, 0, 1).float()[None] - MIDDLE) / SCALE
        bits, _, levels = coder(pixels.expand(len(qualities), -1, -1, -1), qualities)
        drawn = (coder.synthesise(levels, qualities) * SCALE + MIDDLE).round().clamp(0, 255).byte()
        pictures = map(Image.fromarray, drawn.permute(0, 2, 3, 1).numpy())
        scores = [
            psnr(truth, np.asarray(each.resize(image.size, Image.Resampling.LANCZOS))) for each in pictures
        ]
        sizes = bits.sum(1).numpy() / 8 + HEAD
        order = np.argsort(sizes)
        known = np.log(sizes[order]), np.array(scores)[order]
        curves.append(np.interp(np.log(BUDGETS), *known, left=-99))
    best = np.array(curves)
    return best.max(0).tolist(), best.argmax(0).tolist()


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--base", type=Path, default=Path("build/texture_base.json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    coder = load(options.run)
    coder.refined = True
    base = json.loads(options.base.read_text()) if options.base.exists() else {}
    theirs, ours, sizes = [], [], []
    for path in held_out(options.data, options.limit):
        with Image.open(path) as file:
            image = file.convert("RGB")
        if path.name not in base:
            base[path.name] = frequencies(image)
            options.base.parent.mkdir(exist_ok=True)
            options.base.write_text(json.dumps(base))
        scores, best = learned(coder, image)
        theirs.append(base[path.name])
        ours.append(scores)
        sizes.append(best)
    gains = np.subtract(ours, theirs)
    rows = {
        "DCT, dB": np.mean(theirs, 0),
        "learned": np.mean(ours, 0),
        "gain": gains.mean(0),
        "better": (gains > 0).mean(0),
        "size": np.mean(sizes, 0),
    }
    print(f"{'bytes':8}", *(f"{each:7d}" for each in BUDGETS))
    for name, values in rows.items():
        print(f"{name:8}", *(f"{each:7.2f}" for each in values))


if __name__ == "__main__":
    main()
