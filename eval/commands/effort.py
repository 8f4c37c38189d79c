"""``python -m eval effort``: what each effort of the encoder is worth, and what it takes."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from eval.images import listed
from eval.options import COUNT, SeveralCommand, example, images_option, json_option, limit_option
from eval.rivals.search import psnr
from promptcodec.errors import UsageError
from promptcodec.layers import texture
from promptcodec.settings import EFFORT, MAX_EFFORT, MIN_EFFORT
from promptcodec.vision.load import load_image

BUDGETS = (30, 100, 160, 480)


@click.command(
    cls=SeveralCommand,
    epilog=example("python -m eval effort --images ../shared/data/eval/kodak --limit 4"),
)
@images_option(several=True, required=True)
@click.option(
    "--budgets", type=COUNT, multiple=True, default=BUDGETS, show_default=True, help="Of the texture layer."
)
@limit_option
@json_option
def command(images: tuple[Path, ...], budgets: tuple[int, ...], limit: int | None, *, as_json: bool) -> None:
    """Measure what each --effort gains and takes.

    PSNR of the texture layer against that of the default effort at the same bytes, in dB, and CPU
    milliseconds of one core for the layer alone; means over the pictures.
    """
    paths = [path for folder in images for path in listed(folder, limit)]
    if not paths:
        raise UsageError("there is no picture")
    rows = measure(paths, budgets)
    if as_json:
        click.echo(json.dumps({"pictures": len(paths), "rows": rows}))
        return
    heads = [f"{budget} B, dB | ms" for budget in budgets]
    click.echo("\n".join([f"| effort | {' | '.join(heads)} |", "|---" * (1 + 2 * len(budgets)) + "|"]))
    for effort in range(MIN_EFFORT, MAX_EFFORT + 1):
        cells = [
            f"{row['db']:+.2f} | {row['ms']:.0f}"
            for budget in budgets
            for row in rows
            if (row["effort"], row["budget"]) == (effort, budget)
        ]
        click.echo(f"| {effort} | {' | '.join(cells)} |")
    click.echo(f"\n{len(paths)} pictures.")


def measure(paths: list[Path], budgets: tuple[int, ...]) -> list[dict[str, Any]]:
    """Give a row for each budget and effort."""
    gains, spent = defaultdict(list), defaultdict(list)
    texture.encode(Image.new("RGB", (64, 48)), budgets[0])  # loads what is loaded once
    for path in paths:
        image = load_image(path)
        for budget in budgets:
            psnrs = {}
            for effort in range(MIN_EFFORT, MAX_EFFORT + 1):
                start = time.process_time()
                part = texture.encode(image, budget, effort=effort)
                spent[effort, budget].append(1000 * (time.process_time() - start))
                psnrs[effort] = psnr(texture.decode(part, image.size), image)
            for effort, value in psnrs.items():
                gains[effort, budget].append(value - psnrs[EFFORT])
    return [
        {
            "effort": effort,
            "budget": budget,
            "db": float(np.mean(gains[key])),
            "ms": float(np.mean(spent[key])),
        }
        for key in gains
        for effort, budget in [key]
    ]
