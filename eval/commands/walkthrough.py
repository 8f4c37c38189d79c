"""``python -m eval walkthrough``: docs/measurements/walkthrough.md and its pictures."""

from __future__ import annotations

import io
from pathlib import Path

import click
from PIL import Image, ImageDraw
from skimage import data

from eval.datasets import ROOT
from eval.options import FILE, example
from promptcodec import check, decode, encode, inspect
from promptcodec.cli.sheet import side_by_side
from promptcodec.layers import structure, texture
from promptcodec.layers.parts import payloads_of
from promptcodec.reading import open_stream
from promptcodec.vision.load import load_image

DOCS = ROOT / "docs"
SIDE = 360
LAYERS = ("semantic", "texture", "structure", "signature")
BUDGET = 400


@click.command(epilog=example("python -m eval walkthrough AIGI/a1111_sd-upscale-castle-original.png"))
@click.argument("image", type=FILE)
@click.option("--credit", default="", help="Where the generated image is from, and its licence.")
def command(image: Path, credit: str) -> None:
    """Write docs/measurements/walkthrough.md.

    One photograph and one generated IMAGE go through every stage. The photograph is the astronaut that
    scikit-image ships (NASA, public domain).
    """
    (DOCS / "img").mkdir(exist_ok=True)
    file = io.BytesIO()
    Image.fromarray(data.astronaut()).save(file, "PNG")
    page = f"""# Two pictures through every stage

Made by `python -m eval walkthrough IMAGE`. The photograph is the portrait of the astronaut Eileen Collins
that scikit-image ships (NASA, public domain). {credit}

{walk("photo", "A photograph", file.getvalue())}
{walk("ai", "A generated image that carries its recipe", image.read_bytes())}"""
    (DOCS / "measurements" / "walkthrough.md").write_text(page, encoding="utf-8")


def small(image: Image.Image) -> Image.Image:
    """Scale to SIDE on the long side."""
    copy = image.convert("RGB")
    copy.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return copy


def with_grid(image: Image.Image, rows: int, cols: int) -> Image.Image:
    """Draw the grid of the description over a picture."""
    copy = small(image)
    draw = ImageDraw.Draw(copy)
    for row in range(1, rows):
        draw.line([(0, copy.height * row // rows), (copy.width, copy.height * row // rows)], "white")
    for col in range(1, cols):
        draw.line([(copy.width * col // cols, 0), (copy.width * col // cols, copy.height)], "white")
    return copy


def walk(name: str, title: str, source: bytes) -> str:
    """Take one picture through the chain; write its sheets, give its Markdown."""
    picture = load_image(source)
    stream = encode(source, layers=LAYERS, budget=BUDGET, structure="edges")
    outline = inspect(stream)
    overhead = outline["overhead_bytes"]
    payloads = payloads_of(open_stream(stream))
    lengths = {p["type"]: p["bytes"] for p in outline["parts"]}
    grid = outline["description"]["rows"], outline["description"]["cols"]
    size = small(picture).size
    looks = [
        ("original", small(picture)),
        (f"grid {grid[0]}x{grid[1]}", with_grid(picture, *grid)),
        (f"texture, {lengths['texture']} B", texture.decode(payloads["texture"], size)),
        (
            f"structure, {lengths['structure']} B",
            structure.decode(payloads["structure"], size).convert("RGB"),
        ),
    ]
    drawn = []
    rows = []
    for chosen in (
        ("semantic",),
        ("texture",),
        ("semantic", "texture"),
        ("semantic", "texture", "structure"),
    ):
        decoded = decode(stream, layers=chosen, generator="builtin:classical")
        report = check(stream, decoded.image)
        kept = overhead + sum(p["bytes"] for p in outline["parts"] if p["type"] in chosen)
        drawn.append((" + ".join(chosen), small(decoded.image)))
        rows.append(f"| {' + '.join(chosen)} | {kept} | {report.score:.2f} | {report.verdict} |")
    for kind, panels in (("layers", looks), ("drawn", drawn)):
        side_by_side(panels).save(DOCS / "img" / f"walkthrough-{name}-{kind}.jpg", quality=85)
    parts = "\n".join(
        f"| {p['type']} | {p['coder']} | {p['offset']} | {p['bytes']} |" for p in outline["parts"]
    )
    hexed = "\n".join(stream[at : at + 32].hex(" ") for at in range(0, min(len(stream), 128), 32))
    return f"""## {title}

![The picture, its grid, its texture layer and its contours](../img/walkthrough-{name}-layers.jpg)

**Described** by `local` ({picture.width}x{picture.height}, budget {BUDGET} B):

```
{outline["text"]}
```

**Coded**: {outline["bytes"]} bytes, {outline["bpp"]:.5f} bpp, {overhead} of overhead. The first 128:

```
{hexed}
```

| part | coder | offset | bytes |
|---|---|---|---|
{parts}

**Drawn** by `builtin:classical` from some of the layers, and checked against all that the stream says:

![Drawn from words, texture layer, both, and with contours](../img/walkthrough-{name}-drawn.jpg)

| drawn from | bytes these parts cost | score | verdict |
|---|---|---|---|
{chr(10).join(rows)}

The colours of the words are read off the texture layer. So words alone cost more than the first row says.
"""
