"""What a codec has of the baseline's energy, as a share: of a metric that is an energy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from eval.lab.rows import Row
from eval.report.summary import FEWEST, LEVEL, RESAMPLES, SEED, form_of
from eval.report.tables import Table, number


def ratios(rows: Sequence[Row], metric: str, baseline: str) -> Table:
    """Give a codec's share of the baseline's, at the same setting, over the pictures that both have.

    The ratio of the means has a 95 % bootstrap interval over pictures. A few pictures may have most of the
    energy, so the median of the pictures' own ratios stands beside it.
    """
    measured = [row for row in rows if not row["error"] and row.get(metric) is not None]
    forms = {row["mode"] for row in measured if row["codec"] == baseline}
    there = {
        (row["mode"], row["dataset"], row["setting"], row["image"]): row[metric]
        for row in measured
        if row["codec"] == baseline
    }
    groups: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    for row in measured:
        place = row["dataset"], row["setting"], row["image"]
        other = there.get((form_of(row["mode"], forms), *place))
        if other is not None and row["codec"] != baseline:
            key = (row["dataset"], row["codec"], row["mode"], row["setting"])
            groups.setdefault(key, []).append((row[metric], other))
    lines = [[*key, str(len(pairs)), *_cells(np.asarray(pairs, np.float64))] for key, pairs in groups.items()]
    note = (
        f"{metric} as a share of that of {baseline} (the same form where it has it, else whole files) on the "
        "same n pictures at the same setting: ratio of the means with 95 % bootstrap interval over pictures, "
        "and median of the pictures' ratios."
    )
    heads = ["dataset", "codec", "form", "setting", "n", "of means", "interval", "median"]
    return Table(f"ratio-{metric}", f"Share of {baseline}'s {metric}", note, heads, lines)


def _cells(pairs: npt.NDArray[np.float64]) -> tuple[str, str, str]:
    """Write the ratio of the means, its interval, and the median ratio, of ``(pictures, 2)``."""
    of_means = pairs[:, 0].sum() / pairs[:, 1].sum()
    median = float(np.median(pairs[:, 0] / pairs[:, 1]))
    if len(pairs) < FEWEST:
        return number(of_means), "-", number(median)
    picks = np.random.Generator(np.random.PCG64(SEED)).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    sums = pairs[picks].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return number(of_means), f"{number(low)} .. {number(high)}", number(median)
