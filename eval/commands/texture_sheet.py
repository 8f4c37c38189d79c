"""``python -m eval texture-sheet``: what the texture layer keeps of a few pictures."""

from __future__ import annotations

from pathlib import Path

import click
from PIL import Image, ImageDraw

from eval.images import scaled
from eval.measure.free_pictures import free_pictures
from eval.options import FOLDER, PATH, example
from promptcodec.layers import texture

PICTURES = (
    "photo_00503.webp",
    "photo_00584.webp",
    "photo_00586.webp",
    "photo_00519.webp",
    "photo_00603.webp",
    "misc_00000.webp",
    "photo_00206.webp",
    "misc_00002.webp",
    "misc_00003.webp",
    "photo_00211.webp",
    "photo_00315.webp",
    "photo_00446.webp",
)
BUDGETS = (32, 64, 128, 256, 512)
SIDE, GAP, LINE = 176, 4, 16


@click.command(epilog=example("python -m eval texture-sheet --data ../shared/data"))
@click.option("--data", type=FOLDER, required=True, help="Folder with train/.")
@click.option("-o", "--out", type=PATH, default="docs/img/texture-bytes.jpg", show_default=True)
@click.argument("pictures", nargs=-1)
def command(data: Path, out: Path, pictures: tuple[str, ...]) -> None:
    """Draw docs/img/texture-bytes.jpg.

    It shows what the texture layer keeps of PICTURES, names in train/; a usual few by default. Only pictures
    that are free to show are taken: their licences stand in train/manifest.jsonl.
    """
    files = free_pictures(data, pictures or PICTURES)
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet(files).save(out, quality=85)


def sheet(paths: list[Path]) -> Image.Image:
    """Lay out originals and decoded pictures, one row a picture."""
    columns = len(BUDGETS) + 1
    result = Image.new("RGB", (columns * (SIDE + GAP), LINE + len(paths) * (SIDE + GAP)), "white")
    pen = ImageDraw.Draw(result)
    for column, title in enumerate(("original", *(f"{budget} bytes" for budget in BUDGETS))):
        pen.text((column * (SIDE + GAP) + 2, 2), title, "black")
    for row, path in enumerate(paths):
        with Image.open(path) as file:
            image = file.convert("RGB")
        small = scaled(image, SIDE)
        size = small.size
        shown = [small]
        shown += [texture.decode(texture.encode(image, budget), size) for budget in BUDGETS]
        for column, picture in enumerate(shown):
            left, top = column * (SIDE + GAP), LINE + row * (SIDE + GAP)
            result.paste(picture, (left + (SIDE - size[0]) // 2, top + (SIDE - size[1]) // 2))
    return result
