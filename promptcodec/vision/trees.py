"""Small classifiers: sums of shallow trees, read from a table and evaluated in numpy."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from promptcodec import models
from promptcodec.vision.colour import Floats

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Trees:
    """A sum of complete binary trees.

    Attributes:
        features: ``(classes, trees, 2 ** depth - 1)`` statistic each node looks at, breadth first.
        bounds: same shape; a statistic above its bound goes right.
        leaves: ``(classes, trees, 2 ** depth)`` what a tree adds to the score of its class.
        start: ``(classes,)`` score before any tree.
        least: ``(classes,)`` probability from which a class is said; above 1 never.
    """

    features: Bytes
    bounds: Floats
    leaves: Floats
    start: Floats
    least: Floats

    def probabilities(self, values: Floats) -> Floats:
        """Give the probability of each class.

        Args:
            values: ``(n, statistics)``.

        Returns:
            ``(n, classes)``, each row summing to about 1, rounded to four places.
        """
        nodes, leaves = self.features.shape[2], self.leaves.shape[2]
        at = np.zeros((len(values), *self.features.shape[:2]), np.intp)
        classes, trees = np.indices(self.features.shape[:2])
        rows = np.arange(len(values))[:, None, None]
        while at[0, 0, 0] < nodes:
            right = values[rows, self.features[classes, trees, at]] > self.bounds[classes, trees, at]
            at = 2 * at + 1 + right
        score = self.start + self.leaves[classes, trees, at - (leaves - 1)].sum(2, dtype=np.float64)
        powers = np.exp(score - score.max(1, keepdims=True))
        return np.asarray(np.round(powers / powers.sum(1, keepdims=True), 4), np.float32)


def read_trees(data: bytes) -> Trees:
    """Read a table: classes, trees, depth (bytes), leaf unit, starts, bounds of saying, then the nodes."""
    classes, trees, depth, unit = struct.unpack_from("<BBBf", data)
    nodes, leaves = 2**depth - 1, 2**depth
    at = struct.calcsize("<BBBf")
    head = np.frombuffer(data, "<f4", 2 * classes, at).reshape(2, classes)
    at += head.nbytes
    features = np.frombuffer(data, np.uint8, classes * trees * nodes, at)
    at += features.nbytes
    bounds = np.frombuffer(data, "<f2", classes * trees * nodes, at)
    at += bounds.nbytes
    steps = np.frombuffer(data, np.int8, classes * trees * leaves, at)
    return Trees(
        features.reshape(classes, trees, nodes),
        bounds.astype(np.float32).reshape(classes, trees, nodes),
        (steps * np.float32(unit)).astype(np.float32).reshape(classes, trees, leaves),
        *head.astype(np.float32),
    )


@cache
def shipped(name: str) -> Trees:
    """Give a shipped table of trees."""
    return read_trees(models.load(name))
