"""Make the strip of the README: each picture beside what is drawn of its words, and of words and texture.

    python -m eval.strip [PICTURE...] [-o docs/img/strip.jpg]

The first row is the astronaut Eileen Collins that scikit-image ships (NASA, public domain). Streams are those
of ``promptcodec demo``; what stands under a picture is the length of its whole file.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from skimage import data

from promptcodec import decode, encode
from promptcodec.cli.sheet import side_by_side
from promptcodec.vision.load import load_image

HEIGHT = 256
SETTINGS = (
    ("words only", {"layers": ("semantic",), "budget": 100}),
    ("words + texture layer", {"layers": ("semantic", "texture"), "budget": 200}),
)


def scaled(image: Image.Image) -> Image.Image:
    """Give RGB of the height that a row of the strip has."""
    width = round(image.width * HEIGHT / image.height)
    return image.convert("RGB").resize((width, HEIGHT), Image.Resampling.LANCZOS)


def row(source: bytes) -> Image.Image:
    """Draw one picture's row: the original, then what each stream gives, with the bytes of both files."""
    panels = [(f"original, {len(source):,} bytes", scaled(load_image(source)))]
    for name, setting in SETTINGS:
        stream = encode(source, recipe="off", **setting)
        panels.append((f"{name}, {len(stream)} bytes", scaled(decode(stream).image)))
    return side_by_side(panels)


def stack(rows: Sequence[Image.Image]) -> Image.Image:
    """Put rows below each other on white, centred."""
    width = max(each.width for each in rows)
    sheet = Image.new("RGB", (width, sum(each.height for each in rows)), "white")
    top = 0
    for each in rows:
        sheet.paste(each, ((width - each.width) // 2, top))
        top += each.height
    return sheet


def main() -> None:
    """Write the strip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/img/strip.jpg"))
    options = parser.parse_args()
    file = io.BytesIO()
    Image.fromarray(data.astronaut()).save(file, "PNG")
    sources = [file.getvalue(), *(path.read_bytes() for path in options.pictures)]
    stack([row(source) for source in sources]).save(options.out, quality=88)


if __name__ == "__main__":
    main()
