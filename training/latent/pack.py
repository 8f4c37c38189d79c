"""Pack the training pictures as latents, with their layers and descriptions.

    python -m training.latent.pack --data DIR [--limit N] [--jobs N]

Of every picture, at an area of about SIDE x SIDE: TAESD's latents, and those of its mirror image; the
texture layer at CODINGS random numbers of bytes, as decoded, and the structure layer at one, both at two
pixels to a latent; what the local captioner says of it at four grids, and the descriptions written by looking
at it, with the captioner's colours. What is packed already is kept: run it again after a stop.
"""

from __future__ import annotations

import argparse
import functools
import io
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from promptcodec import plugins
from promptcodec.description import format_text
from promptcodec.generators import maps
from promptcodec.generators.diffusion.grid_maps import FACTOR, SIDE
from promptcodec.layers import structure, texture
from training import local_texts, written
from training.generator.pack import between
from training.latent import BUILD, pictures
from training.texts import DATA

# Pixels of the shorter side: a crop has to fit.
SHORTEST = 192
CODINGS = 2
BUDGETS, CONTOURS = (30, 600), (12, 250)


def size_of(width: int, height: int) -> tuple[int, int]:
    """Give the size a picture is packed at: whole latents, an area of SIDE x SIDE or more."""
    scale = max(SIDE / (width * height) ** 0.5, SHORTEST / min(width, height))
    across, down = (
        max(round(side * scale / FACTOR), SHORTEST // FACTOR) * FACTOR for side in (width, height)
    )
    return across, down


def latents(image: Image.Image, data: Path) -> np.ndarray:
    """Give the latents of a picture and of its mirror image, ``(2, 4, height, width)``."""
    import torch  # noqa: PLC0415 - in the process that works, not in the one that forks

    torch.set_num_threads(1)
    pixels = maps.pixels(image)
    both = torch.from_numpy(np.stack([pixels, pixels[..., ::-1]]))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return _autoencoder(data).encode(both).latents.float().numpy().astype(np.float16)


@functools.cache
def _autoencoder(data: Path) -> Any:
    from training.latent.autoencoder import taesd  # noqa: PLC0415

    return taesd(data)


def texts(path: Path, image: Image.Image) -> list[str]:
    """Give what is known of a picture in words: by the local captioner, and by looking at it."""
    captioner = plugins.create("captioners", "local")
    given = local_texts.describe(path.parent, path.name)
    for each in _written().get(path.name, []):
        seen = captioner.describe(image, rows=each.rows, cols=each.cols, prompt="")
        cells = tuple(replace(cell, text=own.text) for cell, own in zip(seen.cells, each.cells, strict=True))
        given.append(format_text(replace(each, cells=cells)))
    return given


@functools.cache
def _written() -> dict[str, list]:
    by_file: dict[str, list] = {}
    for each in written.read():
        by_file.setdefault(each.file, []).append(each.description)
    return by_file


def layers(path: Path, data: Path) -> dict[str, np.ndarray]:
    """Give everything that is packed of one picture."""
    rng = random.Random(path.name)
    with Image.open(path) as file:
        image = file.convert("RGB")
    size = size_of(*image.size)
    half = (size[0] * 2 // FACTOR, size[1] * 2 // FACTOR)
    grounds = [
        texture.decode(texture.encode(image, between(BUDGETS, (number + rng.random()) / CODINGS)), half)
        for number in range(CODINGS)
    ]
    lines = structure.decode(structure.encode(image, between(CONTOURS, rng.random())), image.size)
    return {
        "latents": latents(image.resize(size, Image.Resampling.LANCZOS), data),
        "textures": np.stack([np.asarray(each) for each in grounds]),
        "structure": np.asarray(lines.resize(half, Image.Resampling.BOX)),
        "texts": np.array(texts(path, image)),
    }


def pack(path: Path, data: Path, folder: Path) -> None:
    """Write one picture's file."""
    file = io.BytesIO()
    np.savez_compressed(file, **layers(path, data))
    temporary = folder / f".{path.stem}.{os.getpid()}"
    temporary.write_bytes(file.getvalue())
    temporary.rename(folder / f"{path.stem}.npz")


def read(folder: Path) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Read what is packed, by name."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as packed:
            yield path.stem, dict(packed)


def main() -> None:
    """Pack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(DATA))
    parser.add_argument("--out", type=Path, default=BUILD / "pictures")
    parser.add_argument("--limit", type=int, help="pictures")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    paths = pictures(options.data)[: options.limit]
    left = [path for path in paths if not (options.out / f"{path.stem}.npz").exists()]
    began = time.time()
    with ProcessPoolExecutor(options.jobs) as pool:
        done = pool.map(partial(pack, data=options.data, folder=options.out), left, chunksize=4)
        for number, _ in enumerate(done, 1):
            if number % 100 == 0 or number == len(left):
                print(f"{number} of {len(left)}, {(time.time() - began) / number:.2f} s each", flush=True)


if __name__ == "__main__":
    main()
