"""``python -m eval strip``: the pictures of the README, with the bytes of each stream under them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from PIL import Image
from skimage import data

from eval.options import FILE, PATH, example
from promptcodec import decode, encode
from promptcodec.cli.sheet import side_by_side
from promptcodec.vision.load import load_image

HEIGHT = 256
# Those of ``promptcodec demo``.
SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("words only", {"layers": ("semantic",), "budget": 100}),
    ("words + texture layer", {"layers": ("semantic", "texture"), "budget": 200}),
)


@click.command(epilog=example("python -m eval strip KODAK/kodim23.png KODAK/kodim16.png"))
@click.option("-o", "--out", type=PATH, default="docs/img/strip.jpg", show_default=True)
@click.argument("pictures", nargs=-1, type=FILE)
def command(out: Path, pictures: tuple[Path, ...]) -> None:
    """Draw a row for each picture: the original, what its words give, and its words and texture layer.

    The first row is the portrait of the astronaut Eileen Collins (NASA, public domain). PICTURES follow.
    """
    file = io.BytesIO()
    Image.fromarray(data.astronaut()).save(file, "PNG")
    sources = [file.getvalue(), *(path.read_bytes() for path in pictures)]
    stack([row(source) for source in sources]).save(out, quality=88)


def row(source: bytes) -> Image.Image:
    """Lay out one picture: the original, then what is drawn from each stream."""
    panels = [(f"original, {len(source):,} bytes", of_one_height(load_image(source)))]
    for name, setting in SETTINGS:
        stream = encode(source, recipe="off", **setting)
        panels.append((f"{name}, {len(stream)} bytes", of_one_height(decode(stream).image)))
    return side_by_side(panels)


def of_one_height(image: Image.Image) -> Image.Image:
    """Scale an RGB picture to the height of a row."""
    width = round(image.width * HEIGHT / image.height)
    return image.resize((width, HEIGHT), Image.Resampling.LANCZOS)


def stack(rows: Sequence[Image.Image]) -> Image.Image:
    """Put rows below each other on white, centred."""
    width = max(each.width for each in rows)
    sheet = Image.new("RGB", (width, sum(each.height for each in rows)), "white")
    top = 0
    for each in rows:
        sheet.paste(each, ((width - each.width) // 2, top))
        top += each.height
    return sheet
