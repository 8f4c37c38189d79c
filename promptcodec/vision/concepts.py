"""What a picture is about, in the words that the classes of ImageNet lack: a portrait, a city, mountains.

Linear heads on the network's embedding, one a concept; ``python -m training.concepts`` makes
the table from pictures labelled by eye, and keeps only concepts that it tells reliably.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
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

HUMANS = ("person", "woman", "man", "child", "people", "group")

PORTRAITS = ("portrait", "face")

SHAPED = ("toy", "statue", "robot")
"""Things with a human shape: where they are surer than the human, there is none."""

THINGS = {
    "animal": "an animal",
    "bird": "a bird",
    "cat": "a cat",
    "dog": "a dog",
    "horse": "a horse",
    "fish": "fish",
    "creature": "a fantastic creature",
    "robot": "a robot",
    "toy": "a toy figure",
    "statue": "a statue",
    "aircraft": "an aircraft",
    "boat": "a boat",
    "vehicle": "a vehicle",
    "flower": "flowers",
    "food": "food",
    "still-life": "a still life",
    "object": "a single object on a plain ground",
    "lettering": "lettering",
    "abstract": "an abstract pattern",
}
"""How things are named."""

COMPANY = ("animal", "bird", "cat", "dog", "horse", "vehicle", "flower", "food", "lettering")
"""Things that are said beside people."""

PLACES = {
    "city": ("a city", "in a city"),
    "interior": ("an interior", "indoors"),
    "building": ("a building", "at a building"),
    "landscape": ("a landscape", "in a landscape"),
    "mountains": ("mountains", "before mountains"),
    "beach": ("a beach", "on a beach"),
    "water": ("water", "by the water"),
    "trees": ("trees", "among trees"),
    "space": ("outer space", "in space"),
    "snow": ("a snowy scene", "in snow"),
    "clouds": ("a cloudy sky", "under clouds"),
    "sunset": ("a sunset", "at sunset"),
    "night": ("a night scene", "at night"),
}
"""How places and times are named, and how something is in them; what frames the others comes first."""

TIMES = ("snow", "clouds", "sunset", "night")

EXTRAS = 2
"""Most things or places said beside the main one."""


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


def phrase(ranked: Iterable[tuple[str, float]]) -> str:
    """Say concepts as a short noun phrase.

    Args:
        ranked: names and probabilities, as ``concepts`` gives them.

    Returns:
        Such as "a portrait of a woman", "a landscape with mountains and water" or "a city at night";
        ``""`` for none.
    """
    probabilities = dict(ranked)
    if "city" in probabilities and "building" in probabilities:
        del probabilities[min("city", "building", key=lambda name: probabilities[name])]
    human = max((probabilities[name] for name in HUMANS if name in probabilities), default=0.0)
    shaped = max((probabilities[name] for name in SHAPED if name in probabilities), default=0.0)
    if human and human >= shaped:
        return _humans(probabilities)
    # A bust is a portrait of nobody.
    if probabilities.keys() & set(PORTRAITS) and not human:
        return "a portrait"
    things = sorted((name for name in THINGS if name in probabilities), key=lambda name: -probabilities[name])
    places = [name for name in PLACES if name in probabilities]
    # A scene is named by what frames it, unless a thing is surer.
    if things and (not places or probabilities[things[0]] > max(probabilities[name] for name in places)):
        return _join(THINGS[things[0]], [], _around(probabilities))
    if not places:
        return ""
    head, rest = places[0], places[1:]
    seen = [PLACES[name][0] for name in rest if name not in TIMES]
    seen += [THINGS[name] for name in things if name != "abstract"]
    return _join(PLACES[head][0], seen, [PLACES[name][1] for name in rest if name in TIMES])


def _humans(probabilities: dict[str, float]) -> str:
    """Say who is there, whether it is a portrait, and where."""
    if "group" in probabilities:
        who = "a group of people"
    elif "woman" in probabilities and "man" in probabilities:
        who = "a man and a woman"
    elif "people" in probabilities:
        who = "people"
    else:
        who = f"a {next((name for name in ('child', 'woman', 'man') if name in probabilities), 'person')}"
    if "face" in probabilities:
        who = f"a close portrait of {who}"
    elif "portrait" in probabilities:
        who = f"a portrait of {who}"
    beside = [THINGS[name] for name in COMPANY if name in probabilities]
    return _join(who, beside, _around(probabilities))


def _around(probabilities: dict[str, float]) -> list[str]:
    """Say where and when: the first place that is known, and the surest of the times."""
    places = [PLACES[name][1] for name in PLACES if name in probabilities and name not in TIMES][:1]
    times = sorted((name for name in TIMES if name in probabilities), key=lambda name: -probabilities[name])[
        :1
    ]
    return places + [PLACES[name][1] for name in times]


def _join(head: str, seen: list[str], around: list[str]) -> str:
    """Put a phrase together: head, up to EXTRAS seen things, where and when."""
    beside = f" with {' and '.join(seen[:EXTRAS])}" if seen else ""
    return " ".join([head + beside, *around])
