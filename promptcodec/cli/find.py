"""Which files the arguments of a command stand for, and what is left out of them, counted by reason."""

from __future__ import annotations

import glob
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from promptcodec.errors import PromptcodecError, UsageError
from promptcodec.files import STDIO, exists, is_dir

STREAMS = (".pxt",)
# What systems and cameras put beside pictures, and thumbnails that servers keep: no work of the user's.
_SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_SYSTEM_FOLDERS = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"}
_APPLE_DOUBLE = "._"
_ONE = {
    "broken links": "broken link",
    "folders": "folder",
    "hidden folders": "hidden folder",
    "links or devices": "link or device",
    "links to folders": "link to a folder",
    "pipes or devices": "pipe or device",
    "rows without the bytes of a picture": "row without the bytes of a picture",
}


class Source(NamedTuple):
    """One input.

    Attributes:
        path: where it is; ``-`` is standard input.
        name: its name below the folder it was found in, as results are named after it.
    """

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What arguments stand for.

    Attributes:
        sources: the inputs, in a stable order.
        in_folder: the results need a folder.
        left_out: how many were left out of folders and patterns, by reason.
        failed: what could not be looked into, each with its error: these are failed items of a run.
    """

    sources: list[Source] = field(default_factory=list)
    in_folder: bool = False
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, PromptcodecError]] = field(default_factory=list)


class _Candidate(NamedTuple):
    path: Path
    base: Path  # of its name
    key: object  # the same for every name of a file
    is_link: bool


def find(inputs: Sequence[str], suffixes: Sequence[str], noun: str) -> Selection:
    """List the files that arguments stand for: files, folders (searched below), patterns, ``-``.

    Folders give the files that end in ``suffixes``. Hidden files, links to folders and pictures whose
    extra is not installed are left out and counted; what systems put there, AppleDouble files and, beside
    pictures, streams are passed over. A file with several names, such as a link and its target, is one
    source. The names of several sources that are alike keep their folders.

    Args:
        inputs: the arguments.
        suffixes: in lower case.
        noun: what files without such a suffix are not: ``images``.

    Raises:
        UsageError: an argument is empty or stands there twice.
    """
    _check(inputs)
    left_out: Counter[str] = Counter()
    failed: list[tuple[str, PromptcodecError]] = []
    candidates: list[_Candidate] = []
    for item in inputs:
        if item != STDIO:
            given = (_candidate(*each) for each in search(item, suffixes, noun, left_out, failed))
            candidates += sorted(given, key=lambda c: c.path)
    searched = any(_is_searched(item) for item in inputs)
    sources = _named(_distinct(candidates, left_out), flat=not searched, alone=len(inputs) == 1)
    if STDIO in inputs:
        sources.insert(0, Source(STDIO, "stdin"))
    return Selection(sources, searched or len(inputs) > 1, left_out, failed)


def _check(inputs: Sequence[str]) -> None:
    for item, times in Counter(inputs).items():
        if not item:
            raise UsageError("an input has no name", hint="a shell makes that of a variable that is not set")
        if times > 1:
            raise UsageError(f"{item} is named twice")


def words_of(reasons: Counter[str]) -> str:
    """Say how many of what: ``1 hidden, 2 not images``."""
    return ", ".join(
        f"{count} {_ONE.get(reason, reason) if count == 1 else reason}"
        for reason, count in sorted(reasons.items())
    )


def stream(
    inputs: Sequence[str],
    suffixes: Sequence[str],
    noun: str,
    left_out: Counter[str],
    failed: list[tuple[str, PromptcodecError]],
    *,
    together: bool,
) -> Iterator[tuple[Path, Path]]:
    """Give the files that arguments stand for as they are come upon, each with the folder it is named below.

    Nothing is remembered of them: a file with several names is given with each.

    Args:
        inputs: files, folders, patterns.
        suffixes: as of ``find``.
        noun: as of ``find``.
        left_out: what is left out is counted here.
        failed: what cannot be looked into is put here.
        together: name the files of several inputs as ``find`` does, else those of each below its own folder.

    Raises:
        UsageError: as ``find``.
    """
    _check(inputs)
    above = None
    if together and len(inputs) > 1:
        names = [Path(item).name.casefold() for item in inputs]
        if any(_is_searched(item) for item in inputs) or len(set(names)) < len(names):
            above = _common([_base(item) for item in inputs])
    for item in inputs:
        for path, base in search(item, suffixes, noun, left_out, failed):
            yield path, base if above is None else above


def count(inputs: Sequence[str], suffixes: Sequence[str]) -> int:
    """Count the files that arguments stand for by their names: about as many as ``stream`` gives."""
    total = 0
    for item in inputs:
        if is_dir(item):
            for _, folders, files in os.walk(item):
                folders[:] = [name for name in folders if not name.startswith(".")]
                total += sum(os.path.splitext(name)[1].lower() in suffixes for name in files)  # noqa: PTH122
        else:
            total += sum(1 for _ in search(item, suffixes, "", Counter(), []))
    return total


def search(
    item: str,
    suffixes: Sequence[str],
    noun: str,
    left_out: Counter[str],
    failed: list[tuple[str, PromptcodecError]],
) -> Iterator[tuple[Path, Path]]:
    """Give the files that one argument stands for, each with the folder it lies in or below.

    A folder and a pattern in which there is none have failed.
    """
    if not _is_searched(item):
        yield Path(item), Path(item).parent
        return
    base, here, before = _base(item), Counter[str](), len(failed)
    folder = is_dir(item)
    paths = _below(base, suffixes, noun, here, failed) if folder else _match(item, base, here, failed)
    number = 0
    for number, path in enumerate(paths, 1):  # noqa: B007 - how many there are
        yield path, base
    if number or before < len(failed):
        left_out.update(here)
        return
    nothing = "the folder holds no file to work on" if folder else "the pattern matches no file"
    failed.append((item, UsageError(nothing + (f": {words_of(here)}" if here else ""))))


def _is_searched(item: str) -> bool:
    """Say whether an argument is a folder or a pattern."""
    if item == STDIO:
        return False
    there = exists(item) or os.path.islink(item)  # noqa: PTH114 - no raising
    return is_dir(item) or (not there and glob.has_magic(item))


def _base(item: str) -> Path:
    """Give the folder that the files of an argument are named below."""
    if is_dir(item):
        return Path(item)
    if not _is_searched(item):
        return Path(item).parent
    parts = Path(item).parts
    return Path(*parts[: next(index for index, part in enumerate(parts) if glob.has_magic(part))])


def _below(
    folder: Path,
    suffixes: Sequence[str],
    noun: str,
    left_out: Counter[str],
    failed: list[tuple[str, PromptcodecError]],
) -> Iterator[Path]:
    """Give what is in a folder and below, sorted within each; links to folders are not followed."""

    def refused(error: OSError) -> None:
        failed.append((str(error.filename), UsageError(f"the folder cannot be read: {error.strerror}")))

    seen: set[object] = set()  # on Windows a junction leads back and is no link
    for root, folders, files in os.walk(folder, onerror=refused):
        key = _key(Path(root))
        if key in seen:
            folders.clear()
            continue
        seen.add(key)
        folders[:] = sorted(name for name in folders if _enters(Path(root, name), left_out))
        for name in sorted(files):
            reason = _why_not(Path(root, name), suffixes, noun)
            if reason is None:
                yield Path(root, name)
            elif reason:
                left_out[reason] += 1


def _enters(folder: Path, left_out: Counter[str]) -> bool:
    if folder.name.lower() in _SYSTEM_FOLDERS:
        return False
    if folder.is_symlink():
        left_out["links to folders"] += 1
        return False
    if folder.name.startswith("."):
        left_out["hidden folders"] += 1
        return False
    return True


def why_not(name: str, suffixes: Sequence[str], noun: str) -> str | None:
    """Say why a file of a folder is left out, by its name.

    None where it is not, ``""`` where nobody need know.

    Args:
        name: without its folder.
        suffixes: as of ``find``.
        noun: as of ``find``.
    """
    hidden, suffix = name.startswith("."), Path(name).suffix.lower()
    if name.startswith(_APPLE_DOUBLE) or name.lower() in _SYSTEM_FILES:
        return ""
    if suffix not in suffixes:
        return "" if hidden or suffix in STREAMS else f"not {noun}"
    if hidden:
        return "hidden"
    from promptcodec.vision import formats  # noqa: PLC0415 - for folders alone

    form = formats.BY_SUFFIX.get(suffix)
    if form is not None and formats.is_missing(form):
        return f"{form.name} (pip install 'promptcodec[{form.extra}]')"
    return None


def _why_not(path: Path, suffixes: Sequence[str], noun: str) -> str | None:
    """Say why a file of a folder is left out, as ``why_not`` does, and whether it is a file at all."""
    reason = why_not(path.name, suffixes, noun)
    if reason is not None:
        return reason
    try:
        return None if stat.S_ISREG(path.stat().st_mode) else _irregular(path)
    except OSError:
        return _irregular(path) if path.is_symlink() else None  # else the item's own error


def _irregular(path: Path) -> str:
    return "pipes or devices" if exists(path) else "broken links"


def _match(
    pattern: str, base: Path, left_out: Counter[str], failed: list[tuple[str, PromptcodecError]]
) -> Iterator[Path]:
    """Give the files that a pattern matches.

    ``glob.glob`` follows links to folders, without end where these lead back; ``Path.glob`` does not.
    """
    parts = Path(pattern).parts
    rest = [*parts[len(base.parts) :], *["*"][: parts[-1] == "**"]]
    hidden = any(part.startswith(".") for part in rest)
    try:
        for path in base.glob("/".join(rest)):
            if not hidden and any(part.startswith(".") for part in path.relative_to(base).parts):
                continue
            if path.is_file():
                yield path
            else:
                left_out["folders" if path.is_dir() else _irregular(path)] += 1
    except (OSError, ValueError) as error:
        failed.append((pattern, UsageError(f"the pattern cannot be followed: {error}")))


def _candidate(path: Path, base: Path) -> _Candidate:
    return _Candidate(path, base, _key(path), os.path.islink(path))  # noqa: PTH114 - Path.is_symlink may raise


def _key(path: Path) -> object:
    try:
        about = path.stat()
    except (OSError, ValueError):
        return path
    return (about.st_dev, about.st_ino) if about.st_ino else path


def _distinct(candidates: list[_Candidate], left_out: Counter[str]) -> list[_Candidate]:
    """Keep one name of each file, where possible one that is no link."""
    owner: dict[object, _Candidate] = {}
    for candidate in sorted(candidates, key=lambda c: c.is_link):
        owner.setdefault(candidate.key, candidate)
    kept = [candidate for candidate in candidates if owner[candidate.key] is candidate]
    if len(kept) < len(candidates):
        left_out["the same file again"] += len(candidates) - len(kept)
    return kept


def _named(candidates: list[_Candidate], *, flat: bool, alone: bool) -> list[Source]:
    """Name candidates: below their folder, and with it where several inputs have folders or names alike."""
    names = [str(c.path.relative_to(c.base)) for c in candidates]
    if not (alone or (flat and len({name.casefold() for name in names}) == len(names))):
        names = _below_all([c.path for c in candidates], [c.base for c in candidates])
    return [Source(str(c.path), name) for c, name in zip(candidates, names, strict=True)]


def _below_all(paths: list[Path], bases: list[Path]) -> list[str]:
    """Give the names of paths below the folder that all their folders lie in."""
    absolute = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - links must stay
    common = _common(bases)
    if common is None:
        return [str(Path(path.drive.strip(":\\"), *path.parts[1:])) for path in absolute]
    return [str(path.relative_to(common)) for path in absolute]


def _common(folders: list[Path]) -> Path | None:
    """Give the folder that folders lie in; None where these are on several drives of Windows."""
    try:
        return Path(os.path.commonpath([os.path.abspath(folder) for folder in folders]))  # noqa: PTH100
    except ValueError:
        return None
