"""One server at a time keeps house in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_open: dict[Path, BinaryIO] = {}
"""Locks end with the process, also with one that is killed."""


def take(folder: Path) -> bool:
    """Say whether this process alone keeps house in a folder from now on, where the system can tell."""
    try:
        import fcntl  # noqa: PLC0415 - not there on every system
    except ImportError:
        return True
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("wb")
    except OSError:
        return True  # nothing can be written there, by nobody
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _open[folder] = file
    return True


def give(folder: Path) -> None:
    """Let others keep house."""
    if folder in _open:
        _open.pop(folder).close()
