"""The archive behind a server: every thread that reads has its own connections; one thread writes."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from promptcodec.archive import store
from promptcodec.archive.adding.content import Content
from promptcodec.archive.indexing import index_file
from promptcodec.archive.indexing.facts import facts_of
from promptcodec.archive.indexing.index import Index
from promptcodec.archive.record import ID_BYTES, Record
from promptcodec.archive.store import Archive
from promptcodec.errors import BitstreamError, HeldUpError, NewerError, PromptcodecError
from promptcodec.layers.recipe.primer import primed
from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.redact import findings
from promptcodec.server import gallery
from promptcodec.server.gallery import Snapshot
from promptcodec.server.keeper import PATIENCE, Identity, Keeper, State, identity, indexing
from promptcodec.server.problems import Problem

Value = TypeVar("Value")
READERS = 4
CACHE = -(4 << 10)
"""Memory of each thread that reads for pages of the index, in -KiB; the system keeps the others."""

RETRY_SECONDS = "2"
"""After which to ask again while another program is in the way."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR}
_ID = re.compile(rf"[0-9a-f]{{{2 * ID_BYTES}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive and its index, as one thread has them.

    Attributes:
        archive: open, to be read.
        index: open, with all that is in the archive by now.
        state: what the index knows at least; another one where the archive has changed.
    """

    archive: Archive
    index: Index
    state: State


class Shelf:
    """The archive behind a server.

    Attributes:
        path: of it.
    """

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            UsageError, BitstreamError, NewerError: as ``store.open``.
        """
        self.path = path = path.absolute()  # errors name it, and answers leave out folders of whole paths
        store.open(path).close()
        self._own = threading.local()
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._alone = ThreadPoolExecutor(1, "long reader")
        self._keeper = Keeper(path)
        self._snapshot: tuple[State, Snapshot] | None = None
        self._taking = threading.Lock()
        self._readers.submit(self._warm_up)

    def close(self) -> None:
        """End the threads, once all that was begun is done."""
        for threads, count in ((self._readers, READERS), (self._alone, 1)):
            together = threading.Barrier(count)  # so that each thread closes its own connections
            for _ in range(count):
                threads.submit(self._end, together)
            threads.shutdown()
        self._keeper.close()

    async def read(self, work: Callable[[Opened], Value]) -> Value:
        """Do something with the archive and its index, in a thread that reads.

        Raises:
            Problem: the archive cannot be read now, or there is no index of it yet.
        """
        return await self._in_thread(lambda: work(self._opened()))

    async def read_archive(self, work: Callable[[Archive], Value]) -> Value:
        """Do something with the archive alone, in a thread that reads: whatever state its index is in.

        Raises:
            Problem: the archive cannot be read now.
        """
        return await self._in_thread(lambda: work(self._archive()))

    async def read_long(self, work: Callable[[Opened], Value]) -> Value:
        """Do a part of something that takes long, as ``read`` does: one part after another, whosever it is.

        Raises:
            Problem: as ``read``.
        """
        return await self._in_thread(lambda: work(self._opened()), self._alone)

    async def record(self, name: str) -> Record:
        """Give the record of an id in hexadecimal digits.

        Raises:
            Problem: there is none.
        """
        id_ = id_of(name)
        record = await self.read_archive(lambda archive: archive.get(id_)) if id_ else None
        if record is None:
            raise absent()
        return record

    async def put(self, content: Content, name: str, tags: Sequence[str] = ()) -> Record:
        """Put a picture into the archive and its index; it is durable, and can be searched, at the end.

        One whose content is there gets the name and the tags too.

        Args:
            content: of it.
            name: of the file; folders of it are left out.
            tags: beside those that it has.

        Raises:
            Problem: the archive cannot be written now.
        """
        with self._meaning():
            return await asyncio.wrap_future(self._keeper.put(content, name, tags))

    async def snapshot(self) -> Snapshot:
        """Give all pictures in the order of the gallery."""
        return await self.read(self.snapshot_of)

    def snapshot_of(self, opened: Opened) -> Snapshot:
        """Give all pictures in the order of the gallery, as a thread that reads sees them.

        It is taken anew where the archive has changed. Who comes while another thread does that gets the one
        before.
        """
        before = self._snapshot
        if before and before[0] is opened.state:
            return before[1]
        if self._taking.acquire(blocking=before is None):
            try:
                if not self._snapshot or self._snapshot[0] is not opened.state:
                    self._snapshot = opened.state, gallery.take(opened.index.base)
                return self._snapshot[1]
            finally:
                self._taking.release()
        assert before is not None
        return before[1]

    async def _in_thread(self, work: Callable[[], Value], threads: ThreadPoolExecutor | None = None) -> Value:
        with self._meaning():
            return await asyncio.get_running_loop().run_in_executor(threads or self._readers, work)

    @contextmanager
    def _meaning(self) -> Iterator[None]:
        """Make answers of what may befall an archive; none says where it is."""
        try:
            yield
        except HeldUpError:
            raise _held_up() from None
        except NewerError:
            raise
        except BitstreamError as error:
            detail = str(error).replace(str(self.path), self.path.name)
            raise Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, error.kind) from None
        except (sqlite3.Error, _DamagedError) as error:
            if index_file.is_busy(error):
                raise _held_up() from None
            if (
                not isinstance(error, _DamagedError)
                and getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE
            ):
                raise
            self._keeper.renew()
            raise indexing() from None

    def _archive(self) -> Archive:
        """Give this thread's archive."""
        file = identity(self.path)
        if getattr(self._own, "archive_file", None) != file:
            self._let_go()
        if not hasattr(self._own, "archive"):
            try:
                self._own.archive = store.open(self.path, patience=PATIENCE)
            except (HeldUpError, BitstreamError):
                raise
            except PromptcodecError:  # it says where it was
                raise Problem(
                    HTTPStatus.SERVICE_UNAVAILABLE, "the archive was moved or cannot be opened", "missing",
                    headers={"Retry-After": RETRY_SECONDS},
                ) from None  # fmt: skip
            self._own.archive_file = file
        archive: Archive = self._own.archive
        return archive

    def _opened(self) -> Opened:
        """Give this thread's archive and index."""
        archive = self._archive()
        file: Identity | None = self._own.archive_file
        state = self._keeper.state_of(file, archive.newest())
        if getattr(self._own, "index_file", None) != state.index:
            if hasattr(self._own, "index"):
                self._own.index.base.close()
            base = index_file.connect(state.path)
            base.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1000)}")
            base.execute(f"PRAGMA cache_size = {CACHE}")
            self._own.index, self._own.index_file = _Shared(state.path, base), state.index
        return Opened(archive, self._own.index, state)

    def _warm_up(self) -> None:
        """Read what the first requests would wait for."""
        opened = self._opened()
        if snapshot := self.snapshot_of(opened):
            if newest := opened.archive.get(snapshot.id(0)):
                facts_of(newest)
            primed()
            findings(Recipe(Platform("a1111"), ModelInfo(), Settings("words")))

    def _end(self, together: threading.Barrier) -> None:
        together.wait()
        self._let_go()

    def _let_go(self) -> None:
        """Close this thread's connections."""
        if hasattr(self._own, "index"):
            self._own.index.base.close()
        if hasattr(self._own, "archive"):
            self._own.archive.close()
        self._own.__dict__.clear()


class _DamagedError(Exception):
    """An index is damaged."""


class _Shared(Index):
    """An index that several threads read: none of them makes it anew where it is damaged."""

    def renew(self, archive: Archive) -> None:
        """Have the one thread that writes do so."""
        raise _DamagedError(archive.path)


def id_of(name: str) -> bytes | None:
    """Give the id of its hexadecimal digits; None where these are none."""
    return bytes.fromhex(name) if _ID.fullmatch(name) else None


def absent() -> Problem:
    """Make the answer of what is not there."""
    return Problem(HTTPStatus.NOT_FOUND, "there is no such picture", "missing")


def _held_up() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "another program is writing the archive; ask again in a while",
        "missing",
        headers={"Retry-After": RETRY_SECONDS},
    )
