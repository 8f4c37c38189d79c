"""Files that could not be added: kept in the archive, so that a run need not try them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from promptcodec.archive.record import Failure
from promptcodec.archive.sources import addresses
from promptcodec.archive.sources.container import Choice, is_container, split_column
from promptcodec.archive.sources.open import from_place
from promptcodec.archive.sources.source import Failed, Source, location
from promptcodec.archive.store import Archive
from promptcodec.errors import PromptcodecError, SpendingError


def by_location(archive: Archive) -> dict[str, Failure]:
    """Give the failures that are kept, each by the absolute path of its file."""
    return {location(each.root, each.path): each for each in archive.failures()}


def is_known(source: Source, failures: Mapping[str, Failure]) -> bool:
    """Say whether a file failed before, and was not changed since."""
    failure = failures.get(source.location)
    return failure is not None and failure.time == source.time


def sources(archive: Archive, choice: Choice, *, in_place: bool) -> Iterator[Source]:
    """Give the files of all failures, to try them again.

    A file that holds others is opened once. Where it failed itself, all that is in it is given.

    Args:
        archive: keeps the failures.
        choice: what is taken of a file that holds others and failed itself.
        in_place: as of ``source_of``, for what is a file of its own.
    """
    inside: dict[tuple[str, str], set[str]] = {}
    for each in by_location(archive).values():
        holder = _holder(each)
        if holder is None:
            yield from from_place(each.root, each.path, choice, in_place=in_place)
        else:
            inside.setdefault((each.root, holder), set()).add(each.path)
    everything = Choice(lambda _: None, failed=choice.failed)
    for (root, holder), paths in inside.items():
        is_whole = holder in paths
        for source in from_place(root, holder, choice if is_whole else everything, in_place=False):
            if is_whole or source.path in paths or isinstance(source.origin, Failed):
                yield source


def _holder(failure: Failure) -> str | None:
    """Give the path of the file that holds one that failed, or of one that failed and holds others."""
    parts = failure.path.split("/")
    for end in range(1, len(parts) + 1):
        path = "/".join(parts[:end])
        file = split_column(path)[0]
        if is_container(file) and (
            addresses.is_address(failure.root) or Path(location(failure.root, file)).is_file()
        ):
            return path
    return None


def failure_of(source: Source, error: PromptcodecError) -> Failure | None:
    """Give the failure to keep; None for a cap that was reached, and for a file that is not there."""
    if isinstance(error, SpendingError) or source.time is None:
        return None
    text = f"{error}; {error.hint}" if error.hint else str(error)
    # A name in it may not be Unicode.
    message = text.encode("utf-8", "backslashreplace").decode()
    return Failure(source.base, source.path, source.time, error.kind, message)


def settle(
    archive: Archive,
    known: Mapping[str, Failure],
    failed: Iterable[tuple[Source, PromptcodecError]],
    done: Iterable[Source],
) -> None:
    """Keep what failed, and forget what did not or is not there any more; inside a transaction that writes.

    Args:
        archive: keeps them.
        known: the failures that it keeps already, by location.
        failed: files with their errors.
        done: files without.
    """
    over = [known[source.location] for source in done if source.location in known]
    noted: list[Failure] = []
    for source, error in failed:
        failure, before = failure_of(source, error), known.get(source.location)
        noted += [failure] if failure else []
        over += [before] if before and (failure or source.time is None) else []
    if over:
        archive.forget_failures((each.root, each.path) for each in over)
    if noted:
        archive.note_failures(noted)
