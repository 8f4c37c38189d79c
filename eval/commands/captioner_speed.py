"""``python -m eval captioner-speed``: how many pictures a second the captioner ``local`` describes."""

from __future__ import annotations

import itertools
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import click

from eval.images import listed
from eval.options import COUNT, example, folder_argument
from promptcodec import rate
from promptcodec.captioners.local import create
from promptcodec.errors import UsageError
from promptcodec.vision.load import load_image

SIDE = 512
MOST = 24


@click.command(epilog=example("python -m eval captioner-speed ../shared/data/eval/kodak --processes 2"))
@folder_argument
@click.option(
    "--processes", type=COUNT, default=lambda: os.cpu_count() or 1, help="All processors where not said."
)
@click.option("--seconds", type=float, default=10, show_default=True, help="Of each process.")
def command(folder: Path, processes: int, seconds: float) -> None:
    """Count pictures described in a second.

    The captioner is "local", tags on, model loaded. Pictures of FOLDER are brought to 512 px on the long side
    and kept in memory; every process loads its model before the clock starts and describes the pictures on a
    grid of about 24 cells, again and again.
    """
    if not listed(folder):
        raise UsageError(f"{folder} holds no picture")
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        rates = list(pool.map(describe_for, [folder] * processes, [seconds] * processes))
    click.echo(f"{sum(rates):.1f} pictures/s in {processes} processes, {SIDE} px, tags on")


def describe_for(folder: Path, seconds: float) -> float:
    """Describe pictures of a folder for some seconds; give pictures a second."""
    pictures = [load_image(path) for path in listed(folder, MOST)]
    for picture in pictures:
        picture.thumbnail((SIDE, SIDE))
    captioner = create({})
    grids = [rate.grid(rate.DEFAULT_CELLS, picture.size) for picture in pictures]
    captioner.describe(pictures[0], rows=1, cols=1)
    start = time.perf_counter()
    done = 0
    for picture, (rows, cols) in itertools.cycle(zip(pictures, grids, strict=True)):
        captioner.describe(picture.copy(), rows=rows, cols=cols)  # a copy: nothing is remembered of it
        done += 1
        if time.perf_counter() - start > seconds:
            break
    return done / (time.perf_counter() - start)
