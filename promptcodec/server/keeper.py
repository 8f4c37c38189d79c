"""The one thread of a server that writes: it puts pictures, and brings the index up to date."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

from promptcodec.archive import store
from promptcodec.archive.adding.content import Content
from promptcodec.archive.adding.places import merged
from promptcodec.archive.indexing import index, index_file
from promptcodec.archive.indexing.index import Index
from promptcodec.archive.record import Place, Record
from promptcodec.archive.store import Archive
from promptcodec.archive.transfer.naming import harmless
from promptcodec.errors import BitstreamError, HeldUpError
from promptcodec.server.problems import Problem

PATIENCE = 5.0
"""Seconds that the archive waits for another program."""

WAIT = 1.0
"""Seconds that a request waits for the index to be brought up to date; then it reads what there is."""

INDEXING_SECONDS = "5"
"""After which to ask again while the index is made."""

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What can be searched by now. No two changes of an archive have the same.

    Attributes:
        archive: which file it is.
        newest: the last entry of its journal that the index knows.
        path: of the index.
        index: which file that is.
    """

    archive: Identity
    newest: int
    path: Path
    index: Identity

    def is_of(self, archive: Identity, newest: int) -> bool:
        """Say whether it is that of an archive as it is now."""
        return self.archive == archive and self.newest == newest and identity(self.path) == self.index


def identity(path: Path) -> Identity | None:
    """Say which file is at a path; None where there is none."""
    try:
        about = os.stat(path)  # noqa: PTH116 - for every read
    except OSError:
        return None
    return about.st_dev, about.st_ino


class Keeper:
    """The one thread that writes."""

    def __init__(self, path: Path) -> None:
        self.state: State | None = None
        self._path = path
        self._thread = ThreadPoolExecutor(1, "keeper")
        self._lock = threading.Lock()
        self._coming: Future[State] | None = None
        self._signatures: dict[bytes, bytes] = {}

    def close(self) -> None:
        """End the thread, once all that was begun is done."""
        self._thread.shutdown()

    def state_of(self, archive: Identity | None, newest: int) -> State:
        """Give the state of an archive as it is now. While that is being made, give the one before.

        Only who begins it waits for it, WAIT seconds at most.

        Raises:
            Problem: there is no index yet.
            PromptcodecError: it cannot be made.
        """
        state = self.state
        if state and archive and state.is_of(archive, newest):
            return state
        coming, is_first = self._begin(self._catch_up)
        if state is None or state.archive != archive:
            is_first, state = True, None
        if is_first:
            with suppress(TimeoutError):
                try:
                    return coming.result(WAIT)
                except HeldUpError:
                    if state is None:
                        raise
        if state is None:
            raise indexing()
        return state

    def renew(self) -> None:
        """Make a damaged index anew; until then there is none."""
        self._begin(self._rebuild)

    def put(self, content: Content, name: str, tags: Sequence[str]) -> Future[Record]:
        """Put a picture, see ``Shelf.put``."""
        return self._thread.submit(self._put, content, name, tags)

    def _begin(self, work: Callable[[], State]) -> tuple[Future[State], bool]:
        """Begin something that ends in a state, unless such is being done; say whether it was begun."""
        with self._lock:
            if self._coming and not self._coming.done():
                return self._coming, False
            self._coming = self._thread.submit(work)
            return self._coming, True

    def _catch_up(self) -> State:
        with store.open(self._path, patience=PATIENCE) as archive:
            return self._reached(archive, index.open)

    def _rebuild(self) -> State:
        self.state = None
        with store.open(self._path, patience=PATIENCE) as archive:
            return self._reached(archive, index.rebuild)

    def _reached(self, archive: Archive, opener: Callable[[Archive, dict[bytes, bytes]], Index]) -> State:
        """Bring the index up to date."""
        file = identity(self._path)
        with opener(archive, self._signatures) as own:
            seen, beside = index_file.meta(own.base, "seen"), identity(own.path)
        if file is None or beside is None or not isinstance(seen, int):
            raise indexing()  # it was moved meanwhile
        if seen == archive.newest():
            self._signatures = {}
        self.state = State(file, seen, own.path, beside)
        return self.state

    def _put(self, content: Content, name: str, tags: Sequence[str]) -> Record:
        with store.open(self._path, write=True, patience=PATIENCE) as archive:
            with archive.database.writing():
                there = None
                with suppress(BitstreamError):  # it is put again in place of one that is damaged
                    there = archive.get(content.id)
                record = _merged(there, content, name, tags)
                if content.dictionary:
                    archive.put_dictionaries([content.dictionary])
                if record != there:
                    archive.put([record])
            if content.signature:
                self._signatures[content.id] = content.signature
            self._reached(archive, index.open)
        return record


def _merged(there: Record | None, content: Content, name: str, tags: Sequence[str]) -> Record:
    """Give the record of a content, which was there or not; a name that it has already stays as it is."""
    kept = name.replace("\\", "/").rpartition("/")[2]
    place = Place("", harmless(kept) or content.id.hex(), time.time_ns() // 1_000_000)
    if there:
        known = next((each for each in there.places if each.path.rpartition("/")[2] == place.path), None)
        if known:
            return replace(there, tags=tuple(dict.fromkeys((*there.tags, *tags))))
        return merged(there, place, tags)[0]
    if content.stream is None:
        raise Problem(HTTPStatus.CONFLICT, "the picture was removed just now; send it again", "exists")
    return Record(content.id, content.stream, (place,), tuple(dict.fromkeys(tags)))


def indexing() -> Problem:
    """Make the answer of what cannot be searched yet."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the index of the archive is being made; ask again in a while",
        "missing",
        headers={"Retry-After": INDEXING_SECONDS},
    )
