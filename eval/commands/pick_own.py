"""``python -m eval pick-own``: does a picture drawn from words alone find its original among the others?"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

from eval.images import listed
from eval.options import COUNT, example, folder_argument, json_option, limit_option
from promptcodec import decode, encode
from promptcodec.checks.measure import reduce
from promptcodec.vision.colour import ciede2000
from promptcodec.vision.load import load_image


@click.command(epilog=example("python -m eval pick-own ../shared/data/eval/kodak --budget 100"))
@folder_argument
@click.option("--budget", type=COUNT, help="Bytes of a stream; none where not said.")
@click.option("--grid", type=COUNT, default=8, show_default=True, help="Cells a side.")
@limit_option
@json_option
def command(folder: Path, budget: int | None, grid: int, limit: int | None, *, as_json: bool) -> None:
    """Find originals by what words draw.

    Pictures are encoded as words only and drawn; each drawing looks for the nearest original. Near is the
    mean CIEDE2000 over a grid of mean colours. Pictures of another shape count too: the grid does not know
    it. Printed: how many were nearest to their own, and the mean bytes and distance to their own.
    """
    pictures = [load_image(path) for path in listed(folder, limit)]
    originals = np.array([reduce(picture, grid, grid) for picture in pictures])
    matches, sizes, own = 0, [], []
    for index, picture in enumerate(pictures):
        stream = encode(picture, layers=("semantic",), budget=budget)
        drawn = reduce(decode(stream, generator="builtin:classical").image, grid, grid)
        distances = ciede2000(np.broadcast_to(drawn, originals.shape), originals).mean(axis=(1, 2))
        matches += int(distances.argmin() == index)
        own.append(float(distances[index]))
        sizes.append(len(stream))
    row = {
        "n": len(pictures),
        "found": matches,
        "bytes": float(np.mean(sizes)),
        "ciede2000": round(float(np.mean(own)), 2),
    }
    click.echo(json.dumps(row) if as_json else "  ".join(f"{key} {value}" for key, value in row.items()))
