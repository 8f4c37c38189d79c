"""How many pictures a second the `local` captioner describes, tags on, model loaded.

    python -m eval.captioner_speed DIR [--processes N] [--seconds S]

Pictures of the folder are brought to 512 px on the long side and kept in memory; every process loads its
model before the clock starts and describes the pictures on a grid of about 24 cells, again and again.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from promptcodec import rate
from promptcodec.captioners.local import create
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.vision.load import load_image

SIDE = 512
MOST = 24


def describe_for(folder: Path, seconds: float) -> float:
    """Describe pictures of a folder for some seconds; give pictures a second."""
    pictures = []
    for path in [p for p in sorted(folder.iterdir()) if p.suffix.lower() in IMAGE_SUFFIXES][:MOST]:
        picture = load_image(path)
        picture.thumbnail((SIDE, SIDE))
        pictures.append(picture)
    captioner = create({})
    grids = [rate.grid(rate.DEFAULT_CELLS, picture.size) for picture in pictures]
    captioner.describe(pictures[0], rows=1, cols=1)
    start = time.perf_counter()
    for done, (picture, (rows, cols)) in enumerate(itertools.cycle(zip(pictures, grids, strict=True)), 1):
        captioner.describe(picture.copy(), rows=rows, cols=cols)  # a copy: nothing is remembered of it
        if time.perf_counter() - start > seconds:
            return done / (time.perf_counter() - start)
    raise SystemExit(f"{folder} holds no picture")


def main() -> None:
    """Print pictures a second over all processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        args = ([options.folder] * options.processes, [options.seconds] * options.processes)
        rates = list(pool.map(describe_for, *args))
    print(f"{sum(rates):.1f} pictures/s in {options.processes} processes, {SIDE} px, tags on")


if __name__ == "__main__":
    main()
