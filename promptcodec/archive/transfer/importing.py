"""Rows of tables on their way into an archive."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass

from promptcodec import bitstream
from promptcodec.archive.adding.content import check
from promptcodec.archive.adding.durable import in_batches
from promptcodec.archive.adding.earlier import forget_base
from promptcodec.archive.adding.places import merged
from promptcodec.archive.adding.states import ADDED, DUPLICATE, FAILED, KNOWN
from promptcodec.archive.indexing.index import known_signatures
from promptcodec.archive.record import Place, Record
from promptcodec.archive.store import Archive
from promptcodec.archive.transfer.columns import Row
from promptcodec.archive.transfer.entries import Entry, entry_of
from promptcodec.bitstream import Stream
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import BitstreamError, PromptcodecError, UsageError
from promptcodec.reading import dictionary_ids

INDEX_MOST = 1 << 14
"""Records that wait to be put into the index, at most. What a killed run has not put there, the next does."""

Item = tuple[str, int, Row | PromptcodecError]
"""A file, the number of a row or 0 for the file itself, and the row or why there is none."""

_Checked = tuple[str, int, Entry | PromptcodecError]


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a row, and is durable.

    Attributes:
        file, row: where it stands.
        state: ADDED, KNOWN, FAILED; DUPLICATE where a picture that is there got places or tags.
        record: of the archive; None where the row failed.
        differs: the archive has another stream of this picture, which stays.
        error: where it failed.
    """

    file: str
    row: int
    state: str
    record: Record | None = None
    differs: bool = False
    error: PromptcodecError | None = None


class Importing:
    """Rows on their way into an archive."""

    def __init__(
        self,
        archive: Archive,
        dictionaries: Callable[[str], Sequence[Dictionary]],
        update: Callable[[Archive, Mapping[bytes, bytes]], None] = lambda *_: None,
        held: Callable[[], AbstractContextManager[Callable[[], None]]] = lambda: nullcontext(lambda: None),
    ) -> None:
        """Begin.

        Args:
            archive: open to be written.
            dictionaries: gives those that streams of a file may need.
            update: as of ``adding.add.Adding``.
            held: the same.
        """
        self._archive = archive
        self._own = archive.dictionaries()
        self._dictionaries = dictionaries
        self._update = update
        self._held = held
        self._known_signature = known_signatures(archive)
        self._kept: deque[Kept] = deque()
        self._signatures: dict[bytes, bytes] = {}
        self._stale = 0

    def keep(self, items: Iterable[Item]) -> Generator[Kept, None, None]:
        """Keep rows as they come. Whatever ends that, those that have come are kept, and given.

        Raises:
            UsageError: the archive cannot be written.
            BaseException: whatever ``items`` raises.
        """
        checked = (self._checked(item) for item in items)
        yield from in_batches(checked, self._commit, self._kept, self._bring_up_to_date)

    def _checked(self, item: Item) -> _Checked:
        """Read a row, and its stream where the archive is to keep that."""
        file, number, row = item
        if isinstance(row, PromptcodecError):
            return file, number, row
        try:
            entry = entry_of(row)
            if self._get(entry.record.id) is None:
                own = (*self._own, *self._dictionaries(file))
                check(_parsed(entry.record.stream), own)
        except PromptcodecError as error:
            return file, number, error
        return file, number, entry

    def _commit(self, waiting: list[_Checked]) -> None:
        changed: dict[bytes, Record] = {}
        with self._held() as hold:
            with self._archive.database.writing():
                hold()
                kept = [self._keep_one(*each, changed) for each in waiting]
                added = [each.record for each in kept if each.state == ADDED and each.record]
                needed = [own for each in kept for own in self._needed(each)]
                if needed:
                    self._archive.put_dictionaries(needed)
                if any(not place.root for record in added for place in record.places):
                    forget_base(self._archive)
                if changed:
                    self._archive.put(changed.values())
            self._kept += kept
            self._note(waiting, changed)
            waiting.clear()

    def _keep_one(
        self, file: str, number: int, entry: Entry | PromptcodecError, changed: dict[bytes, Record]
    ) -> Kept:
        """Put what a row says into ``changed``, the records that this transaction changes."""
        if isinstance(entry, PromptcodecError):
            return Kept(file, number, FAILED, error=entry)
        given = entry.record
        there = changed.get(given.id) or self._get(given.id)
        if there is None:
            changed[given.id] = given
            return Kept(file, number, ADDED, given)
        record = _merged(there, given)
        if record != there:
            changed[record.id] = record
        state = KNOWN if record == there else DUPLICATE
        return Kept(file, number, state, record, differs=there.stream != given.stream)

    def _needed(self, kept: Kept) -> list[Dictionary]:
        """Give the dictionaries that a new stream needs and the archive has not."""
        if kept.state != ADDED or kept.record is None:
            return []
        given = [each for each in self._dictionaries(kept.file) if each not in self._own]
        wanted = dictionary_ids(kept.record.stream, bare=True) if given else frozenset()
        return [each for each in given if each.id in wanted]

    def _note(self, waiting: Sequence[_Checked], changed: Mapping[bytes, Record]) -> None:
        """Note what the index does not know yet: also where a run was ended before it was put there."""
        for _, _, entry in waiting:
            if isinstance(entry, Entry) and entry.signature:
                id_ = entry.record.id
                if id_ in changed or self._known_signature(id_) is None:
                    self._signatures[id_] = entry.signature
        self._stale += len(changed)

    def _get(self, id_: bytes) -> Record | None:
        try:
            return self._archive.get(id_)
        except BitstreamError:  # it is put again in place of one that is damaged
            return None

    def _bring_up_to_date(self, at_once: bool) -> None:  # noqa: FBT001 - as in_batches calls it
        if self._stale >= INDEX_MOST or (at_once and (self._stale or self._signatures)):
            self._update(self._archive, self._signatures)
            self._signatures, self._stale = {}, 0


def _parsed(stream: bytes) -> Stream:
    """Parse a bare stream; one in standard form would pass for another picture with parts that are newer."""
    with suppress(BitstreamError):
        bitstream.read(stream)
        raise UsageError("its stream is in standard form; here it is to be bare, without magic and checksum")
    return bitstream.read(stream, bare=True)


def _merged(record: Record, given: Record) -> Record:
    """Give a record with the places and tags of another; whether files are there is nobody's business."""
    for place in given.places:
        record, _ = merged(record, place, given.tags, gone=_stays)
    return record


def _stays(_: Place) -> bool:
    return False
