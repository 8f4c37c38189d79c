"""Files that could not be added: kept in the archive, so that a run need not try them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptcodec.archive.adding.sources import Source, location, source_of
from promptcodec.archive.record import Failure
from promptcodec.archive.store import Archive
from promptcodec.errors import PromptcodecError, SpendingError


def by_location(archive: Archive) -> dict[str, Failure]:
    """Give the failures that are kept, each by the absolute path of its file."""
    return {location(each.root, each.path): each for each in archive.failures()}


def is_known(source: Source, failures: Mapping[str, Failure]) -> bool:
    """Say whether a file failed before, and was not changed since."""
    failure = failures.get(source.location)
    return failure is not None and failure.time == source.time


def sources(archive: Archive, *, in_place: bool) -> list[Source]:
    """Give the files of all failures, to try them again; ``in_place`` is as of ``source_of``."""
    return [source_of(where, each.root, in_place=in_place) for where, each in by_location(archive).items()]


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
