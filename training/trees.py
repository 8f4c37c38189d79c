"""Fit the classifiers of ``promptcodec.vision.trees`` and write their tables; needs scikit-learn."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from promptcodec.vision.colour import Floats

DEPTH, RATE = 3, 0.15
"""Depth of every tree, and how much each adds."""


def fit(values: Floats, labels: npt.NDArray[np.intp], classes: int, trees: int) -> tuple[Any, Floats]:
    """Fit boosted trees, every class and picture weighing alike; gives the model and the start scores."""
    # Training only, so that tests of this folder need no scikit-learn.
    from sklearn.ensemble import GradientBoostingClassifier  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415

    share = np.bincount(labels, minlength=classes) / len(labels)
    weights = (1 / np.sqrt(share))[labels]
    model = GradientBoostingClassifier(
        n_estimators=trees, max_depth=DEPTH, learning_rate=RATE, subsample=0.5, max_features=0.3,
        min_samples_leaf=8, random_state=1,
    )  # fmt: skip
    model.fit(values, labels, sample_weight=weights)
    start = np.log(model.init_.class_prior_)
    return model, start.astype(np.float32)


def pack(model: Any, start: Floats, least: npt.NDArray[np.floating]) -> bytes:
    """Write trees as ``read_trees`` reads them; a leaf above the last level is repeated below itself."""
    count, classes = model.estimators_.shape
    nodes = 2**DEPTH - 1
    features, bounds = np.zeros((classes, count, nodes), np.uint8), np.zeros((classes, count, nodes), "<f2")
    leaves = np.zeros((classes, count, nodes + 1))
    for number, kind in np.ndindex(count, classes):
        tree = model.estimators_[number, kind].tree_
        level = [0]
        for at in range(nodes):
            node = level[at]
            split = tree.children_left[node] >= 0
            if split:
                features[kind, number, at], bounds[kind, number, at] = (
                    tree.feature[node],
                    tree.threshold[node],
                )
            level += [tree.children_left[node], tree.children_right[node]] if split else [node, node]
        leaves[kind, number] = [tree.value[node, 0, 0] * RATE for node in level[nodes:]]
    # The few strongest leaves are cut off, so that the steps stay fine.
    unit = float(np.percentile(np.abs(leaves), 99.5)) / 127
    head = struct.pack("<BBBf", classes, count, DEPTH, unit)
    parts = [np.concatenate([start, least]).astype("<f4"), features, bounds]
    steps = np.clip(np.round(leaves / unit), -127, 127).astype(np.int8)
    return head + b"".join(part.tobytes() for part in (*parts, steps))


def bounds(probabilities: Floats, labels: npt.NDArray[np.intp], precision: float) -> Floats:
    """Give the least probability ``(classes,)`` from which a class is right often enough; 2 if never."""
    best, limits = probabilities.argmax(1), []
    for index in range(probabilities.shape[1]):
        candidates = np.arange(0.4, 0.99, 0.05)
        above = [(best == index) & (probabilities[:, index] >= least) for least in candidates]
        good = [m.sum() > 4 and (labels[m] == index).mean() >= precision for m in above]
        limits.append(float(candidates[int(np.argmax(good))]) if any(good) else 2.0)
    return np.array(limits, np.float32)


def confusion(classes: tuple[str, ...], words: list[str], labels: npt.NDArray[np.intp]) -> str:
    """Write the confusion as a Markdown table: rows are what it is, columns what was said."""
    names = [*classes, "picture"]
    lines = ["| is \\ said | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    counts = np.zeros((len(classes), len(names)), int)
    for word, label in zip(words, labels.tolist(), strict=True):
        counts[label, names.index(word)] += 1
    lines += [f"| {n} | " + " | ".join(map(str, row)) + " |" for n, row in zip(classes, counts, strict=True)]
    right, total = np.diag(counts), np.maximum(counts.sum(0)[:-1], 1)
    lines.append("| precision | " + " | ".join(f"{value:.2f}" for value in right / total) + " | |")
    return "\n".join(lines)
