"""What rows add up to: means with bootstrap intervals, differences at equal bytes, BD-rate."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from eval.lab.rows import NUMBERS, Row

RESAMPLES = 1000
LEVEL = 0.95
_SEED = 20250101
_LEAST_POINTS = 4  # of a curve with a BD-rate
_OVERLAP = 0.2  # of two curves with one


@dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` pictures with the bounds of its 95 % percentile bootstrap interval."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Point:
    """One codec at one setting on one dataset.

    Attributes:
        values: estimates by column; seconds are medians.
        failed: how many pictures it gave nothing for.
        n: of how many pictures it gave something.
    """

    dataset: str
    codec: str
    mode: str
    setting: str
    values: Mapping[str, Estimate]
    n: int
    failed: int

    def of_all(self, column: str) -> bool:
        """Tell whether a column has a value of every picture: only such points can stand on one curve."""
        return not self.failed and column in self.values and self.values[column].n == self.n


@dataclass(frozen=True)
class Difference:
    """A codec against the baseline, on the same ``n`` pictures at the same setting: what it has more."""

    dataset: str
    codec: str
    mode: str
    setting: str
    bytes: float
    baseline_bytes: float
    n: int
    values: Mapping[str, Estimate]


def estimate(values: Sequence[float], *, median: bool = False) -> Estimate:
    """Estimate a mean (or median) from the values of ``n`` pictures."""
    array = np.asarray(values, np.float64)
    middle = np.median if median else np.mean
    picks = np.random.Generator(np.random.PCG64(_SEED)).integers(0, len(array), (RESAMPLES, len(array)))
    spread = middle(array[picks], axis=1)
    low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(middle(array)), float(low), float(high), len(array))


def points(rows: Sequence[Row], columns: Sequence[str]) -> list[Point]:
    """Summarise rows by dataset, codec, form and setting, in the order they appear."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row["codec"] and row["image"]:
            key = (row["dataset"], row["codec"], row["mode"], row["setting"])
            groups.setdefault(key, []).append(row)
    summaries = []
    for key, group in groups.items():
        good = [row for row in group if not row["error"]]
        values = {}
        for column in (*NUMBERS, *columns):
            here = [row[column] for row in good if row.get(column) is not None]
            if here:
                values[column] = estimate(here, median=column.endswith("_s"))
        summaries.append(Point(*key, values, len(good), len(group) - len(good)))
    return summaries


def differences(rows: Sequence[Row], columns: Sequence[str], baseline: str) -> list[Difference]:
    """Compare every codec with the baseline's whole files, picture by picture, at equal settings."""
    there = {
        (row["dataset"], row["setting"], row["image"]): row
        for row in rows
        if row["codec"] == baseline and row["mode"] == "whole" and not row["error"]
    }
    groups: dict[tuple[str, ...], list[tuple[Row, Row]]] = {}
    for row in rows:
        other = there.get((row["dataset"], row["setting"], row["image"]))
        if other is not None and not row["error"] and (row["codec"], row["mode"]) != (baseline, "whole"):
            key = (row["dataset"], row["codec"], row["mode"], row["setting"])
            groups.setdefault(key, []).append((row, other))
    compared = []
    for key, pairs in groups.items():
        values = {}
        for column in columns:
            apart = [
                one[column] - two[column]
                for one, two in pairs
                if one.get(column) is not None and two.get(column) is not None
            ]
            if apart:
                values[column] = estimate(apart)
        sizes = [float(np.mean([pair[at]["bytes"] for pair in pairs])) for at in (0, 1)]
        compared.append(Difference(*key, *sizes, len(pairs), values))
    return compared


def bd_rates(measured: Sequence[Point], metric: str, baseline: str) -> list[dict[str, Any]]:
    """Give the BD-rate of every curve against the baseline's, in percent, by dataset.

    Only curves of four points or more that overlap have one; a point is of all pictures or is none. Package
    bjontegaard, PCHIP.
    """
    from bjontegaard import bd_rate  # noqa: PLC0415 - an extra

    curves: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for point in measured:
        if point.of_all(metric):
            key = (point.dataset, point.codec, point.mode)
            curves.setdefault(key, []).append((point.values["bpp"].mean, point.values[metric].mean))
    rates = []
    for (dataset, codec, mode), curve in curves.items():
        anchor = curves.get((dataset, baseline, "whole"))
        if anchor is None or codec == baseline:
            continue
        value = reason = None
        pair = [sorted(anchor), sorted(curve)]
        if min(map(len, pair)) < _LEAST_POINTS:
            reason = f"fewer than {_LEAST_POINTS} points"
        elif not all(_rises(each) for each in pair):
            reason = "not monotonic"
        else:
            given = [list(axis) for each in pair for axis in zip(*each, strict=True)]
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # of too little overlap
                try:
                    value = float(
                        bd_rate(*given, method="pchip", require_matching_points=False, min_overlap=_OVERLAP)
                    )
                except (ValueError, AssertionError, Warning) as error:
                    reason = str(error)
            if value is not None and math.isnan(value):
                value, reason = None, "the curves hardly overlap"
        rates.append({"dataset": dataset, "codec": codec, "mode": mode, "bd_rate": value, "reason": reason})
    return rates


def _rises(curve: Sequence[tuple[float, float]]) -> bool:
    return all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(curve))
