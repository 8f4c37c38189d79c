"""Strips: what the same bytes look like, codec by codec."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from eval.rows import Row, slug, unused

BUDGETS = (25, 50, 100, 250, 1000)
_SIDE = 320  # of embedded pictures
_CELL = 200  # width in sheets
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
        found: dict[str, Shown] = {}
        for each in sorted(self.shown, key=lambda each: each.bytes):
            if budget * LEAST <= each.bytes <= budget * OVER:
                found[each.codec] = each
        return found


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
    """Write one PNG for each strip: a row for each codec, a column for each budget, the original first."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for strip in strips:
        columns = [strip.at(budget) for budget in budgets]
        codecs = list(
            dict.fromkeys(
                each.codec for each in strip.shown if any(each.codec in column for column in columns)
            )
        )
        if not codecs:
            continue
        with Image.open(strip.original) as image:
            original = _cell(image)
        width, height = original.width + 6, original.height + _TEXT + 10
        sheet = Image.new("RGB", (width * (len(budgets) + 1), height * len(codecs)), "white")
        pen = ImageDraw.Draw(sheet)
        font = ImageFont.load_default(_TEXT)
        for row, codec in enumerate(codecs):
            top = row * height
            sheet.paste(original, (0, top + _TEXT + 6))
            pen.text((2, top + 2), codec, "black", font)
            for number, column in enumerate(columns, 1):
                if codec in column:
                    with Image.open(column[codec].file) as image:
                        sheet.paste(_cell(image), (number * width, top + _TEXT + 6))
                    pen.text((number * width + 2, top + 2), f"{column[codec].bytes} B", "black", font)
        path = unused(folder / f"{slug(strip.dataset)}-{slug(strip.image)}.png", written)
        sheet.save(path, optimize=True)
        written.append(path)
    return written


def _cell(image: Image.Image) -> Image.Image:
    scale = _CELL / image.width
    return image.convert("RGB").resize((_CELL, max(1, round(image.height * scale))), Image.Resampling.LANCZOS)
