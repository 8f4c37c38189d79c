"""Training pictures that are free to show: their licences stand in the manifest beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from promptcodec.errors import UsageError

ALLOWED = (
    "CC0-1.0",
    "CC0-1.0 (DiffusionDB dataset licence)",
    "CC0-1.0 (Unsplash before 2017-06-08)",
    "public-domain",
)


def free_pictures(data: Path, names: Sequence[str]) -> list[Path]:
    """Give the files of pictures in ``data/train``.

    Raises:
        UsageError: one is not there, or its licence does not let it be shown.
    """
    lines = (data / "train" / "manifest.jsonl").read_text("utf-8").splitlines()
    licences = {entry["file"]: entry["licence"] for entry in map(json.loads, lines)}
    for name in names:
        if licences.get(name) not in ALLOWED:
            raise UsageError(f"{name} is under {licences.get(name)}: not free to show here")
    return [data / "train" / name for name in names]
