"""Points that were not measured here: published ones, and the CompressAI JSON of others."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parent.parent / "published.csv"
_NAMES = ("dataset", "codec", "setting", "source", "conditions")
_FOREIGN = {
    "psnr-rgb": "psnr",
    "psnr": "psnr",
    "ms-ssim-rgb": "ms_ssim",
    "ms-ssim": "ms_ssim",
    "lpips": "lpips_alex",
}


def published(datasets: Sequence[str]) -> list[dict[str, Any]]:
    """Give the published points on these datasets, with their sources; empty cells are left out."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] in datasets]
    return [
        {key: row[key] for key in _NAMES}
        | {"values": {key: float(value) for key, value in row.items() if key not in _NAMES and value}}
        for row in rows
    ]


def foreign(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Give the points of CompressAI results files; MS-SSIM above 1 is taken for decibels.

    Raises:
        ValueError: a file has another form.
    """
    points = []
    for path in paths:
        try:
            content = json.loads(path.read_text("utf-8"))
            results = content["results"]
            rates = results["bpp"]
            for at, rate in enumerate(rates):
                values = {"bpp": float(rate)}
                for name, column in _FOREIGN.items():
                    if name in results:
                        value = float(results[name][at])
                        if not math.isfinite(value):  # the PSNR of a lossless picture, say
                            continue
                        values["ms_ssim_db" if column == "ms_ssim" and value > 1 else column] = value
                points.append(
                    {
                        "dataset": "",
                        "codec": str(content["name"]),
                        "setting": str(at + 1),
                        "source": path.name,
                        "values": values,
                    }
                )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: no results file of CompressAI: {error!r}") from None
    return points
