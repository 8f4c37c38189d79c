"""Show what the texture layer makes of a few pictures at several sizes in bytes.

    python -m eval.texture_sheet --data DIR [-o docs/img/texture-bytes.jpg]

The pictures are free to show: their licences stand in DIR/train/manifest.jsonl, and any other
licence than ALLOWED is refused.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw

from promptcodec.layers import texture

ALLOWED = (
    "CC0-1.0",
    "CC0-1.0 (DiffusionDB dataset licence)",
    "CC0-1.0 (Unsplash before 2017-06-08)",
    "public-domain",
)
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
        scale = SIDE / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        shown = [image.resize(size, Image.Resampling.LANCZOS)]
        shown += [texture.decode(texture.encode(image, budget), size) for budget in BUDGETS]
        for column, picture in enumerate(shown):
            left, top = column * (SIDE + GAP), LINE + row * (SIDE + GAP)
            result.paste(picture, (left + (SIDE - size[0]) // 2, top + (SIDE - size[1]) // 2))
    return result


def main() -> None:
    """Make the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/")
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/img/texture-bytes.jpg"))
    parser.add_argument("pictures", nargs="*", help="names in train/ instead of the usual ones")
    options = parser.parse_args()
    names = tuple(options.pictures) or PICTURES
    lines = (options.data / "train" / "manifest.jsonl").read_text("utf-8").splitlines()
    licences = {entry["file"]: entry["licence"] for entry in map(json.loads, lines)}
    for name in names:
        if licences[name] not in ALLOWED:
            raise SystemExit(f"{name} is under {licences[name]}: not free to show here")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    sheet([options.data / "train" / name for name in names]).save(options.out, quality=85)


if __name__ == "__main__":
    main()
