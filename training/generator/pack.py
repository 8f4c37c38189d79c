"""Code the training pictures' layers and pack them with the pictures into shards.

    python -m training.generator.pack --data DIR [--limit N] [--codings N] [--jobs N]

Of every picture: the texture layer at a few random numbers of bytes, by the coder that is nearer to the
picture, as decoded, at a quarter of the size; the structure layer at one, at half the size; the cells and
words of the local captioner's description. Nothing says which coder it was. What is packed already is kept,
under a name that the coders give: run it again after a stop.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from promptcodec import models, plugins, rate
from promptcodec.generators import maps
from promptcodec.layers import structure, texture
from training.generator import BUILD, pictures
from training.texts import DATA

# Bytes of the texture layer; cut evenly, by logarithms, into as many ranges as there are codings.
BUDGETS = (30, 900)
CONTOURS = (12, 250)
CELLS = (1, 4, 9, 16, 24, 40)
SHARD = 60 * 2**20
# All that decides what is packed.
TABLES = (
    *("texture-1", "restoration-1", "texture-2", "analysis-1", "synthesis-1"),
    *("structure-1", "cells-1"),
)


def coder() -> str:
    """Name what coded the layers."""
    return hashlib.sha256(b"".join(map(models.load, TABLES))).hexdigest()[:12]


def between(bounds: tuple[int, int], at: float) -> int:
    """Give a number of bytes, ``at`` being 0..1 on the way from one bound to the other, by logarithms."""
    low, high = bounds
    return round(low * (high / low) ** at)


def lossless(image: Image.Image) -> np.ndarray:
    """Give the bytes of a lossless WebP file."""
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=True, quality=30, method=2)
    return np.frombuffer(file.getvalue(), np.uint8)


def layers(path: Path, codings: int) -> dict[str, np.ndarray]:
    """Code one picture's layers."""
    rng = random.Random(path.name)
    with Image.open(path) as file:
        image = file.convert("RGB")
    size = image.size
    quarter = tuple(-(-side // maps.FACTOR) for side in size)
    packed = {"image": np.frombuffer(path.read_bytes(), np.uint8), "size": np.array(size)}
    budgets = [between(BUDGETS, (number + rng.random()) / codings) for number in range(codings)]
    packed["budgets"] = np.array(budgets)
    for number, budget in enumerate(budgets):
        packed[f"texture{number}"] = lossless(
            texture.decode(texture.encode(image, budget, stored=True), size).reduce(maps.FACTOR)
        )
    lines = structure.decode(structure.encode(image, between(CONTOURS, rng.random())), size)
    packed["structure"] = lossless(lines.resize((2 * quarter[0], 2 * quarter[1]), Image.Resampling.BOX))
    rows, cols = rate.grid(rng.choice(CELLS), size)
    description = plugins.create("captioners", "local").describe(image, rows=rows, cols=cols, prompt="")
    packed["sites"] = maps.colour_field(description).astype(np.float16)
    packed["words"] = maps.words(description).astype(np.float16)
    return packed


def pack(path: Path, folder: Path, codings: int) -> None:
    """Write one picture's file."""
    file = io.BytesIO()
    np.savez(file, **layers(path, codings))
    temporary = folder / f".{path.stem}.{os.getpid()}"
    temporary.write_bytes(file.getvalue())
    temporary.rename(folder / f"{path.stem}.npz")


def shards(files: list[Path], folder: Path) -> list[Path]:
    """Put the pictures' files into archives of at most SHARD bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("shard-*.zip"):
        old.unlink()
    written: list[Path] = []
    room = 0
    for file in files:
        size = file.stat().st_size + 200
        if size > room:
            written.append(folder / f"shard-{len(written):03}.zip")
            room = SHARD
        room -= size
        with zipfile.ZipFile(written[-1], "a") as archive:
            archive.write(file, file.name)
    return written


def main() -> None:
    """Pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(DATA))
    parser.add_argument("--out", type=Path, default=BUILD / "shards")
    parser.add_argument("--limit", type=int, help="pictures")
    parser.add_argument("--codings", type=int, default=2, help="of the texture layer of each picture")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    folder = BUILD / f"pictures-{options.codings}-{coder()}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = pictures(options.data)[: options.limit]
    files = [folder / f"{path.stem}.npz" for path in paths]
    left = [path for path, file in zip(paths, files, strict=True) if not file.exists()]
    began = time.time()
    with ProcessPoolExecutor(options.jobs) as pool:
        for number, _ in enumerate(
            pool.map(partial(pack, folder=folder, codings=options.codings), left, chunksize=4), 1
        ):
            if number % 50 == 0 or number == len(left):
                each = (time.time() - began) / number
                print(f"{number} of {len(left)}, {each:.2f} s each", flush=True)
    archives = shards(files, options.out)
    size = sum(shard.stat().st_size for shard in archives)
    print(f"{len(files)} pictures, {len(archives)} shards, {size / 2**20:.0f} MiB in {options.out}")


if __name__ == "__main__":
    main()
