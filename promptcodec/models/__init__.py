"""Shipped tables: files with a version byte, listed in ``manifest.json`` with their SHA-256.

A stream only decodes with the very table it was coded with, so a table that changed on
its way here is an error at load time, not a wrong picture later. Tables are numbered and
never retrained in place: a better one gets a new name.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from promptcodec.errors import MissingError

_FOLDER = Path(__file__).parent
_WAY_OUT = "reinstall with `pip install --force-reinstall promptcodec`"


@functools.cache
def load(name: str) -> bytes:
    """Give the content of a shipped table, checked against the manifest once per process.

    Args:
        name: a key of ``tables`` in ``manifest.json``, such as ``"text-1"``.

    Returns:
        the file's bytes after its version byte.

    Raises:
        MissingError: the table is absent, or is not the file that was shipped.
    """
    return read(_FOLDER, name)


def read(folder: Path, name: str) -> bytes:
    """Do what ``load`` does, uncached and from any folder with a ``manifest.json``.

    Raises:
        MissingError: the table is absent, or is not the file that was shipped.
    """
    try:
        entry = _manifest(folder)[name]
        file, version, digest = entry["file"], entry["version"], entry["sha256"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise MissingError(f"no table {name!r} in models/manifest.json; {_WAY_OUT}") from error
    try:
        data = folder.joinpath(file).read_bytes()
    except OSError as error:
        raise MissingError(f"the table models/{file} is missing; {_WAY_OUT}") from error
    if hashlib.sha256(data).hexdigest() != digest or data[:1] != bytes([version]):
        raise MissingError(f"the table models/{file} is not the one that was shipped; {_WAY_OUT}")
    return data[1:]


def shipped(name: str) -> bool:
    """Tell whether the manifest lists a table."""
    return name in _manifest(_FOLDER)


def _manifest(folder: Path) -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(folder.joinpath("manifest.json").read_text("utf-8"))["tables"]
    return tables
