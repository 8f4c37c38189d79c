"""Files at addresses, opened and listed by fsspec."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BufferedReader
from typing import Any, cast

from promptcodec.archive.sources import addresses
from promptcodec.archive.sources.container import Choice, is_container
from promptcodec.errors import MissingError, PromptcodecError, UsageError
from promptcodec.files import read_open
from promptcodec.vision.formats import SUFFIXES

_WEB = {"http", "https"}
_DEEPEST = 64
_BLOCK = 1 << 20
# What file systems call the time of the last change, the best first.
_TIMES = ("mtime", "LastModified", "last_modified", "Last-Modified", "updated", "created")
_CONNECT_SECONDS, _READ_SECONDS = 30, 60
_PICTURE_SECONDS = 600
"""In which a picture has come, however little a server sends at a time."""


@dataclass(frozen=True, slots=True)
class At:
    """The bytes at an address, which any process can read."""

    address: str = field(repr=False)

    def read(self) -> bytes:
        """Give the bytes.

        Raises:
            PromptcodecError: they cannot be had.
        """
        try:
            with opened(self.address, seconds=_PICTURE_SECONDS) as file:
                return read_open(file)
        except Exception as error:  # noqa: BLE001 - file systems raise what the libraries below them do
            raise as_error(error, self.address) from None


@contextmanager
def opened(address: str, seconds: float | None = None) -> Iterator[BufferedReader]:
    """Open what is at an address, to be read from its start.

    Args:
        address: of a file.
        seconds: in which a server of the web must have sent it; None for no limit.

    Raises:
        MissingError: fsspec or what it needs for the protocol is not installed.
        Exception: whatever the file system raises; see ``as_error``.
    """
    system, path = _system(address, seconds)
    # In one request that is read as it comes, without asking for the size first: that is what a size does.
    how = {"block_size": 0, "size": 1} if _is_web(system) else {}
    with system.open(path, "rb", **how) as file:
        yield BufferedReader(file, _BLOCK)


@contextmanager
def seekable(address: str) -> Iterator[Any]:
    """Open what is at an address, to be read in pieces."""
    system, path = _system(address)
    with system.open(path, "rb") as file:
        yield file


def is_one(address: str) -> bool:
    """Say whether an address is of one file, not of a folder or a pattern.

    Its name tells that, else the file system does; one of the web is of a file unless it ends in ``/``.

    Raises:
        PromptcodecError: it cannot be told.
    """
    path, (_, pattern) = addresses.path_of(address), addresses.split_pattern(address)
    if pattern or not path or path.endswith("/"):
        return False
    if is_container(address) or path.lower().endswith((*SUFFIXES, ".pxt")):
        return True
    try:
        system, inner = _system(address)
        return _is_web(system) or not system.isdir(inner)
    except Exception as error:  # noqa: BLE001
        raise as_error(error, address) from None


def time_at(address: str) -> int | None:
    """Give when a file was last changed, as of a Source; pictures of the web are not asked for it.

    Whatever else is wrong with it is told where it is read.

    Raises:
        MissingError: as of ``opened``.
    """
    try:
        system, path = _system(address)
        if _is_web(system) and not is_container(address):
            return 0
        return _time(system.info(path))
    except MissingError:
        raise
    except Exception as error:  # noqa: BLE001
        # Of the web any fault is one of a missing file to fsspec.
        is_gone = isinstance(error, FileNotFoundError) and not _WEB & set(addresses.protocols(address))
        return None if is_gone else 0


def listed(address: str, choice: Choice) -> Iterator[tuple[str, int]]:
    """Give the files in a folder and below, or that match a pattern, as they are come upon, sorted in each.

    Args:
        address: of the folder, or a pattern.
        choice: what is taken of a folder.

    Yields:
        The path of each below ``addresses.split_pattern``, and its time as of a Source.

    Raises:
        PromptcodecError: it cannot be listed.
    """
    base, pattern = addresses.split_pattern(address)
    try:
        system, root = _system(base)
        deepest = pattern.count("/") if pattern and "**" not in pattern else _DEEPEST
        match = _matcher(pattern) if pattern else None
        for path, info in _below(system, root, root.rstrip("/") + "/" if root else "", deepest):
            if match(path) if match else choice.takes(path):
                yield path, _time(info)
    except Exception as error:  # noqa: BLE001
        raise as_error(error, address) from None


def _matcher(pattern: str) -> Callable[[str], object]:
    """Give what says whether a path matches; hidden files and folders do where the pattern names such."""
    from fsspec.utils import glob_translate  # noqa: PLC0415 - an extra

    match, hidden = re.compile(glob_translate(pattern)).match, "/." in f"/{pattern}"
    return lambda path: match(path) and (hidden or "/." not in f"/{path}")


def _below(system: Any, folder: str, above: str, deepest: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the files of a folder and below. Nothing outside is given, whatever a server lists.

    Args:
        system: of fsspec.
        folder: as the system names it.
        above: what the names of all files begin with.
        deepest: how many folders are gone down.
    """
    for info in sorted(system.ls(folder, detail=True), key=lambda info: str(info["name"])):
        name = str(info["name"])
        path = name.removeprefix(above)
        parts = path.rstrip("/").split("/")
        if not name.startswith(above) or not parts[-1] or ".." in parts or (_is_web(system) and "?" in path):
            continue
        if info.get("type") == "directory":
            if deepest and not info.get("islink") and len(name.rstrip("/")) > len(folder.rstrip("/")):
                yield from _below(system, name, above, deepest - 1)
        elif not path.endswith("/"):
            yield path, info


def _system(address: str, seconds: float | None = None) -> tuple[Any, str]:
    """Give the file system of an address, and how it names the file; ``seconds`` as of ``opened``.

    Raises:
        MissingError: fsspec or what it needs for the protocol is not installed.
    """
    try:
        import fsspec.core  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingError("addresses need the extra archive: pip install 'promptcodec[archive]'") from None
    protocols = set(addresses.protocols(address))
    try:
        options = {protocol: {"client_kwargs": _patience(seconds)} for protocol in protocols & _WEB}
        return cast("tuple[Any, str]", fsspec.core.url_to_fs(address, **options))
    except ImportError as error:
        cause = error.__cause__ if isinstance(error.__cause__, ImportError) else error
        package = (cause.name or "what it asks for").partition(".")[0]
        names = ", ".join(f"{each}://" for each in sorted(protocols - {""}))
        raise MissingError(f"{names} needs {package}: pip install {package}") from None


def _patience(seconds: float | None) -> dict[str, Any]:
    """Say how long a server may be silent, and take; without that a shard must come whole in five minutes."""
    import aiohttp  # noqa: PLC0415 - for the web alone

    return {
        "timeout": aiohttp.ClientTimeout(
            total=seconds, sock_connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS
        )
    }


def _is_web(system: Any) -> bool:
    names = system.protocol
    return bool(_WEB & ({names} if isinstance(names, str) else set(names)))


def _time(info: dict[str, Any]) -> int:
    """Give when a file was last changed, in milliseconds since 1970; 0 where nobody knows."""
    value = next((info[name] for name in _TIMES if info.get(name)), 0)
    try:
        if isinstance(value, str):
            value = parsedate_to_datetime(value) if "," in value else datetime.fromisoformat(value)
        if isinstance(value, datetime):
            value = value.replace(tzinfo=value.tzinfo or UTC).timestamp()
        return int(value * 1000)
    except (ValueError, TypeError, OverflowError):
        return 0


def as_error(error: Exception, address: str) -> PromptcodecError:
    """Give what a file system raised as an error of this package, without what is secret in an address."""
    if isinstance(error, PromptcodecError):
        return error
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError):
        why = "there is nothing at this address"
    elif isinstance(error, PermissionError):
        why = "that is not allowed; credentials are those that fsspec finds, such as in the environment"
    elif isinstance(error, TimeoutError):
        why = "there was no answer in time"
    elif isinstance(status, int) and status:
        why = f"the server answered {status}"
    else:
        text = " ".join(addresses.cleaned(str(error), address).split())
        why = type(error).__name__ + (f": {text}" if text else "")
    return UsageError(f"cannot be read: {why}")
