"""From the fields of a report to one score: a calibrated weighing, shipped with its error rates."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from promptcodec import models

TABLE = "checks-1"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression on the closeness of fields.

    Attributes:
        weights: by name of a field its weight, 0 or more, and its mean closeness.
        bias: the log odds where every field is at its mean.
        threshold: the least score that passes.
    """

    weights: Mapping[str, tuple[float, float]]
    bias: float
    threshold: float

    def score(self, closeness: Mapping[str, float]) -> float | None:
        """Give how likely the picture is the one described, 0..1; None where no field is known here.

        Args:
            closeness: 0..1 by name of a field. Those of other names have no weight; those that
                were not run count as at their mean.
        """
        known = [name for name in closeness if name in self.weights]
        if not known:
            return None
        logit = self.bias + sum(
            weight * (closeness[name] - mean) for name in known for weight, mean in (self.weights[name],)
        )
        return 1 / (1 + math.exp(-logit))


@cache
def shipped() -> Calibration:
    """Give the calibration that came with the package (``python -m eval calibrate-checks`` makes it)."""
    table = json.loads(models.load(TABLE))
    weights = {name: (float(weight), float(mean)) for name, (weight, mean) in table["weights"].items()}
    return Calibration(weights, float(table["bias"]), float(table["threshold"]))
