"""Make the table of concepts, ``promptcodec/models/concepts-1.heads``, and print how often it errs.

The labels are ours: pictures of DATA/train looked at on contact sheets, and for each what it
shows. A concept is labelled where it is prominent, not where it is merely there: a street with
small walkers is a city, not people. Flowers and groceries that were not looked at count for
flower and food, and as showing nothing of what they never show.

Run: python -m training.concepts --data DIR  (needs scipy, which comes with scikit-image)
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from scipy.optimize import minimize  # type: ignore[import-untyped]

from promptcodec.vision.colour import Floats
from promptcodec.vision.concepts import TABLE, coherent, read_heads
from promptcodec.vision.network import DIMENSIONS, look
from training import tables
from training.texts import DATA

Doubles = npt.NDArray[np.float64]

LABELS = Path(__file__).parent / "concept_labels.csv"

IMPLIES = {"pair": "people", "group": "people", "face": "portrait", "bird": "animal"}
"""Labels that are also another's; a pair alone is too hard to tell from three."""

LEFT_OUT = ("pair",)

WEAK = {"flower": r"flower_photos", "food": r"GroceryStoreDataset.*(Fruit|Vegetables)"}
"""What unseen pictures show, by source and path."""

NEVER = ("person", "woman", "man", "city", "landscape", "interior", "abstract", "vehicle", "night", "snow")
"""What those pictures do not show."""

SERIES = "Debian endless-sky-data"
"""A source with several takes of one thing, ``badlands0``, ``badlands1``: kept in one fold."""

FOLDS = 5
CROP = 0.8
PENALTY = 50.0
"""Weight of the squares of the weights, per 1000 pictures; chosen among 3, 30, 50, 100, 300 by likelihood."""

PRECISION, SAFE, IN_EACH, RECALL = 0.85, 0.7, 0.75, 0.15
"""Least precision; its least lower confidence bound (90 %); least precision among photographs and
among generated pictures, where either has EACH answers; least recall."""

EACH = 5

FLAT = 60
"""Flat pictures, drawn here."""

FLOOR = 0.5
"""Least threshold: the most doubtful answer, too, is more likely right than wrong."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Views ``(n, 3, 1280)``; labels and whether they are known ``(n, k)``.

    Folds, whether a picture was looked at and whether it was generated: ``(n,)``.
    """

    views: Floats
    labels: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    folds: npt.NDArray[np.intp]
    looked: npt.NDArray[np.bool_]
    generated: npt.NDArray[np.bool_]


def main() -> None:
    """Validate, drop what is not told reliably, train on all, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    data: Path = parser.parse_args().data
    seen = read_labels()
    names = sorted({*IMPLIES.values()}.union(*seen.values()) - {*LEFT_OUT})
    pictures = gather(data, seen, names)
    scores = coherent(names, validate(pictures))
    kept: list[int] = []
    least: list[float] = []
    print("| concept | labelled | threshold | precision | recall |\n|---|---|---|---|---|")
    for index, name in enumerate(names):
        # Unseen flowers are all alike and easy: they would make any threshold look precise.
        known = pictures.known[:, index] & pictures.looked
        truth, scored = pictures.labels[known, index], scores[known, index]
        threshold = calibrate(scored, truth, pictures.generated[known])
        if threshold is None:
            print(f"| {name} | {truth.sum()} | dropped | | |")
            continue
        shown = scored >= threshold
        precision, recall = truth[shown].mean(), shown[truth].mean()
        print(f"| {name} | {truth.sum()} | {threshold:.2f} | {precision:.2f} | {recall:.2f} |")
        kept.append(index)
        least.append(threshold)
    weights, biases = fit(pictures, np.ones(len(pictures.folds), bool))
    table = pack([names[index] for index in kept], weights[kept], biases[kept], np.array(least))
    tables.write(TABLE, f"{TABLE}.heads", table, source="python -m training.concepts")
    exact = _sigmoid(pictures.views[:, 0] @ weights[kept].T + biases[kept])
    exact = coherent([names[index] for index in kept], exact)
    change = np.abs(read_heads(table).probabilities(pictures.views[:, 0]) - exact).max()
    print(f"{len(seen)} pictures seen, {len(pictures.folds) - len(seen)} not; {len(table)} bytes; ", end="")
    print(f"int8 changes a probability by {change:.3f} at most")


def read_labels() -> dict[str, set[str]]:
    """Give what each picture that was looked at shows."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        return {row["file"]: set(row["concepts"].split()) for row in csv.DictReader(file)}


def gather(data: Path, seen: dict[str, set[str]], names: list[str]) -> Labelled:
    """Look at the pictures, and put the labels in rows."""
    views, labels, known, folds, looked, generated = [], [], [], [], [], []
    for line in (data / "train" / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        place = f"{row.get('source', '')} {row['orig_path']}"
        weak = {name for name, pattern in WEAK.items() if re.search(pattern, place)}
        if row["file"] not in seen and not weak:
            continue
        here = seen.get(row["file"], weak)
        here = here | {IMPLIES[name] for name in here if name in IMPLIES}
        labels.append([name in here for name in names])
        if row["file"] in seen:
            # Many small figures: whether they are prominent depends on who looks.
            unsure = {"person"} if "people" in here and "person" not in here else set()
            known.append([name not in unsure for name in names])
        else:
            known.append([name in weak or name in NEVER for name in names])
        series = row["kind"] == "ai" or row.get("source") == SERIES
        name = re.sub(r"\d+", "", row["orig_path"]) if series else row["file"]
        folds.append(zlib.crc32(name.encode()) % FOLDS)
        looked.append(row["file"] in seen)
        generated.append(row["kind"] == "ai")
        with Image.open(data / "train" / row["file"]) as file:
            image = file.convert("RGB")
        views.append(look([image, ImageOps.mirror(image), _middle(image)])[1])
    for index, image in enumerate(flat()):
        labels.append([False] * len(names))
        known.append([True] * len(names))
        folds.append(index % FOLDS)
        looked.append(False)
        generated.append(True)
        views.append(look([image] * 3)[1])
    return Labelled(*map(np.array, (views, labels, known, folds, looked, generated)))


def flat() -> Iterator[Image.Image]:
    """Draw pictures of one colour, or of two that run into each other: they show nothing."""
    draw = np.random.default_rng(0)
    for index in range(FLAT):
        ends = draw.integers(0, 256, (2, 3))
        ramp = np.linspace(ends[0], ends[index % 2], 224)[None].repeat(224, 0)
        yield Image.fromarray(ramp.astype(np.uint8)).rotate(90 * (index // 2 % 2))


def _middle(image: Image.Image) -> Image.Image:
    """Give the middle of a picture."""
    left, top = (int(side * (1 - CROP) / 2) for side in image.size)
    return image.crop((left, top, image.width - left, image.height - top))


def validate(pictures: Labelled) -> Doubles:
    """Give the probabilities ``(n, k)`` that pictures get from heads that never saw them."""
    probabilities = np.zeros(pictures.labels.shape)
    for fold in range(FOLDS):
        test = pictures.folds == fold
        weights, biases = fit(pictures, ~test)
        probabilities[test] = _sigmoid(pictures.views[test, 0] @ weights.T + biases)
    return probabilities


def fit(pictures: Labelled, chosen: npt.NDArray[np.bool_]) -> tuple[Doubles, Doubles]:
    """Fit a logistic head per concept.

    Args:
        pictures: all.
        chosen: ``(n,)``, which of them to train on.

    Returns:
        Weights ``(k, 1280)`` and biases ``(k,)`` for embeddings as they are.
    """
    views = pictures.views.shape[1]
    values = pictures.views[chosen].reshape(-1, DIMENSIONS)
    labels = np.repeat(pictures.labels[chosen], views, 0).astype(np.float64)
    known = np.repeat(pictures.known[chosen], views, 0).astype(np.float64)
    mean, spread = values.mean(0), values.std(0) + 1e-4
    scaled = ((values - mean) / spread).astype(np.float32)
    penalty = PENALTY * len(scaled) / 1000

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        both = flat.reshape(labels.shape[1], -1)
        scores = scaled @ both[:, :-1].T.astype(np.float32) + both[:, -1]
        errors = known * (_sigmoid(scores) - labels)
        slope = (errors.T.astype(np.float32) @ scaled) + penalty * both[:, :-1]
        value = (known * (np.logaddexp(0, scores) - labels * scores)).sum()
        value += penalty / 2 * np.square(both[:, :-1]).sum()
        return float(value), np.concatenate([slope, errors.sum(0)[:, None]], 1).ravel()

    positive, total = (known * labels).sum(0), known.sum(0)
    start = np.zeros((labels.shape[1], DIMENSIONS + 1))
    start[:, -1] = np.log((positive + 1) / (total - positive + 1))
    both = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 120}).x
    both = both.reshape(start.shape)
    weights = both[:, :-1] / spread
    return weights, both[:, -1] - weights @ mean


def _sigmoid(scores: npt.NDArray[np.floating]) -> Doubles:
    return (1 / (1 + np.exp(-np.asarray(scores, np.float64)))).astype(np.float64)


def calibrate(
    probabilities: Doubles, truth: npt.NDArray[np.bool_], generated: npt.NDArray[np.bool_]
) -> float | None:
    """Find the threshold of a concept.

    Args:
        probabilities: ``(n,)``, from validation.
        truth: ``(n,)`` labels.
        generated: ``(n,)``, generated pictures rather than photographs.

    Returns:
        The best by F1 among those precise enough; None if there is none.
    """
    best: tuple[float, float] | None = None
    for threshold in np.unique(np.concatenate([[FLOOR], probabilities[truth & (probabilities > FLOOR)]])):
        shown = probabilities >= threshold
        hits, count = int((shown & truth).sum()), int(shown.sum())
        if count == 0 or hits / count < PRECISION or lower_bound(hits, count) < SAFE:
            continue
        parts = [shown & generated, shown & ~generated]
        if any(part.sum() >= EACH and truth[part].mean() < IN_EACH for part in parts):
            continue
        if hits / truth.sum() < RECALL:
            continue
        quality = 2 * hits / (count + truth.sum())
        if best is None or quality > best[0]:
            best = quality, float(threshold)
    return None if best is None else best[1]


def lower_bound(hits: int, count: int, z: float = 1.28) -> float:
    """Give Wilson's lower bound of a share.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    """
    share = hits / count
    centre = share + z * z / (2 * count)
    width = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return float((centre - width) / (1 + z * z / count))


def pack(names: list[str], weights: Doubles, biases: Doubles, least: Doubles) -> bytes:
    """Write heads as ``vision.concepts.read_heads`` reads them."""
    scales = np.abs(weights).max(1) / 127
    steps = np.round(weights / scales[:, None]).astype(np.int8)
    header = " ".join(names).encode() + b"\n"
    numbers = np.stack([biases, least, scales], 1).astype("<f4")
    return b"".join((header, numbers.tobytes(), steps.tobytes()))


if __name__ == "__main__":
    main()
