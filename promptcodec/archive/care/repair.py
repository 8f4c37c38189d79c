"""A new archive of what can be read of a damaged one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from promptcodec.archive import store
from promptcodec.archive.care.compact import compact
from promptcodec.archive.care.salvage import Salvage, Saved, salvage
from promptcodec.archive.care.wreck import Wreck
from promptcodec.archive.record import Failure, Record
from promptcodec.archive.store import Archive
from promptcodec.errors import BitstreamError, NewerError

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a repair came to.

    Attributes:
        saved: records.
        lost: ids of records that could not be saved, as far as they are known.
    """

    saved: int
    lost: tuple[bytes, ...]


def repair(path: Path, new: Path, known: Iterable[bytes] = ()) -> Outcome:
    """Write all records that can be read of an archive into a new one; the old stays as it is.

    Args:
        path: the damaged archive.
        new: the file to make.
        known: as for ``verify``.

    Raises:
        UsageError: it cannot be read, or the new one not be written.
        BitstreamError: it is no archive, or one of which nothing is left.
        NewerError: a newer version wrote it.
        OutputExistsError: ``new`` exists.
    """
    failures: list[Failure] = []
    error: BitstreamError | None = None
    try:
        with store.open(path) as archive:  # which undoes what a writer that was killed left behind
            failures = archive.failures()
    except NewerError:
        raise
    except BitstreamError as raised:
        error = raised
    with closing(Wreck(path)) as wreck:
        if error and not wreck.is_archive():
            raise error
        with store.create(new) as target:
            try:
                salvaged = salvage(wreck)
                saved, lost = _save(salvaged, target)
                lost |= salvaged.missing(known) - saved
                if error and not saved and not lost:
                    nothing = "it cannot be opened, and no record in it can be read"
                    raise BitstreamError(nothing)  # noqa: TRY301 - the new file goes, as at any error
                target.note_failures(failures)
                compact(target)
            except BaseException:
                new.unlink()
                raise
    return Outcome(len(saved), tuple(sorted(lost)))


def _save(salvaged: Salvage, target: Archive) -> tuple[set[bytes], set[bytes]]:
    """Put records and dictionaries into a new archive; give the ids that are in it, and those of no use."""
    target.put_dictionaries(salvaged.dictionaries)
    there: set[bytes] = set()
    removed: set[bytes] = set()
    useless: set[bytes] = set()

    def usable(batch: Iterable[Saved]) -> Iterator[Record]:
        for saved in batch:
            try:
                yield saved.read(salvaged.roots)
                there.add(saved.id)
            except BitstreamError:  # its checksum holds, but no writer of this package wrote it
                useless.add(saved.id)

    for is_removal, group in groupby(salvaged.saved(), key=lambda saved: saved.span is None):
        while batch := list(islice(group, _BATCH)):
            if is_removal:
                ids = {saved.id for saved in batch}
                target.remove(ids)
                removed |= ids
                there -= ids
            else:
                target.put(usable(batch))
                removed -= there
    others = (saved for saved in salvaged.left_over() if saved.id not in there and saved.id not in removed)
    while batch := list(islice(others, _BATCH)):
        target.put(usable(batch))
    return there, useless - there
