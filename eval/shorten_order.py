"""What each kind of word in a description buys: bytes against the picture `builtin:classical` draws.

    python -m eval.shorten_order DIR [--every N]

For grids of several sizes and forms of the description with one kind of word left out: mean bytes of the
semantic layer, mean CIEDE2000 on a 12x12 grid against the original, and mean difference of log2 gradient
energy on an 8x8 grid (texture that is there or not). Pictures are drawn at 192 px.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from promptcodec import rate
from promptcodec.captioners.local import create
from promptcodec.checks.measure import reduce
from promptcodec.description import Description, shorten
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.generators import Conditions
from promptcodec.generators.classical import draw
from promptcodec.layers import semantic
from promptcodec.vision.colour import ciede2000
from promptcodec.vision.load import load_image

SIDE = 192


def without(description: Description, **change: object) -> Description:
    """Change every cell alike."""
    return replace(description, cells=tuple(replace(cell, **change) for cell in description.cells))  # type: ignore[arg-type]


FORMS = {
    "full": lambda said: said,
    "no light, mood": lambda said: replace(said, light="", mood=""),
    "no summary, objects": lambda said: replace(said, summary="", objects=()),
    "no orientation": shorten.without_orientations,
    "no texture": lambda said: without(said, texture="", orientation=""),
    "one colour": lambda said: replace(
        said,
        cells=tuple(replace(cell, colours=cell.colours[:1], arrangement="") for cell in said.cells),
    ),
}


def energy(image: Image.Image) -> np.ndarray:
    """Give log2 of the gradient energy of 8x8 blocks of a 128x128 reduction."""
    luma = np.asarray(image.convert("L").resize((128, 128)), np.float32)
    return np.log2(1 + np.hypot(*np.gradient(luma)).reshape(8, 16, 8, 16).mean((1, 3)))


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    paths = [p for p in sorted(options.folder.iterdir()) if p.suffix.lower() in IMAGE_SUFFIXES][
        :: options.every
    ]
    captioner = create({})
    rows: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    for path in paths:
        image = load_image(path)
        image.thumbnail((SIDE, SIDE))
        for cells in (48, 24, 15, 9):
            grid = rate.grid(cells, image.size)
            said = captioner.describe(image, rows=grid[0], cols=grid[1])
            for name, form in FORMS.items():
                short = form(said)
                drawn = draw(Conditions(image.size, 1, short))
                colours = float(ciede2000(reduce(image, 12, 12), reduce(drawn, 12, 12)).mean())
                detail = float(np.abs(energy(image) - energy(drawn)).mean())
                rows.setdefault((cells, name), []).append((len(semantic.encode(short)), colours, detail))
    print(f"| cells | form | bytes | CIEDE2000 | log2 energy | n = {len(paths)} |\n|---|---|---|---|---|---|")
    for (cells, name), values in rows.items():
        means = np.mean(values, axis=0)
        print(f"| {cells} | {name} | {means[0]:.1f} | {means[1]:.2f} | {means[2]:.2f} | |")


if __name__ == "__main__":
    main()
