"""Make the table ``things-words-2``: what the detector's classes are called, and when each is said.

Run: python -m training.detectors.calibrate --data DIR  (a minute on a core)

``words.tsv`` has a line per class of COCO in its order: what is said, and the nouns it is right for.
A detection is right where something in the picture is labelled so (``training/labels``); what is there and
not labelled counts as wrong, so precisions come out low rather than high. A class with few detections leans
on all classes together.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptcodec.vision.colour import Floats
from promptcodec.vision.things import LEAST, WORDS, things
from training import tables
from training.labelled import Label, shipped
from training.texts import DATA, HERE

TABLE = Path(__file__).parent / "words.tsv"

TARGET = 0.88
"""Precision asked of each class."""

SHRINK = 3.0
"""Detections' worth of belief in the precision of all classes together."""

HIGHEST = 0.8
"""No class needs a higher score; those of all classes together are right in nine of ten from 0.62 on."""

Judged = tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.bool_]]
"""Class, score and whether it is right, of detections."""


def vocabulary() -> list[tuple[str, set[str]]]:
    """Read what each class is called, and the nouns it is right for."""
    lines = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()]
    return [(word, {word, *nouns.split()}) for word, nouns in lines]


def judge(data: Path, labels: Sequence[Label], words: Sequence[tuple[str, set[str]]]) -> Judged:
    """Hold the best detection of each class in each picture against the labels."""
    rows = []
    for label in labels:
        nouns = label.nouns() | {part for noun in label.nouns() for part in noun.split()}
        nouns |= {noun.removesuffix("s") for noun in nouns}
        best: dict[int, float] = {}
        for thing in things(Image.open(data / "train" / label.file).convert("RGB")):
            best[thing.number] = max(best.get(thing.number, 0.0), thing.score)
        for number, score in best.items():
            right = label.people > 0 if number == 0 else bool(words[number][1] & nouns)
            rows.append((number, score, right))
    numbers, scores, right = zip(*rows, strict=True)
    return np.array(numbers), np.array(scores, np.float32), np.array(right)


def bounds(judged: Judged, count: int) -> Floats:
    """Choose from which score each of ``count`` classes is said; 2 for never."""
    numbers, scores, right = judged
    grid = np.round(np.arange(LEAST, HIGHEST, 0.01), 2)
    pooled = np.array([right[(numbers > 0) & (scores >= limit)].mean() for limit in grid])
    result = np.full(count, 2.0, np.float32)
    for number in range(count):
        own = numbers == number
        hits = np.array([right[own & (scores >= limit)].sum() for limit in grid])
        answers = np.array([(own & (scores >= limit)).sum() for limit in grid])
        share = (hits + SHRINK * pooled) / (answers + SHRINK)
        good = share >= TARGET
        if good.any():
            result[number] = grid[good.argmax()]
    return result


def main() -> None:
    """Calibrate, print, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parent / DATA)
    options = parser.parse_args()
    words = vocabulary()
    judged = judge(options.data, shipped(), words)
    least = bounds(judged, len(words))
    numbers, scores, right = judged
    for number, (word, _) in enumerate(words):
        own = (numbers == number) & (scores >= least[number])
        if own.any():
            print(f"| {word} | {least[number]:.2f} | {own.sum()} | {right[own].mean():.2f} |")
    answers = scores >= least[numbers]
    print(f"{answers.sum()} said, {right[answers].mean():.3f} right; {(least > 1).sum()} classes never")
    lines = "".join(f"{word}\t{limit:.2f}\n" for (word, _), limit in zip(words, least, strict=True))
    tables.write(
        WORDS, WORDS + ".tsv", lines.encode(), source="python -m training.detectors.calibrate --data DIR"
    )


if __name__ == "__main__":
    main()
