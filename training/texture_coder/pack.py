"""Pack training pictures as canvases: whole ones, and parts cut at random.

    python -m training.texture_coder.pack --data DIR -o PACKED

Every seventh picture is held out. Takes some minutes of one core.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from training.pictures import allowed
from training.texture_coder.grids import AREAS, CELL, grid

HELD_OUT = 7
ASPECTS = (1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 16 / 9)
PARTS = (4, 4, 3, 3, 3, 3, 3, 1, 1, 1)
"""Parts cut of a picture, by size class."""
CUT = (0.4, 1.0)
"""Sides of a part, in the picture's sides."""
SEED = 11


def canvas(image: Image.Image, rows: int, columns: int) -> Image.Image:
    """Resample a picture to a canvas."""
    return image.resize((columns * CELL, rows * CELL), Image.Resampling.LANCZOS, reducing_gap=4)


def cuts(
    width: int, height: int, number: int
) -> Iterator[tuple[int, tuple[int, int], tuple[int, int, int, int] | None]]:
    """Give size class, grid and box of each canvas of a picture: all of it in each size, and parts.

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        number: of the picture among the allowed ones; it fixes what is cut.

    Returns:
        Boxes are left, top, right, bottom in pixels, None for the whole picture.
    """
    rng = np.random.default_rng((SEED, number))
    for size in range(len(AREAS)):
        for part in range(1 + PARTS[size]):
            aspect = min(ASPECTS, key=lambda each: abs(np.log(each * height / width)))
            box = None
            if part:
                aspect = float(rng.choice(ASPECTS))
                share = rng.uniform(*CUT)
                wide = min(width, height * aspect) * share
                own = max(CELL, round(wide)), max(CELL, round(wide / aspect))
                left, top = (
                    int(rng.integers(0, max(1, side - length + 1)))
                    for side, length in zip((width, height), own, strict=True)
                )
                box = left, top, left + own[0], top + own[1]
            yield size, grid(aspect, size), box


def canvases(job: tuple[Path, int]) -> list[tuple[int, tuple[int, int], np.ndarray]]:
    """Give size class, grid and canvas: the whole picture in each size, and parts."""
    path, number = job
    with Image.open(path) as file:
        image = file.convert("RGB")
    return [
        (size, places, np.asarray(canvas(image.crop(box) if box else image, *places)))
        for size, places, box in cuts(*image.size, number)
    ]


def main() -> None:
    """Pack."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    paths = allowed(options.data)
    for kind in ("train", "held"):
        chosen = [
            (path, index) for index, path in enumerate(paths) if (index % HELD_OUT == 0) == (kind == "held")
        ]
        buckets = defaultdict(list)
        with Pool() as pool:
            for group in pool.imap(canvases, chosen, chunksize=16):
                for size, places, pixels in group:
                    buckets[size, *places].append(pixels)
        arrays = {"_".join(map(str, key)): np.stack(members) for key, members in buckets.items()}
        np.savez(options.output / f"{kind}.npz", **arrays)
        print(kind, len(chosen), "pictures", sum(map(len, arrays.values())), "canvases", flush=True)


if __name__ == "__main__":
    main()
