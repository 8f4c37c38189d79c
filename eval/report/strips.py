"""Strips: what the same bytes look like, codec by codec."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from eval.lab.rows import Row, slug, unused

BUDGETS = (25, 50, 100, 250, 1000)
_SIDE = 320  # of embedded pictures
_CELL = 240  # width in sheets
ACROSS = 5
# Of the budget; at a rate, pictures of other sizes get other numbers of bytes.
LEAST, OVER = 0.8, 1.05
_QUALITY = 75
_TEXT = 12


@dataclass(frozen=True)
class Shown:
    """One decoded picture."""

    codec: str
    setting: str
    bytes: int
    file: Path


@dataclass(frozen=True)
class Strip:
    """One original with what became of it."""

    dataset: str
    image: str
    original: Path
    shown: Sequence[Shown]

    def embedded(self) -> dict[str, Any]:
        """Give the strip with its pictures as data."""
        return {
            "dataset": self.dataset,
            "image": self.image,
            "original": _data(self.original),
            "shown": [
                {
                    "codec": each.codec,
                    "setting": each.setting,
                    "bytes": each.bytes,
                    "picture": _data(each.file),
                }
                for each in self.shown
            ],
        }

    def at(self, budget: float) -> dict[str, Shown]:
        """Give, by codec, the largest stream of about so many bytes: LEAST to OVER of them."""
        by_codec: dict[str, Shown] = {}
        for each in sorted(self.shown, key=lambda each: each.bytes):
            if budget * LEAST <= each.bytes <= budget * OVER:
                by_codec[each.codec] = each
        return {each.codec: by_codec[each.codec] for each in self.shown if each.codec in by_codec}


def collect(folder: Path, pictures: Sequence[Mapping[str, str]], rows: Sequence[Row]) -> list[Strip]:
    """Gather the pictures that a run kept and that are there."""
    names = ("image", "dataset", "codec", "setting", "mode")
    sizes = {tuple(row[name] for name in names): row["bytes"] for row in rows if not row["error"]}
    strips: dict[tuple[str, str], tuple[Path, list[Shown]]] = {}
    for each in pictures:
        key = tuple(each[name] for name in names)
        file, original = folder / each["picture"], folder / each["original"]
        if key in sizes and file.is_file() and original.is_file():
            codec = each["codec"] if each["mode"] == "whole" else f"{each['codec']}, {each['mode']}"
            strip = strips.setdefault((each["dataset"], each["image"]), (original, []))
            strip[1].append(Shown(codec, each["setting"], sizes[key], file))
    return [Strip(*key, *value) for key, value in strips.items()]


def _data(file: Path) -> str:
    with Image.open(file) as image:
        small = image.convert("RGB")
        small.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=_QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()


def sheets(folder: Path, strips: Sequence[Strip], budgets: Sequence[float]) -> list[Path]:
    """Write a PNG for each strip and budget: the original and each codec's picture, ACROSS in a line."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for strip in strips:
        for budget in budgets:
            shown = strip.at(budget)
            if not shown:
                continue
            labels = ["original", *(f"{codec}, {each.bytes} B" for codec, each in shown.items())]
            path = unused(folder / f"{slug(strip.dataset)}-{slug(strip.image)}-{budget}B.png", written)
            sheet = _sheet([strip.original, *(each.file for each in shown.values())], labels)
            sheet.save(path, optimize=True)
            written.append(path)
    return written


def _sheet(files: Sequence[Path], labels: Sequence[str]) -> Image.Image:
    cells = []
    for file in files:
        with Image.open(file) as image:
            cells.append(_cell(image))
    width, height = cells[0].width + 6, cells[0].height + _TEXT + 10
    lines = -(-len(cells) // ACROSS)
    sheet = Image.new("RGB", (width * min(ACROSS, len(cells)), height * lines), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(_TEXT)
    for at, (cell, label) in enumerate(zip(cells, labels, strict=True)):
        left, top = at % ACROSS * width, at // ACROSS * height
        sheet.paste(cell, (left, top + _TEXT + 6))
        pen.text((left + 2, top + 2), label, "black", font)
    return sheet


def _cell(image: Image.Image) -> Image.Image:
    scale = _CELL / image.width
    return image.convert("RGB").resize((_CELL, max(1, round(image.height * scale))), Image.Resampling.LANCZOS)
