"""AGIQA-3K (Li et al. 2023): ``data.csv`` with name and prompt, the pictures beside it or in a folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.datasets import Item
from eval.missing import Unavailable


def agiqa(root: Path, _entry: Mapping[str, Any]) -> list[Item]:
    """List the pictures that ``data.csv`` names and that are there.

    Raises:
        Unavailable: there is no ``data.csv``.
    """
    table = root / "data.csv"
    if not table.is_file():
        raise Unavailable("there is no data.csv")
    here = {path.name: path for path in sorted(root.rglob("*")) if path.is_file()}
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Item("", row["name"], here[row["name"]], "", row["prompt"], row["name"].partition("_")[0])
        for row in rows
        if row["name"] in here
    ]
