"""The sheet of docs/guide/editing.md: what pictures were, what is drawn of them, and that after edits."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from eval.images import scaled
from eval.measure.edit_cases import draw
from eval.measure.edits import BUDGET, LAYERS
from eval.measure.free_pictures import free_pictures
from promptcodec import encode
from promptcodec.cli.sheet import side_by_side
from promptcodec.edit import Edit, apply
from promptcodec.vision.load import load_image

SIDE = 232
ROWS: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = (
    (
        "photo_00584.webp",
        LAYERS,
        (
            ("erase", "r2c2:r4c3"),
            ("move", "r2c2:r4c3", "r2c1"),
            ("recolour", "r2c2:r4c3", "red"),
            ("cell", "r6c1", "sky blue: a pond"),
        ),
    ),
    (
        "photo_00519.webp",
        LAYERS,
        (
            ("recolour", "r2c3:r2c5", "golden yellow"),
            ("replace", "orange", "deep blue"),
            ("surface", "r2c3:r4c5", "busy"),
            ("erase", "r1c3:r2c5"),
        ),
    ),
    (
        "photo_00586.webp",
        ("semantic", "structure"),
        (
            ("delete-curves", "r1c1:r4c8"),
            ("move-curves", "r2c3:r5c6", "r4c1"),
            ("scale-curves", "r2c3:r5c6", "0.5"),
            ("surface", "r1c1:r8c2", "rough horizontal"),
        ),
    ),
    (
        "photo_00315.webp",
        ("semantic",),
        (
            ("cell", "r2c3", "red kite"),
            ("recolour", "r5c1:r8c8", "emerald"),
            ("erase", "r4c1:r4c8"),
            ("surface", "r1c1:r3c8", "busy falling"),
        ),
    ),
)


def write(data: Path, out: Path) -> None:
    """Write ``editing.png`` into a folder.

    Args:
        data: the folder with ``train/``.
        out: where it goes.
    """
    files = free_pictures(data, [name for name, _, _ in ROWS])
    rows = [_row(file, layers, edits) for file, (_, layers, edits) in zip(files, ROWS, strict=True)]
    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    sheet.save(out / "editing.png", optimize=True)


def _row(file: Path, layers: tuple[str, ...], edits: tuple[tuple[str, ...], ...]) -> Image.Image:
    image = load_image(file)
    data = encode(image, layers=layers, budget=BUDGET, structure="edges")
    panels = [("original", _panel(image)), (f"drawn from {len(data)} B", _panel(draw(data)))]
    for operation, *arguments in edits:
        edited = apply(data, [Edit(operation, tuple(arguments))]).data
        panels.append((f"--{operation} {' '.join(arguments)}", _panel(draw(edited))))
    return side_by_side(panels)


def _panel(image: Image.Image) -> Image.Image:
    return scaled(image.convert("RGB"), SIDE)
