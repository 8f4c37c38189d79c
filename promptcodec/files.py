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


@dataclass(frozen=True, slots=True)
class Source:
    """One input.

    Attributes:
        path: where it is; ``-`` is standard input.
        name: its name below the folder it was found in, as results are named after it.
    """

    path: str
    name: str


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
        elif path.is_dir():
            in_folder = True
            found = [p for p in sorted(path.rglob("*")) if p.is_file() and p.suffix.lower() in suffixes]
            if not found:
                raise UsageError(f"the folder {item} holds no file ending in {' '.join(suffixes)}")
            sources += [Source(str(p), str(p.relative_to(path))) for p in found]
        elif not path.exists() and glob.has_magic(item):
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
        UsageError: two inputs would give one output, or several standard output.
    """
    if out == STDIO:
        if in_folder:
            raise UsageError("several results cannot go to standard output; name a folder with -o")
        return [STDIO]
    if not in_folder and not Path(out).is_dir() and not out.endswith(("/", os.sep)):
        return [out]
    if in_folder and Path(out).is_file():
        raise UsageError(f"several results need a folder, but {out} is a file")
    targets = [str(Path(out) / name) for name in names]
    first: dict[str, str] = {}
    for source, target in zip(sources, targets, strict=True):
        if first.setdefault(target, source.path) != source.path or targets.count(target) > 1:
            raise UsageError(f"{first[target]} and {source.path} would both become {target}")
    return targets


def check_free(path: str, *, overwrite: bool) -> None:
    """Raise OutputExistsError where ``path`` is taken, before any work is done for it."""
    if path != STDIO and not overwrite and Path(path).exists():
        raise OutputExistsError(f"{path} exists; --overwrite replaces it")


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
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(target)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        Path(temporary).unlink(missing_ok=True) if temporary else None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
