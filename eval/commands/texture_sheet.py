"""``python -m eval texture-sheet``: what the texture layer keeps of pictures, alone or beside others."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from PIL import Image, ImageDraw

from eval import report
from eval.images import scaled
from eval.measure import contact_sheet
from eval.measure.free_pictures import free_pictures
from eval.options import COUNT, FOLDER, PATH, example
from eval.report import strips
from promptcodec.errors import UsageError
from promptcodec.layers import texture
from promptcodec.vision.load import load_image

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
RUN_BUDGETS, RUN_SIDE = (100, 200, 500, 1000), 320


@click.command(epilog=example("python -m eval texture-sheet --data ../shared/data"))
@click.option("--data", type=FOLDER, help="Folder with train/.")
@click.option("--run", type=FOLDER, help="Folder of a study's run: a sheet of what it kept instead.")
@click.option("--codec", "codecs", multiple=True, help="With --run: a column; may be repeated.")
@click.option("--budget", "budgets", type=COUNT, multiple=True, help="With --run: a row; may be repeated.")
@click.option("-o", "--out", type=PATH, default="docs/img/texture-bytes.jpg", show_default=True)
@click.argument("pictures", nargs=-1)
def command(
    data: Path | None,
    run: Path | None,
    codecs: tuple[str, ...],
    budgets: tuple[int, ...],
    out: Path,
    pictures: tuple[str, ...],
) -> None:
    """Draw docs/img/texture-bytes.jpg.

    It shows what the texture layer keeps of PICTURES, names in train/; a usual few by default. Only pictures
    that are free to show are taken: their licences stand in train/manifest.jsonl.

    With --run, it shows PICTURES of a study, all that the run kept by default, as each codec ("DCT,
    stripped"; all where none is named) drew them at each budget (100, 200, 500 and 1000 bytes). A few
    pictures make a sheet: OUT, OUT-1, ...
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    if run:
        of_run(report.gather(run), codecs, budgets or RUN_BUDGETS, pictures, out)
    elif data:
        sheet(free_pictures(data, pictures or PICTURES)).save(out, quality=85)
    else:
        raise click.UsageError("there are no pictures: --data or --run says where they are")


def of_run(
    material: report.Material,
    codecs: Sequence[str],
    budgets: Sequence[int],
    pictures: Sequence[str],
    out: Path,
) -> None:
    """Write the sheets of a run.

    Raises:
        UsageError: it kept none of these.
    """
    kept = strips.collect(material.folder, material.run["pictures"], material.rows)
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for strip in kept:
            columns = codecs or dict.fromkeys(each.codec for each in strip.shown)
            by_key = {(each.codec, each.setting): each for each in strip.shown}
            files = {
                (codec, budget): by_key[codec, f"{budget}B"].file
                for codec in columns
                for budget in budgets
                if (codec, f"{budget}B") in by_key
            }
            if files and (not pictures or strip.image in pictures):
                parts.append(Path(folder) / f"{len(parts)}.png")
                drawn = {key: load_image(file) for key, file in files.items()}
                contact_sheet.strip(load_image(strip.original), drawn, parts[-1], RUN_SIDE)
        if not parts:
            known = dict.fromkeys(each.codec for strip in kept for each in strip.shown)
            raise UsageError(f"{material.folder} kept no such picture; codecs: {'; '.join(known) or 'none'}")
        contact_sheet.assemble(parts, out)


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
