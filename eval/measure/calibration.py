"""How likely a picture is the one a stream describes: a logistic regression on the fields of the checks."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import mannwhitneyu

from eval.measure.calibration_pairs import SETTINGS
from promptcodec.checks.score import Calibration

PENALTY = 0.02
"""Of the squared weights: few pictures, many fields."""
FALSE_ALARMS = 0.01
"""Share of matching pictures of the fit split that the threshold lets fail."""

Floats = npt.NDArray[np.float64]


def fit(rows: list[dict[str, Any]]) -> Calibration:
    """Fit weights of at least 0, so that no field agreeing better ever lowers the score.

    Every kind weighs the same within its side, and both sides the same. A field that was not run
    counts as at its mean, that is, not at all.
    """
    names = sorted({name for row in rows for name in row["fields"]})
    values = [[row["fields"][name] for row in rows if name in row["fields"]] for name in names]
    centres = np.array([np.mean(value) for value in values])
    x = _matrix(rows, names, centres)
    y = np.array([row["matches"] for row in rows], float)
    kinds: dict[tuple[bool, str], int] = defaultdict(int)
    for row in rows:
        kinds[row["matches"], row["kind"]] += 1
    sides = [len({kind for matches, kind in kinds if matches == side}) for side in (False, True)]
    weight = np.array([0.5 / (kinds[row["matches"], row["kind"]] * sides[row["matches"]]) for row in rows])

    def loss(p: Floats) -> tuple[float, Floats]:
        logit = x @ p[:-1] + p[-1]
        wrong = 1 / (1 + np.exp(-np.clip(logit, -60, 60))) - y
        value = weight @ (np.logaddexp(0, logit) - y * logit) + PENALTY / 100 * p[:-1] @ p[:-1]
        gradient = np.append(x.T @ (weight * wrong) + PENALTY / 50 * p[:-1], weight @ wrong)
        return float(value), gradient

    bounds = [(0.0, None)] * len(names) + [(None, None)]
    solution = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    kept = {
        name: (round(float(w), 4), round(float(c), 4))
        for name, w, c in zip(names, solution[:-1], centres, strict=True)
        if w >= 0.01
    }
    model = Calibration(kept, round(float(solution[-1]), 4), 0.5)
    matched = [model.score(row["fields"]) for row in rows if row["matches"]]
    return Calibration(model.weights, model.bias, round(float(np.quantile(matched, FALSE_ALARMS)), 2))


def _matrix(rows: list[dict[str, Any]], names: list[str], centres: Floats) -> Floats:
    return np.array(
        [[row["fields"].get(n, c) - c for n, c in zip(names, centres, strict=True)] for row in rows], float
    )


def auc(matched: list[float], wrong: list[float]) -> float:
    """Give how often a matching picture scores above one that does not match; ties count half."""
    return float(mannwhitneyu(matched, wrong).statistic) / (len(matched) * len(wrong))


def error_rates(rows: list[dict[str, Any]], model: Calibration) -> dict[str, Any]:
    """Give AUC and error rate by kind and setting."""
    scores: dict[tuple[str, bool, str], list[float]] = defaultdict(list)
    for row in rows:
        scores[row["setting"], row["matches"], row["kind"]].append(model.score(row["fields"]))
    table: dict[str, Any] = {}
    for setting in SETTINGS:
        matched = [value for (s, m, _), values in scores.items() if s == setting and m for value in values]
        for (s, matches, kind), values in scores.items():
            if s != setting:
                continue
            wrong = float(np.mean([(value >= model.threshold) != matches for value in values]))
            entry = {"n": len(values), "wrong": round(wrong, 4), "median": round(float(np.median(values)), 3)}
            if not matches:
                entry["auc"] = round(auc(matched, values), 4)
            table.setdefault(setting, {})[kind] = entry
    return table
