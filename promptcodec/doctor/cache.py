"""Models that were downloaded: the cache that the libraries of Hugging Face share, and its sizes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypedDict

from promptcodec.generators.diffusion.store import hub

_PREFIX = "models--"


class Model(TypedDict):
    """A model's repository, and what lies on disk of it."""

    name: str
    bytes: int


def models() -> list[Model]:
    """Measure what is there, the largest first; what cannot be read counts as nothing."""
    try:
        names = [entry.name for entry in os.scandir(hub()) if entry.name.startswith(_PREFIX)]
    except OSError:
        return []
    measured: list[Model] = [
        {"name": name.removeprefix(_PREFIX).replace("--", "/"), "bytes": _size(hub() / name)}
        for name in names
    ]
    return sorted(measured, key=lambda model: (-model["bytes"], model["name"]))


def _size(path: Path) -> int:
    """Add up files, each once: snapshots are links to them."""
    files = (os.path.join(root, name) for root, _, names in os.walk(path) for name in names)  # noqa: PTH118
    return sum(_own_size(file) for file in files)


def _own_size(file: str) -> int:
    try:
        return 0 if os.path.islink(file) else os.stat(file).st_size  # noqa: PTH114, PTH116
    except OSError:
        return 0
