"""``python -m eval shorten-order``: what each kind of word in a description buys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from PIL import Image

from eval.images import listed
from eval.options import COUNT, example, folder_argument
from promptcodec import rate
from promptcodec.captioners.local import create
from promptcodec.checks.measure import reduce
from promptcodec.description import Description, shorten
from promptcodec.generators import Conditions
from promptcodec.generators.classical import draw
from promptcodec.layers import semantic
from promptcodec.vision.colour import ciede2000
from promptcodec.vision.load import load_image

SIDE = 192
CELLS = (48, 24, 15, 9)


def without(description: Description, **change: object) -> Description:
    """Change every cell alike."""
    return replace(description, cells=tuple(replace(cell, **change) for cell in description.cells))  # type: ignore[arg-type]


FORMS = {
    "full": lambda description: description,
    "no light, mood": lambda description: replace(description, light="", mood=""),
    "no summary, objects": lambda description: replace(description, summary="", objects=()),
    "no orientation": shorten.without_orientations,
    "no surface": lambda description: without(description, texture="", orientation=""),
    "one colour": lambda description: replace(
        description,
        cells=tuple(replace(cell, colours=cell.colours[:1], arrangement="") for cell in description.cells),
    ),
}


@click.command(epilog=example("python -m eval shorten-order ../shared/data/eval/kodak --every 12"))
@folder_argument
@click.option("--every", type=COUNT, default=1, show_default=True, help="Of so many pictures take one.")
def command(folder: Path, every: int) -> None:
    """Weigh each kind of word in a description.

    Bytes are held against the picture that "builtin:classical" draws with one kind left out. For grids of
    several sizes: mean bytes of the semantic layer, mean CIEDE2000 on a 12x12 grid against the original, and
    mean difference of log2 gradient energy on an 8x8 grid (texture that is there or not). Pictures are drawn
    at 192 px. See docs/reference/captioner.md.
    """
    paths = listed(folder)[::every]
    captioner = create({})
    rows: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    for path in paths:
        image = load_image(path)
        image.thumbnail((SIDE, SIDE))
        for cells in CELLS:
            grid = rate.grid(cells, image.size)
            description = captioner.describe(image, rows=grid[0], cols=grid[1])
            for name, form in FORMS.items():
                short = form(description)
                drawn = draw(Conditions(image.size, 1, short))
                colours = float(ciede2000(reduce(image, 12, 12), reduce(drawn, 12, 12)).mean())
                detail = float(np.abs(energy(image) - energy(drawn)).mean())
                rows.setdefault((cells, name), []).append((len(semantic.encode(short)), colours, detail))
    click.echo(f"| cells | form | bytes | CIEDE2000 | log2 energy | n = {len(paths)} |")
    click.echo("|---|---|---|---|---|---|")
    for (cells, name), values in rows.items():
        means = np.mean(values, axis=0)
        click.echo(f"| {cells} | {name} | {means[0]:.1f} | {means[1]:.2f} | {means[2]:.2f} | |")


def energy(image: Image.Image) -> np.ndarray:
    """Give log2 of the gradient energy of 8x8 blocks of a 128x128 reduction."""
    luma = np.asarray(image.convert("L").resize((128, 128)), np.float32)
    return np.log2(1 + np.hypot(*np.gradient(luma)).reshape(8, 16, 8, 16).mean((1, 3)))
