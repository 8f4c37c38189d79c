"""Contact sheets: a picture, and what codecs make of it at each budget; what a search finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

TILE = 192
ROWS = 6
_LINE = 14


def strip(
    image: Image.Image, drawn: Mapping[tuple[str, int], Image.Image], file: Path, tile: int = TILE
) -> None:
    """Write one picture's part: a column for each codec, the original first, a row for each budget.

    Args:
        image: the original.
        drawn: pictures by codec and budget, the codecs in the order of their columns.
        file: what to write.
        tile: pixels across of each picture.
    """
    codecs = list(dict.fromkeys(name for name, _ in drawn))
    budgets = sorted({budget for _, budget in drawn})
    height = round(tile * image.height / image.width) + _LINE
    page = Image.new("RGB", ((len(codecs) + 1) * tile, len(budgets) * height), "white")
    pen = ImageDraw.Draw(page)

    def put(picture: Image.Image, label: str, column: int, row: int) -> None:
        small = picture.resize((tile - 2, height - _LINE), Image.Resampling.LANCZOS)
        page.paste(small, (column * tile, row * height + _LINE))
        pen.text((column * tile + 2, row * height + 1), label, fill="black")

    put(image, "original", 0, 0)
    for (name, budget), picture in drawn.items():
        put(picture, f"{name}, {budget} B", codecs.index(name) + 1, budgets.index(budget))
    file.parent.mkdir(parents=True, exist_ok=True)
    page.save(file)


def results(title: str, pictures: Sequence[tuple[str, Image.Image]], file: Path) -> None:
    """Write one search's part: the pictures in their order, each under its name, below the title."""
    page = Image.new("RGB", (max(len(pictures), 1) * TILE, (TILE if pictures else 0) + 2 * _LINE), "white")
    pen = ImageDraw.Draw(page)
    pen.text((2, 1), title, fill="black")
    for column, (name, picture) in enumerate(pictures):
        small = picture.copy()
        small.thumbnail((TILE - 2, TILE - 2), Image.Resampling.LANCZOS)
        page.paste(small, (column * TILE, 2 * _LINE))
        pen.text((column * TILE + 2, _LINE + 1), name, fill="black")
    file.parent.mkdir(parents=True, exist_ok=True)
    page.save(file)


def assemble(files: Sequence[Path], target: Path) -> None:
    """Put the parts of several pictures below each other, ROWS to a sheet: TARGET, TARGET-1, ..."""
    for number, start in enumerate(range(0, len(files), ROWS)):
        parts = []
        for file in files[start : start + ROWS]:
            with Image.open(file) as part:
                parts.append(part.convert("RGB"))
        size = (max(part.width for part in parts), sum(part.height for part in parts))
        page = Image.new("RGB", size, "white")
        top = 0
        for part in parts:
            page.paste(part, (0, top))
            top += part.height
        page.save(target.with_stem(f"{target.stem}-{number}") if number else target, quality=82)
