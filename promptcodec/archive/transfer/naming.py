"""Names of files that are made of records: below one folder, whatever a record calls itself."""

from __future__ import annotations

import hashlib
import os
import re

from promptcodec.archive.record import Record, path_bytes
from promptcodec.errors import UsageError

_LONGEST = 255
"""Bytes of a name on the file systems of Linux and macOS; letters, on that of Windows."""
_MARK = 10
_DEEPEST = 100
_DEVICES = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[1-9\xb9\xb2\xb3]|lpt[1-9\xb9\xb2\xb3])(?:\.|$)", re.IGNORECASE
)
_REFUSED = re.compile(r'[\x00-\x1f<>:"\\|?*]|[. ]+$')


def names_of(record: Record, suffix: str, *, stem: bool = False) -> list[str]:
    """Give what files of a record are called below a folder: one name for each of its paths.

    Args:
        record: where it was is untrusted.
        suffix: of the files, such as ``.xmp``.
        stem: put it in the place of the picture's own suffix, else behind that.

    Raises:
        UsageError: a path has too many folders.
    """
    paths = dict.fromkeys(place.path for place in record.places)
    return list(dict.fromkeys(beside(harmless(path) or record.id.hex(), suffix, stem=stem) for path in paths))


def harmless(path: str, *, windows: bool = os.name == "nt") -> str:
    """Make of a record's path one that stays below the folder it is joined to.

    Args:
        path: ``/`` between folders; untrusted.
        windows: leave out what Windows refuses or takes for something else too.

    Returns:
        the path, ``""`` where nothing is left of it. One that harms nobody stays as it is.

    Raises:
        UsageError: it has too many folders.
    """
    parts = [part for part in path.replace("\0", "_").split("/") if part not in ("", ".")]
    if len(parts) > _DEEPEST:
        raise UsageError(f"its path has {len(parts)} folders, more than {_DEEPEST}: it is left out")
    parts = ["_" if part == ".." else part for part in parts]
    if windows:
        parts = [_REFUSED.sub("_", part) for part in parts]
        parts = [f"_{part}" if _DEVICES.match(part) else part for part in parts]
    return "/".join(_shortened(part) for part in parts)


def _shortened(name: str, suffix: str = "") -> str:
    """Give a name with a suffix, cut where it would be too long: then a hash tells it from others."""
    data = path_bytes(name)
    if len(data) + len(suffix) <= _LONGEST:
        return name + suffix
    mark = "~" + hashlib.sha256(data).hexdigest()[: _MARK - 1]
    kept = data[: _LONGEST - len(suffix) - _MARK].decode("utf-8", "ignore")
    return kept + mark + suffix


def beside(path: str, suffix: str, *, stem: bool = False) -> str:
    """Give what a file beside another is called; ``stem`` is as for ``names_of``."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + _shortened(os.path.splitext(name)[0] if stem else name, suffix)  # noqa: PTH122 - a name


def claim(path: str, taken: set[str]) -> None:
    """Note that a file of a run is called so.

    Raises:
        UsageError: another of the same run is.
    """
    key = path.casefold()  # as some file systems do
    if key in taken:
        raise UsageError(f"{path} was written for another picture that is called the same")
    taken.add(key)
