"""Which files to read, where results go, and writing them whole or not at all."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptcodec.errors import OutputExistsError, UsageError

IMAGE_SUFFIXES = (
    ".avif", ".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".png", ".ppm", ".tga", ".tif", ".tiff", ".webp",
)  # fmt: skip
STDIO = "-"
# No picture or stream within the limits of the format comes near this.
MAX_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Source:
    """One input.

    Attributes:
        path: where it is; ``-`` is standard input.
        name: its name below the folder it was found in, as results are named after it.
    """

    path: str
    name: str


def exists(path: str | Path) -> bool:
    """Say whether there is something at ``path``; a path no file can have is not there.

    ``Path.exists`` raises for names that are too long and folders that may not be entered.
    """
    try:
        return Path(path).exists()
    except OSError:
        return False


def read_file(path: str | Path) -> bytes:
    """Read a whole file.

    Raises:
        UsageError: it is not there, cannot be read, or has more than MAX_BYTES.
    """
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise UsageError(f"cannot be read: it has more than {MAX_BYTES} bytes")
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # a name with a null character
        raise UsageError(f"cannot be read: {error}") from None


def expand(inputs: Iterable[str], suffixes: Sequence[str]) -> tuple[list[Source], bool]:
    """List the files that arguments stand for: files, folders (searched below), patterns, ``-``.

    Returns:
        The sources in a stable order, and whether the results need a folder.

    Raises:
        UsageError: a folder or a pattern holds nothing to work on.
    """
    sources: list[Source] = []
    in_folder = False
    for item in inputs:
        path = Path(item)
        if item == STDIO:
            sources.append(Source(STDIO, "stdin"))
        elif _is_dir(path):
            in_folder = True
            files = [p for p in sorted(path.rglob("*")) if p.is_file() and p.suffix.lower() in suffixes]
            if not files:
                raise UsageError(f"the folder {item} holds no file ending in {' '.join(suffixes)}")
            sources += [Source(str(p), str(p.relative_to(path))) for p in files]
        elif not exists(path) and glob.has_magic(item):
            # Path.glob wants a relative pattern; what a user types may be absolute.
            matches = [Path(match) for match in sorted(glob.glob(item, recursive=True))]  # noqa: PTH207
            if not any(match.is_file() for match in matches):
                raise UsageError(f"the pattern {item} matches no file")
            in_folder = True
            sources += [Source(str(match), match.name) for match in matches if match.is_file()]
        else:
            sources.append(Source(item, path.name))
    return sources, in_folder or len(sources) > 1


def destinations(sources: Sequence[Source], names: Sequence[str], out: str, *, in_folder: bool) -> list[str]:
    """Choose the output of each source.

    Args:
        sources: the inputs.
        names: the result's name for each, below a folder.
        out: a file, a folder (it exists, ends in a separator, or there are several inputs), or ``-``.
        in_folder: the results need a folder.

    Raises:
        UsageError: two inputs would give one output, or several standard output, or an output
            is its own input.
    """
    if out == STDIO:
        if in_folder:
            raise UsageError("several results cannot go to standard output", hint="name a folder with -o")
        return [STDIO]
    if not in_folder and not _is_dir(Path(out)) and not out.endswith(("/", os.sep)):
        _check_apart(sources[0].path, out)
        return [out]
    if in_folder and Path(out).is_file():
        raise UsageError(f"several results need a folder, but {out} is a file")
    targets = [str(Path(out) / name) for name in names]
    first: dict[str, str] = {}
    for source, target in zip(sources, targets, strict=True):
        _check_apart(source.path, target)
        if first.setdefault(target, source.path) != source.path or targets.count(target) > 1:
            raise UsageError(f"{first[target]} and {source.path} would both become {target}")
    return targets


def _check_apart(source: str, target: str) -> None:
    if source != STDIO and exists(source) and exists(target) and Path(source).samefile(target):
        raise UsageError(f"{target} is the input itself; choose another output")


def _is_dir(path: Path) -> bool:
    return exists(path) and path.is_dir()


def _is_device(path: Path) -> bool:
    """Say whether ``path`` is something that is written into, never replaced, such as /dev/null."""
    return exists(path) and not (path.is_file() or path.is_dir())


def check_free(path: str, *, overwrite: bool) -> None:
    """Raise OutputExistsError where ``path`` is taken, before any work is done for it."""
    if path != STDIO and not overwrite and exists(path) and not _is_device(Path(path)):
        raise OutputExistsError(f"{path} exists", hint="--overwrite replaces it")


def write_whole(path: str, data: bytes, *, overwrite: bool) -> None:
    """Write a file under a temporary name, then rename it: it is never there half-written.

    Raises:
        OutputExistsError: it exists and was not to be replaced.
        UsageError: it cannot be written.
    """
    check_free(path, overwrite=overwrite)
    target = Path(path)
    temporary = ""
    try:
        if _is_device(target):
            target.write_bytes(data)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(target)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{path} cannot be written: {target.parent} is not a folder") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        Path(temporary).unlink(missing_ok=True) if temporary else None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
