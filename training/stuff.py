"""Make the table of stuff in cells, ``promptcodec/models/stuff-1.trees``, and print how often it errs.

The labels are ours: cells of pictures of DATA/train on a grid of 4x6, looked at and named
where one thing fills most of the cell; cells of none of the kinds have an empty label, mixed
cells are left out. Pictures, not cells, are held out in turn.

Run: python -m training.stuff --data DIR  (needs scikit-learn)
"""

from __future__ import annotations

import argparse
import csv
import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from promptcodec.vision.colour import Floats
from promptcodec.vision.stuff import STUFF, TABLE, measure
from promptcodec.vision.trees import read_trees
from training import tables
from training.texts import DATA
from training.trees import bounds, fit, pack

LABELS = Path(__file__).parent / "stuff_labels.csv"

ROWS, COLS = 4, 6

FOLDS = 8

PRECISION, RECALL = 0.85, 0.2
"""Least precision and recall, by pictures held out in turn, of a kind that is said."""

DRAWN = 9
"""View of what is drawn: it is trained on, but flatters no figure."""

FLOOR = 0.7
"""Least probability of any kind: sky is right often enough from 0.4, but wrong where it shows most."""

TREES = 40


def main() -> None:
    """Validate, drop what is not told reliably, train on all, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    data: Path = parser.parse_args().data
    values, labels, pictures, views = gather(data)
    probabilities = np.zeros((len(labels), len(STUFF)), np.float32)
    for fold in range(FOLDS):
        test = pictures % FOLDS == fold
        model = fit(values[~test], labels[~test], len(STUFF), TREES)
        probabilities[test] = read_trees(pack(*model, np.zeros(len(STUFF)))).probabilities(values[test])
    plain = views == 0
    least = np.maximum(bounds(probabilities[plain], labels[plain], PRECISION), np.float32(FLOOR))
    rows, kept = judge(probabilities[plain], labels[plain], pictures[plain], least)
    least[~kept] = 2
    table = pack(*fit(values, labels, len(STUFF), TREES), least)
    tables.write(TABLE, f"{TABLE}.trees", table, source="python -m training.stuff")
    print(f"{int(plain.sum())} cells of {len(set(pictures[plain].tolist()))} pictures; {len(table)} bytes")
    print("\n".join(rows))


def gather(data: Path) -> tuple[Floats, npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Give statistics ``(n, k)``, labels, pictures and views (0 as it is, others altered)."""
    cells: dict[str, list[tuple[int, int]]] = {}
    with LABELS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            place = int(row["row"]) * COLS + int(row["col"])
            cells.setdefault(row["file"], []).append((place, STUFF.index(row["label"])))
    parts: list[Floats] = []
    marks: list[tuple[int, int, int]] = []
    for number, (name, marked) in enumerate(sorted(cells.items())):
        with Image.open(data / "train" / name) as opened:
            image = opened.convert("RGB")
        for view, seen in enumerate(altered(image, random.Random(name))):
            values = measure(seen, ROWS, COLS)
            parts.append(values[[place for place, _ in marked]])
            marks += [(label, number, view) for _, label in marked]
    for number, image in enumerate(drawings(data)):
        parts.append(measure(image, ROWS, COLS))
        marks += [(0, number, DRAWN)] * (ROWS * COLS)
    labels, pictures, views = np.array(marks).T
    return np.concatenate(parts), labels, pictures, views


def drawings(data: Path) -> list[Image.Image]:
    """Draw pages, screens and graphics, whose plain grounds are no sky."""
    from training import medium  # noqa: PLC0415 - it takes its fit from here

    files, photo = sorted(Path("/usr/share/fonts").rglob("*.ttf")), next(medium.real(data))[2]
    makers = (medium.page, medium.screen, medium.graphic)
    return [make(random.Random(seed), files, photo) for make in makers for seed in range(60)]


def altered(image: Image.Image, draw: random.Random) -> list[Image.Image]:
    """Give a picture and retouched copies of it with the same things in the same cells."""
    views = [image]
    for _ in range(3):
        view = image
        for enhance in (ImageEnhance.Color, ImageEnhance.Contrast, ImageEnhance.Brightness):
            view = enhance(view).enhance(draw.uniform(0.75, 1.3))
        scale = draw.uniform(0.5, 1.5)
        views.append(view.resize((round(view.width * scale), round(view.height * scale))))
    return views


def judge(
    probabilities: Floats, labels: npt.NDArray[np.intp], pictures: npt.NDArray[np.intp], least: Floats
) -> tuple[list[str], npt.NDArray[np.bool_]]:
    """Write precision and recall by kind as a Markdown table; also which kinds are kept."""
    rows, kept = (
        ["| kind | cells | pictures | precision | recall | least | said |", "|---|---|---|---|---|---|---|"],
        [],
    )
    best = probabilities.argmax(1)
    for index, name in enumerate(STUFF):
        named, real = (best == index) & (probabilities[:, index] >= least[index]), labels == index
        right = int((named & real).sum())
        precision, recall = right / max(1, int(named.sum())), right / max(1, int(real.sum()))
        keep = index > 0 and precision >= PRECISION and recall >= RECALL
        kept.append(keep)
        rows.append(
            f"| {name or 'none of these'} | {int(real.sum())} | {len(set(pictures[real].tolist()))} "
            f"| {precision:.2f} | {recall:.2f} | {least[index]:.2f} | {'yes' if keep else 'no'} |"
        )
    return rows, np.array(kept)


if __name__ == "__main__":
    main()
