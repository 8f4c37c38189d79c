"""What a picture is about, where the classes of ImageNet lack the words: a portrait, a city, mountains.

Linear heads on the network's embedding, one a concept; ``python -m training.concepts`` makes
the table from pictures labelled by eye, and keeps only concepts that it tells reliably.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec import models
from promptcodec.vision.colour import Floats
from promptcodec.vision.network import DIMENSIONS

TABLE = "concepts-1"

IMPLIED = {
    "woman": ("person",),
    "man": ("person",),
    "child": ("person",),
    "people": ("person",),
    "group": ("people", "person"),
    "face": ("portrait",),
    "bird": ("animal",),
    "cat": ("animal",),
    "dog": ("animal",),
    "horse": ("animal",),
    "fish": ("animal",),
}
"""What need not be said beside a concept."""


@dataclass(frozen=True, slots=True)
class Heads:
    """``k`` concepts: weights ``(k, 1280)``, biases and least probabilities ``(k,)``."""

    names: tuple[str, ...]
    weights: Floats
    biases: Floats
    least: Floats

    def probabilities(self, embeddings: Floats) -> npt.NDArray[np.float64]:
        """Give the probability of each concept.

        Args:
            embeddings: ``(n, 1280)``, of length 1.

        Returns:
            ``(n, k)``, 0..1, rounded: the last bit, which differs between machines, decides nothing.
        """
        scores = embeddings.astype(np.float64) @ self.weights.T.astype(np.float64) + self.biases
        return coherent(self.names, np.round(1 / (1 + np.exp(-np.clip(scores, -50, 50))), 4))


def coherent(names: Sequence[str], probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Make no concept surer than what it implies: a man is no more certain than a person.

    Args:
        names: ``k`` concepts.
        probabilities: ``(n, k)``, 0..1.

    Returns:
        ``(n, k)``, none above the argument.
    """
    result = probabilities.copy()
    for index, name in enumerate(names):
        for other in IMPLIED.get(name, ()):
            if other in names:
                result[:, index] = np.minimum(result[:, index], probabilities[:, names.index(other)])
    return result


def read_heads(table: bytes) -> Heads:
    """Read heads: a line of names, bias, threshold and scale of each as float32, weights as int8.

    Args:
        table: what ``training.concepts.pack`` wrote.

    Returns:
        The heads.
    """
    header, _, body = table.partition(b"\n")
    names = tuple(header.decode().split())
    numbers = np.frombuffer(body, "<f4", 3 * len(names)).reshape(-1, 3)
    steps = np.frombuffer(body, np.int8, offset=numbers.nbytes).reshape(-1, DIMENSIONS)
    weights = steps.astype(np.float32) * numbers[:, 2:]
    return Heads(names, weights, numbers[:, 0], numbers[:, 1])


@functools.cache
def shipped() -> Heads:
    """Give the shipped heads.

    Raises:
        MissingError: the table is absent, or is not the file that was shipped.
    """
    return read_heads(models.load(TABLE))


def concepts(embedding: Floats) -> tuple[tuple[str, float], ...]:
    """Name what a picture is about.

    Args:
        embedding: ``(1280,)``, of length 1, as ``vision.network.look`` gives it.

    Returns:
        Concepts and their probabilities 0..1, the most certain first; none that another implies
        (a woman is a person), none below the probability from which it is usually right.

    Raises:
        MissingError: the table is absent, or is not the file that was shipped.
    """
    heads = shipped()
    values = heads.probabilities(embedding[None])[0]
    # Probabilities have four digits, so thresholds get as many.
    probabilities = {
        name: float(value)
        for name, value, least in zip(heads.names, values, np.round(heads.least, 4), strict=True)
        if value >= least
    }
    implied = {other for name in probabilities for other in IMPLIED.get(name, ())}
    return tuple(
        sorted(((n, p) for n, p in probabilities.items() if n not in implied), key=lambda item: -item[1])
    )
