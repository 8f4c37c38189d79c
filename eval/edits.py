"""Does an edit change the picture where it should, and nowhere else? And the before/after sheet.

    python -m eval.edits DIR... [--limit N] [--budget BYTES] [--layers NAMES] [--generator NAME] [--json]
    python -m eval.edits --sheet DATA [-o docs/img]

Each picture is encoded, SHARES of the bytes for each layer, edited with every operation and decoded before
and after, with `builtin:classical` if not said otherwise.
``inside`` is the mean CIEDE2000 between the two within the region the operation names, ``outside`` the same
beyond one more cell around it. Operations on all of the picture have no outside.
The limit is for each folder. The sheets show pictures whose licence allows it, as train/manifest.jsonl says.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec import codec, reading
from promptcodec.cli.sheet import side_by_side
from promptcodec.description import Description, from_json, resolve
from promptcodec.edit import Edit, apply, curves, words
from promptcodec.edit.region import Region
from promptcodec.edit.state import open_state
from promptcodec.errors import UsageError
from promptcodec.files import IMAGE_SUFFIXES
from promptcodec.vision.colour import ciede2000, palette_oklab, to_oklab
from promptcodec.vision.load import load_image

LAYERS = ("semantic", "texture", "structure")
BUDGET, GENERATOR = 400, "builtin:classical"
# Cells are what is edited: the default shares leave few of them beside a colour map.
SHARES = {"semantic": 0.25, "texture": 0.65, "structure": 0.1}
WANTED = 5.0
# Below this nothing is seen to change, and a ratio means nothing.
VISIBLE = 0.5

SIDE = 232
ALLOWED = (
    "CC0-1.0",
    "CC0-1.0 (DiffusionDB dataset licence)",
    "CC0-1.0 (Unsplash before 2017-06-08)",
    "public-domain",
)
ROWS: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = (
    (
        "photo_00584.webp",
        LAYERS,
        (
            ("erase", "r3c4:r6c6"),
            ("move", "r3c4:r6c6", "r3c1"),
            ("recolour", "r3c4:r6c6", "red"),
            ("cell", "r7c2", "sky blue: a pond"),
        ),
    ),
    (
        "photo_00519.webp",
        LAYERS,
        (
            ("recolour", "r2c4:r3c6", "golden yellow"),
            ("replace", "orange", "deep blue"),
            ("surface", "r3c3:r6c6", "busy"),
            ("erase", "r2c3:r3c7"),
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

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


class Case(NamedTuple):
    """An edit and the cells it is about; None where it is about all of the picture."""

    edit: Edit
    cells: Flags | None


def cases(data: bytes) -> Iterator[Case]:
    """Choose a region for each operation that a stream allows."""
    said = from_json(reading.inspect(data)["description"])
    rows, cols = said.rows, said.cols
    tall, wide = max(1, round(rows / 3)), max(1, round(cols / 3))
    top, left = (rows - tall) // 2, cols - wide - 1 if cols > wide + 1 else 0
    box = _flags(rows, cols, top, left, tall, wide)
    name = _name(top, left, tall, wide)
    colour = _unlike(data, box)
    cell = _flags(rows, cols, rows // 2, cols // 3, 1, 1)
    yield Case(Edit("cell", (f"r{rows // 2 + 1}c{cols // 3 + 1}", f"{_unlike(data, cell)} kite")), cell)
    yield Case(Edit("recolour", (name, colour)), box)
    yield Case(Edit("surface", (name, _surface(said, box))), box)
    yield Case(Edit("erase", (name,)), box)
    marks = Image.fromarray(box.astype(np.uint8) * 255)
    file = io.BytesIO()
    marks.save(file, "PNG")
    yield Case(Edit("mask", (file.getvalue(),)), box)
    both = box | _flags(rows, cols, 0, 0, tall, wide)
    yield Case(Edit("move", (name, "r1c1")), both)
    yield from _replaced(said)
    yield from _with_curves(data, said)
    yield Case(Edit("medium", ("oil painting",)), None)
    yield Case(Edit("style", ("light: dim",)), None)


def _flags(rows: int, cols: int, top: int, left: int, tall: int, wide: int) -> Flags:
    flags = np.zeros((rows, cols), np.bool_)
    flags[top : top + tall, left : left + wide] = True
    return flags


def _name(top: int, left: int, tall: int, wide: int) -> str:
    return f"r{top + 1}c{left + 1}:r{top + tall}c{left + wide}"


def draw(data: bytes, generator: str = GENERATOR, size: tuple[int, int] | None = None) -> Image.Image:
    """Draw a stream."""
    return codec.decode(data, generator=generator, size=size).image


def _unlike(data: bytes, box: Flags) -> str:
    """Give the colour that is least like what is drawn in some cells."""
    drawn = np.asarray(draw(data, size=(192, 128)))
    mean = to_oklab(drawn[_enlarged(box, drawn.shape)].mean(0))
    options = ("red", "sky blue", "golden yellow", "grass green")
    values = [palette_oklab()[list(words.PALETTE).index(option)] for option in options]
    return options[int(np.argmax([np.linalg.norm(value - mean) for value in values]))]


def _surface(said: Description, box: Flags) -> str:
    """Give the surface furthest from what most of some cells have."""
    inside = [cell.texture for cell, flag in zip(resolve(said), box.ravel(), strict=True) if flag]
    return "smooth" if 2 * sum(each in ("rough", "busy") for each in inside) > len(inside) else "busy"


def _replaced(said: Description) -> Iterator[Case]:
    """Replace the colour that most cells name, but not more than half of them."""
    cells = resolve(said)
    counts = {name: sum(name in cell.colours for cell in cells) for name in words.PALETTE}
    usable = [name for name in counts if 0 < counts[name] <= len(cells) / 2]
    old = max(usable, key=lambda name: counts[name], default=None)
    if old is None:
        return
    values = dict(zip(words.PALETTE, palette_oklab(), strict=True))
    new = max(
        ("orange", "azure", "green"), key=lambda name: float(np.linalg.norm(values[name] - values[old]))
    )
    _, colours = words.replace_words(said, old, f"autumn {new}")
    changed = [bool(colours.keys() & set(cell.colours)) for cell in cells]
    yield Case(Edit("replace", (old, f"autumn {new}")), np.array(changed).reshape(said.rows, said.cols))


def _with_curves(data: bytes, said: Description) -> Iterator[Case]:
    """Use the box with most contours in it."""
    _, state = open_state(data)
    rows, cols = said.rows, said.cols
    tall, wide = max(1, round(rows / 3)), max(1, round(cols / 3))
    if "structure" not in state.payloads:
        return
    lengths = {}
    for top in range(rows - tall + 1):
        for left in range(cols - wide + 1):
            box = Region(left / cols, top / rows, (left + wide) / cols, (top + tall) / rows)
            kept = curves.delete(state.payloads["structure"], state.size, box)
            lengths[top, left] = len(kept)
    top, left = min(lengths, key=lambda at: (lengths[at], at))
    if lengths[top, left] >= len(state.payloads["structure"]):
        return
    name, own = _name(top, left, tall, wide), _flags(rows, cols, top, left, tall, wide)
    yield Case(Edit("delete-curves", (name,)), own)
    to = (rows - tall if top < rows - tall - top else 0, cols - wide if left < cols - wide - left else 0)
    yield Case(
        Edit("move-curves", (name, f"r{to[0] + 1}c{to[1] + 1}")), own | _flags(rows, cols, *to, tall, wide)
    )
    yield Case(Edit("scale-curves", (name, "0.6")), own)


def _enlarged(cells: Flags, shape: tuple[int, ...]) -> Flags:
    image = Image.fromarray(cells.astype(np.uint8) * 255)
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.NEAREST)) > 0


def _around(cells: Flags) -> Flags:
    """Add one cell on every side."""
    padded = np.pad(cells, 1)
    rows, cols = cells.shape
    return np.any([padded[v : v + rows, u : u + cols] for v in range(3) for u in range(3)], axis=0)


def measure(data: bytes, case: Case, before: Image.Image, generator: str) -> dict[str, float | None]:
    """Edit a stream; give CIEDE2000 inside and outside, bytes and CPU time."""
    start = time.process_time()
    edited = apply(data, [case.edit])
    seconds = time.process_time() - start
    after = draw(edited.data, generator)
    apart = ciede2000(np.asarray(before.reduce(2)), np.asarray(after.reduce(2)))
    row: dict[str, float | None] = {
        "bytes": len(data),
        "bytes_after": len(edited.data),
        "milliseconds": seconds * 1000,
        "inside": float(apart.mean()),
        "outside": None,
    }
    if case.cells is not None:
        inside, outside = _enlarged(case.cells, apart.shape), ~_enlarged(_around(case.cells), apart.shape)
        row["inside"] = float(apart[inside].mean())
        row["outside"] = float(apart[outside].mean()) if outside.any() else None
    return row


def summary(operation: str, rows: list[dict[str, float | None]]) -> dict[str, object]:
    """Bring the rows of one operation into one."""
    pairs = [(row["inside"], row["outside"]) for row in rows]
    ratios = [
        inside / max(outside, 1e-3) for inside, outside in pairs if inside is not None and outside is not None
    ]

    def mean(key: str) -> float:
        values = [row[key] for row in rows]
        return round(float(np.mean([value for value in values if value is not None])), 2)

    result: dict[str, object] = {"operation": operation, "n": len(rows), "inside": mean("inside")}
    if ratios:
        result |= {
            "outside": mean("outside"),
            "ratio_least": round(min(ratios), 1),
            "ratio_median": round(float(np.median(ratios)), 1),
            "local": sum(ratio >= WANTED for ratio in ratios),
            "of": len(ratios),
            "seen": sum((inside or 0) >= VISIBLE for inside, _ in pairs),
        }
    times = sorted(row["milliseconds"] or 0 for row in rows)
    grown = [(row["bytes_after"] or 0) - (row["bytes"] or 0) for row in rows]
    return result | {
        "milliseconds": round(times[len(times) // 2], 1),
        "milliseconds_most": round(times[-1], 1),
        "bytes_added": round(float(np.mean(grown)), 1),
    }


def run(
    folders: list[Path], limit: int | None, budget: int, layers: tuple[str, ...], generator: str
) -> Iterator[dict[str, object]]:
    """Measure every operation; one row each."""
    by_operation: dict[str, list[dict[str, float | None]]] = {}
    for folder in folders:
        names = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
        for path in names[:limit]:
            data = codec.encode(load_image(path), layers=layers, budget=budget, tune=SHARES)
            before = draw(data, generator)
            for case in cases(data):
                try:
                    row = measure(data, case, before, generator)
                except UsageError as error:
                    raise SystemExit(
                        f"{path.name}: {case.edit.operation} {case.edit.arguments}: {error}"
                    ) from None
                by_operation.setdefault(case.edit.operation, []).append(row)
    for operation, rows in by_operation.items():
        yield summary(operation, rows)


def panel(image: Image.Image) -> Image.Image:
    """Scale to SIDE on the long side."""
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def sheets(folder: Path, out: Path) -> None:
    """Write the sheets: for each picture, what it was, what is drawn of it, and that after edits."""
    lines = (folder / "train" / "manifest.jsonl").read_text("utf-8").splitlines()
    licences = {entry["file"]: entry["licence"] for entry in map(json.loads, lines)}
    rows = []
    for name, layers, edits in ROWS:
        if licences[name] not in ALLOWED:
            raise SystemExit(f"{name} is under {licences[name]}: not free to show here")
        image = load_image(folder / "train" / name)
        data = codec.encode(image, layers=layers, budget=BUDGET, tune=SHARES)
        panels = [("original", panel(image)), (f"drawn from {len(data)} B", panel(draw(data)))]
        for operation, *arguments in edits:
            edited = apply(data, [Edit(operation, tuple(arguments))]).data
            label = f"--{operation} {' '.join(arguments)}"
            panels.append((label, panel(draw(edited))))
        rows.append(side_by_side(panels))
    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    sheet.save(out / "editing.png", optimize=True)


def main() -> None:
    """Print a line for each operation, or make the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--budget", type=int, default=BUDGET)
    parser.add_argument("--generator", default=GENERATOR, metavar="NAME")
    parser.add_argument("--layers", default=",".join(LAYERS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sheet", type=Path, metavar="DATA", help="folder with train/: make the sheet")
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/img"))
    options = parser.parse_args()
    if options.sheet:
        sheets(options.sheet, options.out)
        return
    layers = tuple(options.layers.split(","))
    for row in run(options.folders, options.limit, options.budget, layers, options.generator):
        print(
            json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()),
            flush=True,
        )


if __name__ == "__main__":
    main()
