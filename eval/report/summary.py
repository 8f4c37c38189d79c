"""What rows add up to: means with bootstrap intervals, differences at equal bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.lab.rows import NUMBERS, Row

RESAMPLES = 1000
LEVEL = 0.95
SEED = 20250101
FEWEST = 5  # pictures of which anything is called better or worse


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
    picks = np.random.Generator(np.random.PCG64(SEED)).integers(0, len(array), (RESAMPLES, len(array)))
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
    """Compare every codec with the baseline's form of `form_of`, picture by picture, at equal settings."""
    forms = {row["mode"] for row in rows if row["codec"] == baseline}
    there = {
        (row["mode"], row["dataset"], row["setting"], row["image"]): row
        for row in rows
        if row["codec"] == baseline and not row["error"]
    }
    groups: dict[tuple[str, ...], list[tuple[Row, Row]]] = {}
    for row in rows:
        form = form_of(row["mode"], forms)
        other = there.get((form, row["dataset"], row["setting"], row["image"]))
        if other is not None and not row["error"] and (row["codec"], row["mode"]) != (baseline, form):
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


def form_of(mode: str, forms: Collection[str]) -> str:
    """Give which of the baseline's forms one is compared with: the same; whole files where it has no such."""
    return mode if mode in forms else "whole"
