"""Rows with 95 % intervals of what many pictures scored, and of differences between codecs.

A row is a codec, a budget and a metric: of each picture, then averaged (PER_PICTURE), or of all together:
frechet (patch statistics), top1 (pictures that the original is nearest to, among all originals, by VGG's
embedding). ``... to bicubic`` and ``... to rival`` are differences to the row of bicubic, and of the rival
with the least vgg at that budget; of RELATIVE metrics in percent. The bootstrap is over the pictures and
draws the same ones for both sides of a difference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from eval.measure.fidelity import PER_PICTURE, Scores
from eval.metrics import vgg

RELATIVE = ("vgg", "vgg_lpips", "frechet")
DRAWS, FRECHET_DRAWS, SEED = 1000, 100, 1


class Group:
    """One codec at one budget: the scores of the pictures it could code."""

    def __init__(
        self, codec_name: str, budget: int, scores: dict[int, Scores], originals: list[Scores]
    ) -> None:
        self.codec, self.budget, self.scores, self.originals = codec_name, budget, scores, originals
        self.places = sorted(scores)
        # A difference asks for the same draws again, and this is the slowest of the measures.
        self.frechet = cache(self._frechet)

    def _frechet(self, places: tuple[int, ...]) -> float:
        pair = [self.scores[place] for place in places], [self.originals[place] for place in places]
        first, second = (
            tuple(sum(each[key] for each in side) for key in ("count", "sum", "products")) for side in pair
        )
        return vgg.frechet(first, second)

    def value(self, metric: str, places: Sequence[int]) -> float:
        """Give a metric over some of the pictures, each as often as it is named."""
        if metric == "frechet":
            return self.frechet(tuple(map(int, places)))
        chosen = [self.scores[place] for place in places]
        if metric == "top1":
            known = np.stack([each["embedding"] for each in self.originals])
            nearest = [int((known @ each["embedding"]).argmax()) for each in chosen]
            return float(np.mean([one == place for one, place in zip(nearest, places, strict=True)]))
        return float(np.mean([each[metric] for each in chosen]))


def rows(group: Group, against: dict[str, Group]) -> list[dict[str, Any]]:
    """Give a group's rows: each metric, and each difference to the groups of ``against``."""
    names = [
        name
        for name in (*PER_PICTURE, "frechet", "top1")
        if name in group.scores[group.places[0]] or name in {"frechet", "top1"}
    ]
    result = []
    for metric in names:
        result.append(_row(group, metric, lambda places, metric=metric: group.value(metric, places)))
        for label, other in against.items():
            if other.codec == group.codec or not set(group.places) <= set(other.places):
                continue

            def apart(places: Sequence[int], metric: str = metric, other: Group = other) -> float:
                one, two = group.value(metric, places), other.value(metric, places)
                return 100 * (one / two - 1) if metric in RELATIVE else one - two

            result.append(_row(group, f"{metric} to {label}", apart))
    return result


def _row(group: Group, metric: str, value: Callable[[Sequence[int]], float]) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    draws = FRECHET_DRAWS if metric.startswith("frechet") else DRAWS
    many = [value(rng.choice(group.places, len(group.places))) for _ in range(draws)]
    low, high = np.quantile(many, (0.025, 0.975))
    sizes = [int(group.scores[place]["bytes"]) for place in group.places]
    return {
        "codec": group.codec,
        "budget": group.budget,
        "bytes_mean": float(np.mean(sizes)),
        "metric": metric,
        "mean": value(group.places),
        "ci_low": float(low),
        "ci_high": float(high),
        "n": len(group.places),
    }


def summarise(scores: list[dict[tuple[str, int], Scores]]) -> list[dict[str, Any]]:
    """Give the rows of all codecs and budgets, of the scores that ``fidelity.measure`` gave each picture."""
    originals = [each["original", 0] for each in scores]
    keys = dict.fromkeys(key for each in scores for key in each if key[0] != "original")
    groups = {
        key: Group(*key, {place: each[key] for place, each in enumerate(scores) if key in each}, originals)
        for key in keys
    }
    result = []
    for budget in sorted({budget for _, budget in groups}):
        here = [group for group in groups.values() if group.budget == budget]
        others = [
            g for g in here if not g.codec.startswith(("builtin", "bicubic")) and len(g.places) == len(scores)
        ]
        against = {"bicubic": groups["bicubic", budget]}
        if others:
            against["rival"] = min(others, key=lambda group: group.value("vgg", group.places))
            print(f"{budget} bytes: the best rival is {against['rival'].codec}", file=sys.stderr)
        for group in here:
            result += rows(group, against)
    return result
