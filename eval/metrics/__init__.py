"""Metrics: what they are called, what they mean, and whether they can run here.

A study names them; ``module:NAME`` names a Metric of anyone else. What each measures:

- ``pair``: the original and the decoded picture.
- ``decoded``: the decoded picture alone. ``original``: the original alone.
- ``caption``: the decoded picture and the original's prompt.
- ``text``: the text that was coded, of codecs whose results are texts.
- ``stream``: the coded bytes.
- ``set``: features of both pictures, kept, and compared over a whole set in the report.
- ``run``: figures the runner takes itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from eval.metrics.distance import grid_ciede2000, ms_ssim
from eval.metrics.metric import Metric
from eval.missing import Unavailable

__all__ = ["Metric", "find", "grid_ciede2000", "load", "ms_ssim", "registry"]

MODULES = ("distance", "detail", "waves", "learned", "vgg", "pictures", "streams", "sets")


@cache
def registry() -> Mapping[str, Metric]:
    """Give all built-in metrics by name."""
    by_name: dict[str, Metric] = {}
    for module in MODULES:
        for metric in importlib.import_module(f"eval.metrics.{module}").METRICS:
            assert metric.name not in by_name, f"two metrics are named {metric.name}"
            by_name[metric.name] = metric
    return by_name


def find(name: str) -> Metric:
    """Give the metric of this name.

    Raises:
        Unavailable: there is none.
    """
    if ":" in name:
        module, _, attribute = name.partition(":")
        try:
            metric: Metric = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise Unavailable(str(error)) from error
        return metric
    if name not in registry():
        raise Unavailable(f"no metric {name!r}; there are {', '.join(registry())}")
    return registry()[name]


def load(metric: Metric) -> Callable[..., Any]:
    """Give a metric's function.

    Raises:
        Unavailable: something it needs is not here.
    """
    try:
        return metric.load()
    except ImportError as error:
        raise Unavailable(str(error)) from error
