"""BD-rates of curves of mean values, with bootstrap intervals over the pictures."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from eval.lab.rows import Row
from eval.report.summary import FEWEST, LEVEL, RESAMPLES, SEED, form_of

_LEAST_POINTS = 4
_OVERLAP = 0.2  # of the two curves' values
_MOST_LOST = 0.05  # of the resamples: with more of them without a BD-rate there is no interval

# ``(settings, pictures, 2)``: bits per pixel, and the metric
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BdRate:
    """What a codec takes more than the baseline at equal metric, in percent of its bytes.

    Attributes:
        value: negative where it takes fewer; None where ``reason`` says why there is none.
        low, high: of the 95 % percentile bootstrap interval; None where there is none.
    """

    dataset: str
    codec: str
    mode: str
    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""


# By setting and picture; None where there is no value.
_Group = dict[str, dict[str, tuple[float, float] | None]]


def bd_rates(rows: Sequence[Row], metric: str, baseline: str, settings: Collection[str] = ()) -> list[BdRate]:
    """Give the BD-rate of every codec and form against the baseline's (see `summary.form_of`), by dataset.

    Package bjontegaard: piecewise cubic (PCHIP) through the means over pictures, over the values that
    both curves have, of the pictures that both sides were given. A setting is a point where it gave each of
    these a value; four points make a curve.
    The interval is of curves through the means over resampled pictures, the same for both sides.

    Args:
        rows: of a run.
        metric: its column.
        baseline: a codec.
        settings: those that are points; all where none is named.

    Raises:
        ImportError: bjontegaard is not here.
    """
    import bjontegaard  # noqa: F401, PLC0415 - an extra

    groups = _groups(rows, metric, settings)
    forms = {mode for _, codec, mode in groups if codec == baseline}
    rates = []
    for (dataset, codec, mode), group in groups.items():
        other = groups.get((dataset, baseline, form_of(mode, forms)))
        if other is None or codec == baseline:
            continue
        pictures = sorted(_pictures(group) & _pictures(other))
        anchor, curve = _curve(other, pictures), _curve(group, pictures)
        value, reason = _bd_rate(anchor.mean(axis=1), curve.mean(axis=1))
        low, high = _interval(anchor, curve) if value is not None else (None, None)
        rates.append(BdRate(dataset, codec, mode, value, low, high, reason))
    return rates


def _groups(
    rows: Sequence[Row], metric: str, settings: Collection[str]
) -> Mapping[tuple[str, str, str], _Group]:
    groups: dict[tuple[str, str, str], _Group] = {}
    for row in rows:
        if row["codec"] and row["image"] and (not settings or row["setting"] in settings):
            measured = not row["error"] and row.get(metric) is not None
            by_setting = groups.setdefault((row["dataset"], row["codec"], row["mode"]), {})
            point = (row["bpp"], row[metric]) if measured else None
            by_setting.setdefault(row["setting"], {})[row["image"]] = point
    return groups


def _pictures(group: _Group) -> set[str]:
    return {image for by_image in group.values() for image in by_image}


def _curve(group: _Group, pictures: Sequence[str]) -> _Values:
    """Give what a codec gave these pictures, at the settings that gave all of them something, by rate."""
    points = [
        [point for image in pictures if (point := by_image.get(image)) is not None]
        for by_image in group.values()
    ]
    whole = [each for each in points if len(each) == len(pictures)]
    whole.sort(key=lambda each: sum(rate for rate, _ in each))
    return np.asarray(whole, np.float64).reshape(len(whole), len(pictures), 2)


def _bd_rate(anchor: _Values, curve: _Values) -> tuple[float | None, str]:
    """Give the BD-rate of two curves ``(points, 2)`` in percent, or None and why there is none."""
    from bjontegaard import bd_rate  # noqa: PLC0415 - an extra

    if min(len(anchor), len(curve)) < _LEAST_POINTS:
        return None, f"fewer than {_LEAST_POINTS} points"
    if not (_rises(anchor) and _rises(curve)):
        return None, "not monotonic"
    axes = [list(axis) for each in (anchor, curve) for axis in each.T]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of too little overlap
        try:
            value = bd_rate(*axes, method="pchip", require_matching_points=False, min_overlap=_OVERLAP)
        except (ValueError, AssertionError, Warning) as error:
            return None, str(error)
    return (None, "the curves hardly overlap") if math.isnan(value) else (float(value), "")


def _interval(anchor: _Values, curve: _Values) -> tuple[float, float] | tuple[None, None]:
    count = curve.shape[1]
    if count < FEWEST:
        return None, None
    picks = np.random.Generator(np.random.PCG64(SEED)).integers(0, count, (RESAMPLES, count))
    drawn = [_bd_rate(anchor[:, pick].mean(axis=1), curve[:, pick].mean(axis=1))[0] for pick in picks]
    values = [value for value in drawn if value is not None]
    if len(values) < (1 - _MOST_LOST) * RESAMPLES:
        return None, None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _rises(curve: _Values) -> bool:
    return all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(curve))
