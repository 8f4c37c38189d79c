"""``python -m eval skeletons``: how people stand, as the structure layer stores it, over their pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image, ImageDraw

from eval.options import PATH, example
from promptcodec.cli.report import say
from promptcodec.layers import structure
from promptcodec.layers.structure.skeleton import JOINTS, LIMBS
from promptcodec.vision.load import load_image

SIDE, COLUMNS, DOT = 460, 4, 4
AROUND = 0.3
"""What is shown around a skeleton, in its longer side."""
COLOURS = {1: "orange", 2: "magenta"}


@click.command(epilog=example("python -m eval skeletons kodim12.png kodim18.png -o skeletons.png"))
@click.argument("pictures", nargs=-1, required=True, type=PATH)
@click.option("-o", "--out", type=PATH, default="skeletons.png", show_default=True)
def command(pictures: tuple[Path, ...], out: Path) -> None:
    """Draw the people of pictures with the skeletons that are stored of them, to be judged by eye.

    Key points that are seen are magenta, hidden ones orange; a red bar is 5 % of their height. The bytes
    of each part and its seen key points stand on standard output.
    """
    tiles = []
    for path in pictures:
        image = load_image(str(path))
        part, _ = structure.encode_people(image, "pose", None)
        people = [] if part is None else structure.decode_value(part, image.size)[1]
        joints = [np.array(person["keypoints"], np.float64).reshape(JOINTS, 3) for person in people]
        seen = sum(int((places[:, 2] == 2).sum()) for places in joints)
        say(f"{path.name}  {len(part or b'')} B  {len(people)} people  {seen} key points seen")
        tiles += [tile(image, places, f"{path.stem}, {number}") for number, places in enumerate(joints)]
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE, max(rows, 1) * SIDE), "white")
    for number, drawn in enumerate(tiles):
        sheet.paste(drawn, (number % COLUMNS * SIDE, number // COLUMNS * SIDE))
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out)


def tile(image: Image.Image, joints: Any, label: str) -> Image.Image:
    """Show one person with the key points ``(17, 3)``."""
    known = joints[joints[:, 2] > 0, :2]
    low, high = known.min(0), known.max(0)
    margin = AROUND * float((high - low).max())
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.minimum(high + margin, image.size).astype(int)
    crop = image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    scale = (SIDE - 4) / max(crop.size)
    width, height = (max(1, round(side * scale)) for side in crop.size)
    crop = crop.resize((width, height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(crop)
    places = (joints[:, :2] - (left, top)) * scale
    for one, two in LIMBS:
        if joints[one, 2] and joints[two, 2]:
            pen.line([*places[one], *places[two]], fill="lime", width=2)
    for (across, down), visible in zip(places, joints[:, 2], strict=True):
        if visible:
            pen.ellipse([across - DOT, down - DOT, across + DOT, down + DOT], fill=COLOURS[int(visible)])
    pen.line([8, 8, 8 + 0.05 * float(high[1] - low[1]) * scale, 8], fill="red", width=3)
    pen.text((8, 14), label, "yellow", stroke_width=2, stroke_fill="black")
    return crop
