"""Make the table ``promptcodec/models/cell-nouns-1.npz``: what covers a cell; and print how often it errs.

Run: python -m training.eyes.cells --data DIR  (needs torch; 5 minutes on a core)

The labels (``training/labels``) were made by looking. Pictures, not cells, are held out in turn; a noun gets
the least probability from which it is right in PRECISION of the held-out cells. Right is any noun that the
label accepts for the cell, or a broader one.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageOps

from promptcodec.vision import cell_nouns, maps
from promptcodec.vision.cell_nouns import TABLE, decide
from promptcodec.vision.colour import Floats
from training import tables
from training.eyes import fit
from training.eyes.features import views
from training.labelled import BROADER, Label, shipped
from training.texts import DATA, HERE

PRECISION, BESIDE = 0.9, 0.8
"""Least share right of what is said by itself, and of what is said more because the cell beside says it."""

FEWEST = 8
"""Fewest held-out answers that bear a noun out."""

UNSAID = ("object",)
"""Labels that tell a reader nothing."""

HIDDEN, EPOCHS, DECAY = 192, 14, 0.05

PARTS = 3
"""Parts of each picture that are trained on too."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of pictures, mirrored ones too.

    Attributes:
        inputs: ``(n, m)``.
        labels: ``(n, k)``, 1 for each noun that is right.
        first: ``(n,)``, the best of them.
        pictures: ``(n,)``, index of the picture.
        plain: ``(n,)``, whether the picture is not mirrored.
    """

    inputs: Floats
    labels: Floats
    first: npt.NDArray[np.int64]
    pictures: npt.NDArray[np.int64]
    plain: npt.NDArray[np.bool_]


def vocabulary(labels: Sequence[Label]) -> list[str]:
    """Give the nouns of the labels."""
    return sorted({noun for label in labels for cell in label.cells for noun in cell})


def collect(data: Path, labels: Sequence[Label], words: Sequence[str]) -> Cells:
    """Gather the cells of labelled pictures."""
    index_of = {noun: index for index, noun in enumerate(words)}
    inputs, marks, first, pictures, plain = [], [], [], [], []
    for index, mirrored, view in views(data, labels):
        label = labels[index]
        order = np.arange(label.rows * label.cols).reshape(label.rows, label.cols)
        for cell in (order[:, ::-1] if mirrored else order).reshape(-1).tolist():
            row = np.zeros(len(words), np.float32)
            row[[index_of[noun] for noun in label.cells[cell]]] = 1
            marks.append(row)
            first.append(index_of[label.cells[cell][0]])
        inputs.append(view.cells.astype(np.float16))
        pictures += [index] * order.size
        plain += [not mirrored] * order.size
    return Cells(
        np.concatenate(inputs), np.stack(marks), np.array(first), np.array(pictures), np.array(plain)
    )


def enlarged(data: Path, labels: Sequence[Label], words: Sequence[str]) -> Cells:
    """Gather cells of parts of pictures: some rows and columns of the grid, retouched by chance.

    They show cells larger and in other surroundings: on held-out pictures 4 % more of the cells are named.
    """
    index_of = {noun: index for index, noun in enumerate(words)}
    inputs, marks, first, pictures = [], [], [], []
    for index, label in enumerate(labels):
        image = Image.open(data / "train" / label.file).convert("RGB")
        order = np.arange(label.rows * label.cols).reshape(label.rows, label.cols)
        for number in range(PARTS):
            draw = random.Random(f"{label.file} {number}")
            rows, cols = (
                draw.randint(label.rows // 2, label.rows - 1),
                draw.randint(label.cols // 2, label.cols - 1),
            )
            top, left = draw.randint(0, label.rows - rows), draw.randint(0, label.cols - cols)
            across, down = image.width / label.cols, image.height / label.rows
            box = (left * across, top * down, (left + cols) * across, (top + rows) * down)
            view = retouched(image.crop(tuple(map(round, box))), draw)
            own = order[top : top + rows, left : left + cols]
            if draw.random() < 0.5:
                view, own = ImageOps.mirror(view), own[:, ::-1]
            inputs.append(cell_nouns.inputs(maps.look(view), rows, cols).astype(np.float16))
            for cell in own.reshape(-1).tolist():
                row = np.zeros(len(words), np.float32)
                row[[index_of[noun] for noun in label.cells[cell]]] = 1
                marks.append(row)
                first.append(index_of[label.cells[cell][0]])
            pictures += [index] * own.size
    count = len(first)
    return Cells(
        np.concatenate(inputs), np.stack(marks), np.array(first), np.array(pictures), np.zeros(count, bool)
    )


def retouched(image: Image.Image, draw: random.Random) -> Image.Image:
    """Change colour, contrast and brightness by chance."""
    for enhance, low, high in (
        (ImageEnhance.Color, 0.3, 1.5), (ImageEnhance.Contrast, 0.6, 1.3), (ImageEnhance.Brightness, 0.6, 1.3)
    ):  # fmt: skip
        image = enhance(image).enhance(draw.uniform(low, high))
    return image


def joined(one: Cells, two: Cells) -> Cells:
    """Put cells together."""
    return Cells(
        *(np.concatenate([getattr(one, field.name), getattr(two, field.name)]) for field in fields(Cells))
    )


def accepted(labels: Floats, words: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Give what is right for each cell, broader nouns too, ``(n, k)``."""
    wider = np.eye(len(words), dtype=np.float32)
    for row, noun in enumerate(words):
        for other in BROADER.get(noun, ()):
            if other in words:
                wider[row, words.index(other)] = 1
    return np.asarray(labels @ wider > 0)


def fitted(cells: Cells, chosen: npt.NDArray[np.bool_]) -> dict[str, Floats]:
    """Train on some cells."""
    return fit.train(
        cells.inputs[chosen].astype(np.float32), cells.labels[chosen], cells.first[chosen], None,
        hidden=HIDDEN, epochs=EPOCHS, decay=DECAY,
    )  # fmt: skip


def held_out(cells: Cells, groups: npt.NDArray[np.int64], words: Sequence[str]) -> Floats:
    """Give the shares of cells of pictures that were held out, ``(n, k)``; of plain ones."""
    group = groups[cells.pictures]
    shares = np.zeros_like(cells.labels)
    for fold in range(fit.FOLDS):
        head = fit.rounded(words, fitted(cells, group != fold))
        own = (group == fold) & cells.plain
        shares[own] = head.shares(cells.inputs[own].astype(np.float32))
    return shares


def bounds(
    shares: Floats, right: npt.NDArray[np.bool_], words: Sequence[str], grids: Sequence[npt.NDArray[np.int64]]
) -> tuple[Floats, Floats]:
    """Choose from when nouns are said, by themselves and beside a cell of the same noun.

    Args:
        shares: ``(n, k)`` of held-out cells.
        right: ``(n, k)``.
        words: the nouns.
        grids: indices ``(rows, cols)`` of each picture's cells.
    """
    best = shares.argmax(1)
    surest, good = shares.max(1), right[np.arange(len(shares)), shares.argmax(1)]
    least = np.full(len(words), 2.0, np.float32)
    for index, noun in enumerate(words):
        own = best == index
        if noun not in UNSAID and own.any():
            least[index] = fit.bound(surest[own], good[own], PRECISION, FEWEST)
    low = least.copy()
    # A cell is said more only where one beside it is sure: bounds are chosen among these cells alone.
    everything = np.where(least > 1, least, 0).astype(np.float32)
    more = np.zeros(len(shares), bool)
    for grid in grids:
        view = shares[grid]
        more[grid] = (decide(view, least, everything) >= 0) & (decide(view, least, least) < 0)
    for index in np.flatnonzero(least <= 1):
        own = more & (best == index)
        if own.any():
            low[index] = min(least[index], fit.bound(surest[own], good[own], BESIDE, FEWEST))
    return least, low


def main() -> None:
    """Validate, choose the bounds, train on everything, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parent / DATA)
    parser.add_argument("--dry-run", action="store_true", help="write no table")
    options = parser.parse_args()
    labels = shipped()
    words = vocabulary(labels)
    cells = joined(collect(options.data, labels, words), enlarged(options.data, labels, words))
    shares = held_out(cells, fit.folds([label.file for label in labels]), words)
    right = accepted(cells.labels, words)
    grids = [
        np.flatnonzero((cells.pictures == index) & cells.plain).reshape(label.rows, label.cols)
        for index, label in enumerate(labels)
    ]
    least, low = bounds(shares, right, words, grids)
    spoken = np.full(len(shares), -1)
    for grid in grids:
        spoken[grid] = decide(shares[grid], least, low)
    plain = np.flatnonzero(cells.plain)
    rows = []
    for index, noun in enumerate(words):
        own = plain[spoken[plain] == index]
        held = int((cells.first[plain] == index).sum())
        rows.append((noun, held, len(own), right[own, index].mean() if len(own) else float("nan")))
    for noun, held, count, share in sorted(rows, key=lambda row: -row[1]):
        print(f"| {noun} | {held} | {count} | {share:.2f} |" if count else f"| {noun} | {held} | 0 | - |")
    everything = plain[spoken[plain] >= 0]
    print(json.dumps({
        "pictures": len(labels), "cells": len(plain), "said": round(len(everything) / len(plain), 3),
        "precision": round(float(right[everything, spoken[everything]].mean()), 3),
        "best": round(float(right[plain, shares[plain].argmax(1)].mean()), 3),
    }))  # fmt: skip
    if not options.dry_run:
        arrays = fitted(cells, np.ones(len(cells.first), bool))
        table = fit.pack(words, least, low, arrays)
        tables.write(TABLE, TABLE + ".npz", table, source="python -m training.eyes.cells --data DIR")
        print(f"{len(table)} bytes")


if __name__ == "__main__":
    main()
