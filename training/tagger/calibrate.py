"""Make the table of words ``tags-2`` and the classes ImageNet lacks, ``heads-2``.

Run: python -m training.tagger.calibrate --data DIR [--measure]

Every training picture is looked at as ``promptcodec.vision.tags`` does. Small linear classes for what
ImageNet lacks are fitted in one softmax with its thousand; then each word gets the lowest probability
from which it is right often enough. ``--measure`` fits on one half of the pictures, prints precision and
coverage on the other, for both halves, and writes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.optimize import minimize

from promptcodec import models
from promptcodec.vision import maps, network, saliency, tag_table, tags
from training import tables
from training.tagger.labels import HEADS, Labels, classes, labels, manifest, rows
from training.texts import DATA, HERE

TARGET = 0.88
"""Precision asked of each word on the pictures it is calibrated on; less comes out on others."""

SHRINK = 2.0
"""Examples' worth of belief in the precision of all words together, for words with few."""

LOWEST = 0.25
"""No word is said below this."""

DECAY = 2e-4


@dataclass(frozen=True)
class Seen:
    """What the network said: pictures x views; a picture with fewer views has zeros."""

    files: list[str]
    logits: np.ndarray
    embeddings: np.ndarray
    counts: np.ndarray


def look(data: Path, files: list[str]) -> Seen:
    """Look at every picture, or take what the last run saw."""
    code = "".join(inspect.getsource(module) for module in (maps, saliency, tags))
    digest = hashlib.sha256(models.load(network.TABLE) + (code + "".join(files)).encode()).hexdigest()[:12]
    cache = HERE.parent / "build" / f"tagger-{digest}.npz"
    if not cache.exists():
        count = 1 + tags.PLACES
        logits = np.zeros((len(files), count, network.CLASSES), np.float32)
        embeddings = np.zeros((len(files), count, network.DIMENSIONS), np.float16)
        counts = np.zeros(len(files), np.int64)
        for index, file in enumerate(files):
            image = Image.open(data / "train" / file).convert("RGB")
            own = tags.views(maps.look(image), saliency.regions(image, tags.PLACES))
            counts[index] = len(own[0])
            logits[index, : counts[index]], embeddings[index, : counts[index]] = own
        cache.parent.mkdir(exist_ok=True)
        np.savez(cache, logits=logits, embeddings=embeddings, counts=counts)
    stored = np.load(cache)
    return Seen(files, stored["logits"], stored["embeddings"].astype(np.float32), stored["counts"])


def fit_heads(seen: Seen, allowed: dict[str, int], use: np.ndarray) -> np.ndarray:
    """Fit the classes ImageNet lacks, ``(k, 1281)``: multinomial regression beside its fixed logits."""
    chosen = [index for index, file in enumerate(seen.files) if use[index] and file in allowed]
    inputs = np.pad(seen.embeddings[chosen, 0], ((0, 0), (0, 1)), constant_values=1).astype(np.float64)
    rest = np.logaddexp.reduce(seen.logits[chosen, 0].astype(np.float64), axis=1)
    target = np.zeros((len(chosen), 1 + len(HEADS)), bool)
    for row, index in enumerate(chosen):
        target[row, allowed[seen.files[index]]] = True
    # Rare classes weigh as much as common ones to the square root.
    weight = (target @ (1 / np.sqrt(target.sum(0))))[:, None]
    weight /= weight.sum()

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        head = flat.reshape(len(HEADS), -1)
        scores = np.concatenate([rest[:, None], inputs @ head.T], 1)
        scores -= np.logaddexp.reduce(scores, axis=1)[:, None]
        slope = weight * (np.exp(scores) - target)
        decay = DECAY * head
        decay[:, -1] = 0
        return (
            float(-(weight * scores * target).sum() + 0.5 * (decay * head).sum()),
            (slope[:, 1:].T @ inputs + decay).ravel(),
        )

    start = np.zeros((len(HEADS), tag_table.HEADS_WIDTH))
    start[:, -1] = rest.mean() - 3
    optimum = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return optimum.x.reshape(len(HEADS), -1).astype("<f2").astype(np.float32)


def vocabulary(thresholds: Sequence[float] | None = None) -> str:
    """Give the table of words as ``tag_table.parse`` reads it; without thresholds all are said from 0."""
    lines = []
    for index, (word, parent, ranges, *scene) in enumerate(rows("words.tsv")):
        limit = 0.0 if thresholds is None else thresholds[index]
        threshold = "-" if limit > 1 else f"{round(limit * 1000)}"
        lines.append("\t".join([word, parent, threshold, *(scene or [""]), ranges]))
    return "\n".join(lines) + "\n"


def overall(seen: Seen, head: np.ndarray, words: tag_table.Words) -> np.ndarray:
    """Give every picture's probability of every word, ``(n, w)``."""
    scores = np.zeros((len(seen.files), len(words.names)), np.float32)
    for index, count in enumerate(seen.counts):
        views = seen.logits[index, :count], seen.embeddings[index, :count]
        scores[index] = tags.combine(tags.probabilities(*views, words.members, head))
    return scores


def thresholds(
    scores: np.ndarray, files: Sequence[str], known: Labels, words: tag_table.Words
) -> list[float]:
    """Give each word the lowest probability from which it is right often enough; 2 for never.

    A word's precision is pulled towards that of all words together, (right + m p) / (said + m), and
    counts only pictures where no word below it is said.
    """
    column = {name: index for index, name in enumerate(words.names)}
    row = {file: index for index, file in enumerate(files)}
    pairs = [
        (row[file], column[word], right)
        for (file, word), right in known.items()
        if file in row and word in column
    ]
    where, which, right = (np.array(values) for values in zip(*pairs, strict=True))
    probability = scores[where, which]
    grid = np.arange(LOWEST, 0.99, 0.01)
    pooled = np.array([right[probability >= limit].mean() for limit in grid])
    limits = [2.0] * len(words.names)
    covered = np.zeros(scores.shape, bool)
    for index in reversed(range(len(words.names))):  # children come after their parents
        mine = (which == index) & ~covered[where, index]
        hits = np.array([right[mine & (probability >= limit)].sum() for limit in grid])
        count = np.array([(mine & (probability >= limit)).sum() for limit in grid])
        enough = (hits + SHRINK * pooled) / (count + SHRINK) >= TARGET
        if enough.any():
            limits[index] = float(grid[enough.argmax()])
        if words.parents[index] >= 0:
            covered[:, words.parents[index]] |= covered[:, index] | (scores[:, index] >= limits[index])
    return limits


def report(scores: np.ndarray, files: Sequence[str], known: Labels, words: tag_table.Words) -> Counter[str]:
    """Count what would be said: ``word +`` right, ``word -`` wrong, ``word ?`` not judged."""
    counts: Counter[str] = Counter()
    for row, file in enumerate(files):
        spoken = [words.names[index] for index in tags.spoken(scores[row], words)]
        counts["pictures"] += 1
        counts["speaking"] += bool(spoken)
        for word in spoken:
            verdict = known.get((file, word))
            mark = "?" if verdict is None else "+" if verdict else "-"
            counts[f"{word} {mark}"] += 1
            counts[f"all {mark}"] += 1
            if mark != "+":
                print(f"{file}\t{word}\t{mark}\t{scores[row, words.names.index(word)]:.2f}")
    return counts


def _half(item: dict[str, Any]) -> bool:
    """Draw a half; quadrants of one sheet and shots of one product stay together."""
    name = item["orig_path"]
    if item.get("group") == "grocery":
        name = Path(name).parent.name
    return bool(hashlib.sha256(name.encode()).digest()[0] & 1)


def main() -> None:
    """Write both tables, or measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(DATA))
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    items = manifest(options.data)
    seen = look(options.data, [item["file"] for item in items])
    known, allowed = labels(items), classes(items)
    words = tag_table.parse(vocabulary(), network.CLASSES + len(HEADS))
    half = np.array([_half(item) for item in items])
    fold = np.zeros((len(seen.files), len(words.names)), np.float32)
    for side in (half, ~half):
        fold[~side] = overall(seen, fit_heads(seen, allowed, side), words)[~side]
    if options.measure:
        total: Counter[str] = Counter()
        for side in (half, ~half):
            files = [file for file, chosen in zip(seen.files, side, strict=True) if chosen]
            limits = thresholds(fold[side], files, known, words)
            tested = tag_table.parse(vocabulary(limits), network.CLASSES + len(HEADS))
            others = [file for file, chosen in zip(seen.files, side, strict=True) if not chosen]
            total += report(fold[~side], others, known, tested)
        named = {key[:-2] for key in total if key[-2:] in {" +", " -", " ?"}}
        for word in sorted(named, key=lambda word: (-total[f"{word} +"], word)):
            right, wrong, unknown = (total[f"{word} {mark}"] for mark in "+-?")
            print(f"{word:24} right {right:4} wrong {wrong:3} not judged {unknown:3}")
        print(f"pictures {total['pictures']}, speaking {total['speaking']}")
        return
    limits = thresholds(fold, seen.files, known, words)
    source = "python -m training.tagger.calibrate"
    head = fit_heads(seen, allowed, np.ones(len(items), bool))
    tables.write("heads-2", "heads-2.f16", head.astype("<f2").tobytes(), source=source)
    tables.write("tags-2", "tags-2.tsv", vocabulary(limits).encode(), source=source)
    print(f"{len(words.names)} words, {sum(limit <= 1 for limit in limits)} of them said")


if __name__ == "__main__":
    main()
