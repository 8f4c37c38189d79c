"""Shipped tables: files with a version byte, listed in ``manifest.json`` with their SHA-256.

A stream only decodes with the very table it was coded with, so a table that changed on
its way here is an error at load time, not a wrong picture later. Tables are numbered and
never retrained in place: a better one gets a new name.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
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
    if not _compare(data, digest, version)[1]:
        raise MissingError(f"the table models/{file} is not the one that was shipped; {_WAY_OUT}")
    return data[1:]


def shipped(name: str) -> bool:
    """Tell whether the manifest lists a table."""
    return name in _manifest(_FOLDER)


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it lies on disk.

    Attributes:
        name: a key of the manifest.
        sha256: of its file, in hexadecimal; None where it cannot be read.
        ok: it is the one that was shipped.
    """

    name: str
    sha256: str | None
    ok: bool


def examine(folder: Path | None = None) -> tuple[Table, ...]:
    """Look at every table of the manifest of a folder, by default of the shipped ones; once per process.

    Raises:
        MissingError: the manifest cannot be read.
    """
    return _examine(folder or _FOLDER)


@functools.cache
def _examine(folder: Path) -> tuple[Table, ...]:
    try:
        entries = {name: (it["file"], it["sha256"], it["version"]) for name, it in _manifest(folder).items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise MissingError(f"models/manifest.json, the list of tables, cannot be read; {_WAY_OUT}") from error
    return tuple(
        _look(folder / file, name, digest, version) for name, (file, digest, version) in entries.items()
    )


def _look(path: Path, name: str, digest: str, version: int) -> Table:
    try:
        data = path.read_bytes()
    except OSError:
        return Table(name, None, ok=False)
    return Table(name, *_compare(data, digest, version))


def check(*names: str) -> None:
    """Make sure that tables are those that were shipped, without giving them.

    Args:
        names: keys of the manifest; none for all of them.

    Raises:
        MissingError: one is not.
    """
    states = examine()
    wrong = [table.name for table in states if not table.ok and (not names or table.name in names)]
    wrong += sorted(set(names) - {table.name for table in states})
    if wrong:
        raise MissingError(f"missing in models/, or not as shipped: {', '.join(wrong)}; {_WAY_OUT}")


def _compare(data: bytes, digest: str, version: int) -> tuple[str, bool]:
    """Give the SHA-256 of a file, and whether it is the one that was shipped."""
    actual = hashlib.sha256(data).hexdigest()
    return actual, actual == digest and data[:1] == bytes([version])


def _manifest(folder: Path) -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(folder.joinpath("manifest.json").read_text("utf-8"))["tables"]
    return tables
