"""Make the tables of what is told of a picture as a whole; print how often each errs.

Run: python -m training.eyes.whole medium|subject --data DIR  (needs torch; minutes on a core)

``medium-2`` and ``subject-1`` rest on ``training/labels``, made by looking; the medium also on
pages, screens, graphics and pixel art drawn by ``training.drawn``, the subject also on
``concept_labels.csv``. Pictures are held out in turn; a word is said from the probability at which it is
right in PRECISION of the held-out pictures.
"""

from __future__ import annotations

import argparse
import csv
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision import maps, medium, subject
from promptcodec.vision.colour import Floats
from promptcodec.vision.heads import Head
from training import tables
from training.drawn import drawn
from training.eyes import features, fit
from training.labelled import Label, shipped
from training.pictures import allowed
from training.texts import DATA, HERE

FONTS = Path("/usr/share/fonts")
CONCEPTS = HERE / "concept_labels.csv"
MORE_MEDIA = HERE / "medium_labels.csv"
"""Media of more generated pictures, labelled by eye before; what is drawn is not told apart there."""

SUBJECTS = Path(__file__).parent / "subjects.toml"

SPOKEN = {
    "photo": "photo", "painting": "painting", "anime": "illustration", "3d render": "3D render",
    "line art": "drawing", "graphic": "flat graphic", "screenshot": "screenshot", "text page": "text page",
    "pixel art": "pixel art",
}  # fmt: skip
"""What is said for the media of the labels."""

PRECISION = {"medium": 0.8, "subject": 0.88}
"""Least share right of each word."""

FEWEST = 6
"""Fewest answers that bear a word out."""

HIDDEN = 64

EPOCHS, DECAY = {"medium": 40, "subject": 60}, {"medium": 0.3, "subject": 1.0}
"""For the subject the best of seven pairs by the words that are right where they are held out."""

Rows = tuple[list[str], Floats, Floats, npt.NDArray[np.int64] | None, Floats | None]
"""Names, inputs, labels, the best of each, and which labels are known."""


def media(data: Path, labels: Sequence[Label]) -> tuple[tuple[str, ...], Rows]:
    """Gather what is known of media."""
    words = tuple(medium.MEDIA)
    seen = [(label.file, [words.index(SPOKEN[each]) for each in label.medium], view.whole)
            for label, view in _both(data, labels)]  # fmt: skip
    usable, labelled = {path.name for path in allowed(data)}, {label.file for label in labels}
    with MORE_MEDIA.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["file"] in usable - labelled:
                right = [words.index(SPOKEN[each]) for each in row["media"].split("/")]
                seen.append((row["file"], right, features.see(data, row["file"], mirrored=False).whole))
    for name, kind, image in drawn(allowed(data)[::8], FONTS):
        seen.append((name, [words.index(SPOKEN[kind])], _drawn(name, image)))
    marks = np.zeros((len(seen), len(words)), np.float32)
    for row, (_, right, _) in enumerate(seen):
        marks[row, right] = 1
    first = np.array([right[0] for _, right, _ in seen])
    return words, ([name for name, _, _ in seen], np.stack([view for _, _, view in seen]), marks, first, None)


def _drawn(name: str, image: Image.Image) -> Floats:
    """Give the inputs of a drawn picture, kept as those of others are."""
    path = features.CACHE / f"{name}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, maps.look(image).whole.astype(np.float16))
    return np.load(path).astype(np.float32)


def subject_rows(data: Path, labels: Sequence[Label]) -> tuple[tuple[str, ...], Rows]:
    """Gather what pictures mainly show: of labelled ones every word, of others what was looked for then."""
    groups = tomllib.loads(SUBJECTS.read_text("utf-8"))
    words = tuple(groups)
    named = {label.file: set(label.subject) for label in labels}
    with CONCEPTS.open(encoding="utf-8", newline="") as file:
        concepts = {row["file"]: set(row["concepts"].split()) for row in csv.DictReader(file)}
    usable = {path.name for path in allowed(data)}
    files = [*named, *(file for file in concepts if file not in named and file in usable)]
    marks, known, inputs, names = [], [], [], []
    for file in files:
        own, about = named.get(file), concepts.get(file, set())
        if own is None:
            right = [bool(about & set(group.get("concepts", ()))) for group in groups.values()]
            certain = [bool(group.get("concepts")) for group in groups.values()]
        else:
            right = [bool(own & set(group["nouns"])) for group in groups.values()]
            certain = [True] * len(words)
        for mirrored in (False, True):
            names.append(file)
            marks.append(right)
            known.append(certain)
            inputs.append(features.see(data, file, mirrored=mirrored).whole)
    return words, (names, np.stack(inputs), np.array(marks, np.float32), None, np.array(known, np.float32))


def _both(data: Path, labels: Sequence[Label]) -> list[tuple[Label, features.View]]:
    """Give labels with both views of their pictures."""
    return [(labels[index], view) for index, _, view in features.views(data, labels)]


def fitted(what: str, rows: Rows, chosen: npt.NDArray[np.bool_]) -> dict[str, Floats]:
    """Train on some rows."""
    _, inputs, marks, first, known = rows
    return fit.train(
        inputs[chosen], marks[chosen], None if first is None else first[chosen],
        None if known is None else known[chosen], hidden=HIDDEN, epochs=EPOCHS[what], decay=DECAY[what],
    )  # fmt: skip


def answers(head: Head, inputs: Floats, rows: Rows) -> Floats:
    """Give probabilities, of one word or of any."""
    return head.chances(inputs) if rows[3] is None else head.shares(inputs)


def main() -> None:
    """Validate, choose the bounds, train on everything, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=PRECISION)
    parser.add_argument("--data", type=Path, default=HERE.parent / DATA)
    parser.add_argument("--dry-run", action="store_true", help="write no table")
    options = parser.parse_args()
    labels = shipped()
    gather = {"medium": media, "subject": subject_rows}[options.what]
    words, rows = gather(options.data, labels)
    names, inputs, marks, first, _ = rows
    groups = fit.folds(names)
    held = np.zeros_like(marks)
    for fold in range(fit.FOLDS):
        own = groups == fold
        held[own] = answers(fit.rounded(words, fitted(options.what, rows, ~own)), inputs[own], rows)
    labelled = {label.file for label in labels}
    judged = np.array([name in labelled for name in names])
    judged[1:] &= np.array(names[1:]) != np.array(names[:-1])
    least = np.full(len(words), 2.0, np.float32)
    best = held.argmax(1)
    # Those drawn count too: their medium is known.
    counted = judged | ~np.isin(names, [path.name for path in allowed(options.data)])
    for index in range(len(words)):
        own = judged if first is None else counted & (best == index)
        least[index] = fit.bound(held[own, index], marks[own, index] > 0, PRECISION[options.what], FEWEST)
    report(words, held, marks, judged, least, first)
    if not options.dry_run:
        table = fit.pack(words, least, least, fitted(options.what, rows, np.ones(len(names), bool)))
        name = {"medium": medium.TABLE, "subject": subject.TABLE}[options.what]
        command = f"python -m training.eyes.whole {options.what} --data DIR"
        tables.write(name, name + ".npz", table, source=command)
        print(f"{len(table)} bytes")


def report(
    words: Sequence[str],
    held: Floats,
    marks: Floats,
    judged: npt.NDArray[np.bool_],
    least: Floats,
    first: npt.NDArray[np.int64] | None,
) -> None:
    """Print what held-out pictures say of every word."""
    best = held.argmax(1)
    for index, word in enumerate(words):
        own = judged & (held[:, index] >= least[index])
        own &= True if first is None else best == index
        right = marks[own, index] > 0
        there = int((marks[judged, index] > 0).sum())
        share = f"{right.mean():.2f}" if len(right) else "-"
        recall = f"{right.sum() / there:.2f}" if there else "-"
        print(f"| {word} | {there} | {len(right)} | {share} | {recall} | {least[index]:.2f} |")
    if first is not None:
        sure = judged & (held.max(1) >= least[best])
        good = marks[np.arange(len(best)), best] > 0
        print(json.dumps({
            "pictures": int(judged.sum()), "right": round(float((good & sure)[judged].mean()), 3),
            "undecided": round(float(1 - sure[judged].mean()), 3),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
