"""Adding files: what was made of them is kept in batches, each durable before anybody hears of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from promptcodec.archive.adding import failures
from promptcodec.archive.adding.content import Content
from promptcodec.archive.adding.durable import in_batches
from promptcodec.archive.adding.earlier import (
    Earlier,
    Lookup,
    earlier,
    is_only_base,
    lookup_of,
    remember_base,
)
from promptcodec.archive.adding.places import merged, without
from promptcodec.archive.adding.states import ADDED, CHANGED, DUPLICATE, FAILED
from promptcodec.archive.record import Failure, Record
from promptcodec.archive.sources.source import Source
from promptcodec.archive.store import Archive
from promptcodec.errors import BitstreamError, PromptcodecError, UsageError

INDEX_SECONDS, INDEX_MOST = 20.0, 1024
"""How long records wait to be put into the index, and how many do: their signatures are nowhere else."""

Outcome = tuple[Source, Content | PromptcodecError]
"""A file, and what was made of it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a file, and is durable.

    Attributes:
        source: the file.
        state: one of ``states.STATES``.
        record: that has its content; None where it failed.
        content: what was made of it; None where it failed.
        error: where it failed.
        duplicate_of: the path under which its content was there before.
    """

    source: Source
    state: str
    record: Record | None = None
    content: Content | None = None
    error: PromptcodecError | None = None
    duplicate_of: str | None = None


class Adding:
    """Files on their way into an archive.

    Attributes:
        failures: files that failed before, by location.
        used_dictionary: a stream needed the dictionary that was given.
    """

    def __init__(
        self,
        archive: Archive,
        tags: Sequence[str] = (),
        update: Callable[[Archive, Mapping[bytes, bytes]], None] = lambda *_: None,
        held: Callable[[], AbstractContextManager[Callable[[], None]]] = lambda: nullcontext(lambda: None),
    ) -> None:
        """Read what the archive knows already.

        Args:
            archive: open to be written.
            tags: that every file gets.
            update: brings the index up to date; it is given signatures of new records by id.
            held: leaves signals for the end of a block, from the call of what it gives on. One between a
                commit and its report would leave that out.
        """
        self.failures: dict[str, Failure] = failures.by_location(archive)
        self.used_dictionary = False
        self._archive = archive
        self._tags = tuple(dict.fromkeys(tags))
        self._held = held
        self._lookup: Lookup = lookup_of(archive)
        self._update = update
        self._kept: deque[Kept] = deque()
        self._signatures: dict[bytes, bytes] = {}
        self._stale = False
        self._updated_at = time.monotonic()
        self._only: dict[str, bool] = {}
        self._remembered: set[str] = set()
        self._finished: list[Source] = []

    def known(self, source: Source) -> Record | None:
        """Give the record of a file that is as it was when it was added, without reading it.

        Where tags are to be given, or its name and time do not tell the file, it is not known.
        """
        if self._tags or not source.time or not self._is_told_by_name(source):
            return None
        before = earlier(source, self._lookup, self._archive.roots().values())
        if before is None or before.place.time != source.time:
            return None
        record = self._get(before.id)
        return record if record and before.place in record.places else None

    def finish(self, source: Source) -> None:
        """Take it that a file that holds others was read to its end: that it failed before is over.

        That is forgotten when all that was in it is kept.
        """
        if source.location in self.failures:
            self._finished.append(source)

    def keep(self, outcomes: Iterable[Outcome | None]) -> Generator[Kept, None, None]:
        """Keep files as they come. Whatever ends that, those that have come are kept, and given.

        Args:
            outcomes: files with what was made of them; None where there is none for a while.

        Raises:
            UsageError: the archive cannot be written: no room is left, or another program is in the way.
            BaseException: whatever ``outcomes`` raises.
        """
        coming = (outcome and (outcome[0].emptied(), outcome[1]) for outcome in outcomes)
        yield from in_batches(coming, self._commit, self._kept, self._bring_up_to_date)
        if self._finished:
            with self._archive.database.writing():
                failures.settle(self._archive, self.failures, [], self._finished)

    def _commit(self, waiting: list[Outcome]) -> None:
        changed: dict[bytes, Record] = {}
        with self._held() as hold:
            with self._archive.database.writing():
                hold()
                kept = [self._keep_one(*outcome, changed) for outcome in waiting]
                contents = [each.content for each in kept if each.content]
                needed = {each.dictionary.id: each.dictionary for each in contents if each.dictionary}
                if needed:
                    self._archive.put_dictionaries(needed.values())
                for base in {each.base for each, _ in waiting if not each.in_place} - self._remembered:
                    remember_base(self._archive, base)
                if changed:
                    self._archive.put(changed.values())
                failed = [(each.source, each.error) for each in kept if each.error]
                done = [each.source for each in kept if not each.error]
                failures.settle(self._archive, self.failures, failed, done)
            self._kept += kept
            self._remembered |= {each.base for each, _ in waiting}
            self._signatures |= {each.id: each.signature for each in contents if each.signature}
            self._stale |= bool(changed)
            self.used_dictionary |= bool(needed)
            waiting.clear()

    def _keep_one(
        self, source: Source, outcome: Content | PromptcodecError, changed: dict[bytes, Record]
    ) -> Kept:
        """Put a file's content into ``changed``, the records that this transaction changes."""
        if isinstance(outcome, PromptcodecError):
            return Kept(source, FAILED, error=outcome)
        before = earlier(source, self._lookup, self._archive.roots().values()) if source.in_place else None
        replaced = self._replaced(before, outcome.id, changed)
        there = self._get(outcome.id, changed)
        if there:
            record, state = merged(there, source.place, self._tags)
        elif outcome.stream is not None:
            record, state = Record(outcome.id, outcome.stream, (source.place,), self._tags), ADDED
        else:
            gone = UsageError("its content was removed from the archive just now; add it again")
            return Kept(source, FAILED, error=gone)
        if record != there:
            changed[record.id] = record
        of = there.places[0].path if there and state == DUPLICATE else None
        if replaced:
            changed[replaced.id] = replaced
            state = CHANGED
        return Kept(source, state, record, outcome, duplicate_of=of)

    def _replaced(self, before: Earlier | None, id_: bytes, changed: Mapping[bytes, Record]) -> Record | None:
        """Give a record without the place at which there is other content now; None where there is none."""
        record = self._get(before.id, changed) if before and before.id != id_ else None
        return without(record, before.place) if record and before else None

    def _get(self, id_: bytes, changed: Mapping[bytes, Record] | None = None) -> Record | None:
        if changed and id_ in changed:
            return changed[id_]
        try:
            return self._archive.get(id_)
        except BitstreamError:  # it is put again in place of one that is damaged
            return None

    def _is_told_by_name(self, source: Source) -> bool:
        if source.in_place:
            return True
        if source.base not in self._only:
            self._only[source.base] = is_only_base(self._archive, source.base)
        return self._only[source.base]

    def _bring_up_to_date(self, at_once: bool) -> None:  # noqa: FBT001 - as in_batches calls it
        now = time.monotonic()
        if not at_once and len(self._signatures) < INDEX_MOST and now - self._updated_at < INDEX_SECONDS:
            return
        self._updated_at = now
        if self._stale:
            self._update(self._archive, self._signatures)
            self._signatures = {}
            self._stale = False
