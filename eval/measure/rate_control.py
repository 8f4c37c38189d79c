"""Rate control against fixed splits of the same bytes, for every set of layers, and what it leaves unused.

At each rate a picture is coded with the shares of ``--tune pixels`` and with fixed ones; the least mean over
the pictures is the best fixed split. The measure is 1 - MS-SSIM (luma, pytorch-msssim, long side scaled to
512) of ``builtin``'s picture, for words alone also CIEDE2000 between the mean colours of 12x12 cells. Where a
fixed split leaves a layer out on some picture, because it does not fit, that split is another set of layers,
and does not count. Slack is what a file leaves of its budget, default layers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import promptcodec
from eval.images import scaled
from eval.metrics import grid_ciede2000, ms_ssim
from promptcodec.errors import BudgetError
from promptcodec.vision.load import load_image

LAYERS = ("semantic", "texture", "structure")
SETS = [names for count in (1, 2, 3) for names in itertools.combinations(LAYERS, count)]
RATES = (0.001, 0.002, 0.004, 0.01, 0.02)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
COARSE = (0.1, 0.25, 0.5)
BUDGETS = (100, 200, 500)
SIDE = 512


def splits(names: tuple[str, ...]) -> Iterator[dict[str, float]]:
    """Give the fixed splits that are tried."""
    if len(names) == 2:
        yield from ({names[0]: share, names[1]: 1 - share} for share in SHARES)
    for one, other in itertools.product(COARSE, COARSE) if len(names) > 2 else ():
        if one + other < 1:
            yield dict(zip(names, (one, other, 1 - one - other), strict=True))


def measure(path: Path) -> list[dict[str, Any]]:
    """Give one row for each coding of one picture."""
    original = load_image(path.read_bytes())
    small = scaled(original, SIDE)
    rows: list[dict[str, Any]] = []
    for names, rate in itertools.product(SETS, RATES):
        for tune in ("pixels", *splits(names)):
            row = {"layers": ",".join(names), "bpp": rate, "tune": _label(tune), "bytes": None}
            rows.append(row)
            try:
                data = promptcodec.encode(original, layers=names, bpp=rate, tune=tune, structure="edges")
            except BudgetError:
                continue
            parts = promptcodec.inspect(data)["parts"]
            if len(parts) < len(names):
                continue
            drawn = promptcodec.decode(data, size=small.size).image
            row |= {"bytes": len(data), "loss": 1 - ms_ssim(small, drawn)}
            row |= {part["type"]: part["bytes"] for part in parts}
            if names == ("semantic",):
                row["ciede2000"] = grid_ciede2000(small, drawn)
    for budget in BUDGETS:
        left = budget - len(promptcodec.encode(original, budget=budget, recipe="off"))
        assert left >= 0, f"{path} is over its budget of {budget} bytes"
        rows.append({"budget": budget, "slack": left, "tight": left <= max(2, budget // 50)})
    return rows


def _label(tune: str | dict[str, float]) -> str:
    return tune if isinstance(tune, str) else " ".join(f"{share:.2f}" for share in tune.values())


def summarise(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give a row of means for each set of layers and rate, then the slack at each budget."""
    for names, rate in itertools.product(SETS, RATES):
        layers = ",".join(names)
        here = [row for row in rows if row.get("layers") == layers and row["bpp"] == rate]
        tunes = dict.fromkeys(row["tune"] for row in here)
        means = {}
        for tune in tunes:
            coded = [row for row in here if row["tune"] == tune]
            if all(row["bytes"] for row in coded):
                keys = [key for key in ("bytes", "loss", "ciede2000", *names) if key in coded[0]]
                means[tune] = {key: float(np.mean([row[key] for row in coded])) for key in keys}
        pixels = means.pop("pixels", None)
        best = min(means, key=lambda tune: means[tune]["loss"]) if means else None
        yield {
            "layers": layers,
            "bpp": rate,
            "n": len([row for row in here if row["tune"] == "pixels"]),
            "pixels": pixels,
            "best_fixed": best,
            "fixed": means[best] if best else None,
            "ratio": pixels["loss"] / means[best]["loss"] if pixels and best else None,
        }
    for budget in BUDGETS:
        here = [row for row in rows if row.get("budget") == budget]
        yield {
            "budget": budget,
            "slack_mean": float(np.mean([row["slack"] for row in here])),
            "tight_share": float(np.mean([row["tight"] for row in here])),
        }
