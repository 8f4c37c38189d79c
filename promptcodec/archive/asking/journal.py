"""What is being asked, kept in a file beside an archive: after any end the same command goes on with it.

It holds questions by their hashes and what came of them, no picture and no key of a server. What it says is
not trusted with an address: it never says where anything is sent.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptcodec.api.batch_answers import id_of
from promptcodec.api.concessions import Learnt
from promptcodec.api.failures import CallError
from promptcodec.api.postponed import Answer
from promptcodec.api.spending import Spent
from promptcodec.api.transport import MOST_TEXT
from promptcodec.errors import ApiError, PromptcodecError, RefusedError, SpendingError, UsageError

SUFFIX = ".asked"
"""Of a journal, behind the name of its archive."""

WAITING, ANSWERED, AGAIN = 1, 2, 3
"""States of a question: it is in a part, something came of it, it may be asked once more."""

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS part (uuid TEXT PRIMARY KEY, url TEXT, model TEXT, endpoint TEXT, lines INTEGER,
    file TEXT, batch TEXT, is_joined INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS question (key BLOB PRIMARY KEY, name BLOB, part TEXT, state INTEGER, tries INTEGER,
    run TEXT, estimate REAL, requests INTEGER, cost REAL, body BLOB, failure TEXT, is_settled INTEGER)
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS in_part ON question (part) WHERE state = 1;
CREATE TABLE IF NOT EXISTS learnt (url TEXT, model TEXT, endpoint TEXT, agreed TEXT);
"""
_KINDS = {kind.kind: kind for kind in (ApiError, RefusedError, SpendingError, UsageError)}
_DAMAGE = (sqlite3.Error, OSError, ValueError, TypeError, KeyError, AttributeError, zlib.error)
_PATIENCE = 1.0
"""Seconds to wait for another program; who works on a journal has it all the time."""


@dataclass(slots=True)
class Part:
    """Some questions that are answered together.

    Attributes:
        uuid: what it is called at the server too.
        url, model: who answers.
        endpoint: as of questions.
        lines: how many questions.
        file: the id of their file at the server, empty where there is none yet.
        batch: the same of their batch.
        is_joined: all that came of them is kept here.
    """

    uuid: str
    url: str
    model: str
    endpoint: str
    lines: int
    file: str = ""
    batch: str = ""
    is_joined: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """A question in a part.

    Attributes:
        key, name: as of a Question.
        run: whose spending it is reserved in.
        estimate: dollars that are.
        tries: how often it was asked, this time included.
    """

    key: str
    name: str
    run: str
    estimate: float
    tries: int


class Journal:
    """An open journal; no other program can open it meanwhile. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """Open it, or begin one.

        Raises:
            UsageError: it cannot be used, or another program works on it.
        """
        self.path = path
        self._lock = threading.RLock()
        with self._named():
            self._database = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
        try:
            self._open()
        except BaseException:
            self._database.close()
            raise

    def _open(self) -> None:
        with self._named():
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA trusted_schema = OFF")
            ((version,),) = self._database.execute("PRAGMA user_version")
            ((number,),) = self._database.execute("SELECT count(*) FROM sqlite_master")
        if version != _VERSION and number:
            raise UsageError(
                f"{self.path} is of another version; once no batch is in flight it can be deleted"
            )
        with self._writing():
            for statement in _SCHEMA.split(";"):
                self._database.execute(statement)
            self._database.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self, *, remove: bool = False) -> None:
        """Close it, and remove it where it holds nothing that anybody needs."""
        with self._lock, self._named():
            self._database.close()
            if remove:
                self.path.unlink(missing_ok=True)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            held = "locked" in str(error)
            way = "another run works on it" if held else "once no batch is in flight it can be deleted"
            raise UsageError(f"{self.path}, which holds what is being asked: {error}; {way}") from None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._named():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, self._named():
            return self._database.execute(query, values).fetchall()

    # Parts.

    def parts(self) -> list[Part]:
        """Give the parts that are not done with."""
        rows = self._rows("SELECT uuid, url, model, endpoint, lines, file, batch, is_joined FROM part")
        parts = [Part(*row) for row in rows]
        for part in parts:
            if not (id_of(part.uuid) and all(each == id_of(each) for each in (part.file, part.batch))):
                raise UsageError(f"{self.path} is damaged: it holds ids that no server gives")
        return parts

    def begin(self, part: Part, questions: Iterable[Asking]) -> None:
        """Note a part before anything of it is sent."""
        with self._writing() as database:
            self._put(database, part)
            database.executemany(
                "INSERT INTO question VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, NULL, NULL, 0) ON CONFLICT (key) DO "
                "UPDATE SET part = excluded.part, state = excluded.state, tries = excluded.tries, "
                "run = excluded.run, estimate = excluded.estimate",
                [
                    (
                        _blob(each.key),
                        _blob(each.name),
                        part.uuid,
                        WAITING,
                        each.tries,
                        each.run,
                        each.estimate,
                    )
                    for each in questions
                ],
            )

    def note(self, part: Part) -> None:
        """Note what became of a part."""
        with self._writing() as database:
            self._put(database, part)

    def _put(self, database: sqlite3.Connection, part: Part) -> None:
        row = (part.uuid, part.url, part.model, part.endpoint, part.lines, part.file, part.batch)
        values = (*row, int(part.is_joined))
        database.execute("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def end(self, part: Part) -> None:
        """Forget a part."""
        with self._writing() as database:
            database.execute("DELETE FROM part WHERE uuid = ?", (part.uuid,))

    def waiting(self, part: Part, keys: Iterable[str] | None = None) -> list[Asking]:
        """Give the questions of a part of which nothing came yet: all, or those of some keys."""
        columns = "key, name, run, estimate, tries FROM question"
        if keys is None:
            rows = self._rows(f"SELECT {columns} WHERE part = ? AND state = 1", (part.uuid,))
        else:
            query = f"SELECT {columns} WHERE key = ? AND part = ? AND state = 1"
            rows = [row for key in keys for row in self._rows(query, (_blob(key), part.uuid))]
        with self._named():
            return [
                Asking(key.hex(), name.hex(), run, _number(estimate), tries)
                for key, name, run, estimate, tries in rows
            ]

    # Questions.

    def state(self, key: str) -> tuple[int, int]:
        """Give the state of a question, 0 where it is not known, and how often it was asked."""
        rows = self._rows("SELECT state, tries FROM question WHERE key = ?", (_blob(key),))
        return rows[0] if rows else (0, 0)

    def enter(
        self,
        answered: Iterable[tuple[str, bytes]],
        failed: Iterable[tuple[str, CallError, float]],
        again: Iterable[tuple[str, float]],
    ) -> None:
        """Keep what came of questions, all or nothing.

        Args:
            answered: keys with the bodies of their answers.
            failed: keys with why there is none, and the dollars that was billed with.
            again: keys of those that may be asked once more, and the same dollars.
        """
        with self._writing() as database:
            database.executemany(
                "UPDATE question SET state = 2, body = ? WHERE key = ?",
                [(zlib.compress(body), _blob(key)) for key, body in answered],
            )
            database.executemany(
                "UPDATE question SET state = 2, failure = ?, requests = requests + 1, cost = cost + ? "
                "WHERE key = ?",
                [(_written(failure), cost, _blob(key)) for key, failure, cost in failed],
            )
            database.executemany(
                "UPDATE question SET state = 3, requests = requests + 1, cost = cost + ? WHERE key = ?",
                [(cost, _blob(key)) for key, cost in again],
            )

    def release(self, part: Part) -> None:
        """Leave the questions of a part that was never sent to be asked by another."""
        with self._writing() as database:
            database.execute(
                "UPDATE question SET state = 3, tries = tries - 1 WHERE part = ? AND state = 1", (part.uuid,)
            )
            database.execute("DELETE FROM part WHERE uuid = ?", (part.uuid,))

    def unread(self, keys: Iterable[str] | None = None) -> Iterator[Answer]:
        """Give the answers that nobody has read: of all questions, or of some keys."""
        query = "SELECT key FROM question WHERE state = 2 AND is_settled = 0 AND failure IS NULL"
        if keys is None:
            rows = self._rows(query)
        else:
            rows = [row for key in keys for row in self._rows(f"{query} AND key = ?", (_blob(key),))]
        for (key,) in rows:
            yield from self.answers([key.hex()]).values()

    def answers(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Give what came of questions, as far as it is there."""
        query = "SELECT name, requests, cost, body, failure FROM question WHERE key = ? AND state = 2"
        rows = [(key, row) for key in keys for row in self._rows(query, (_blob(key),))]
        with self._named():
            return {key: _answer(*row) for key, row in rows}

    def unsettled(self, key: str) -> str | None:
        """Say in which run a question is reserved that was not settled yet, and note that it is now."""
        with self._writing() as database:
            rows = database.execute(
                "SELECT run FROM question WHERE key = ? AND is_settled = 0", (_blob(key),)
            ).fetchall()
            database.execute("UPDATE question SET is_settled = 1 WHERE key = ?", (_blob(key),))
        return str(rows[0][0]) if rows else None

    def forget(self, keys: Iterable[str]) -> None:
        """Forget questions whose answers nobody needs any more."""
        with self._writing() as database:
            rows = [(_blob(key),) for key in keys]
            database.executemany("DELETE FROM question WHERE key = ? AND state <> 1", rows)

    # What servers take.

    def learnt(self) -> Learnt:
        """Give what was learnt of servers."""
        rows = self._rows("SELECT url, model, endpoint, agreed FROM learnt")
        with self._named():
            return {(url, model, endpoint): tuple(agreed.split()) for url, model, endpoint, agreed in rows}

    def learn(self, learnt: Mapping[tuple[str, str, str], tuple[str, ...]]) -> None:
        """Keep what was learnt of servers."""
        with self._writing() as database:
            database.execute("DELETE FROM learnt")
            rows = [(*model, " ".join(agreed)) for model, agreed in learnt.items()]
            database.executemany("INSERT INTO learnt VALUES (?, ?, ?, ?)", rows)


def _blob(key: str) -> bytes:
    return bytes.fromhex(key)


def _number(value: float | None) -> float:
    """Give a sum; SQLite keeps no nan."""
    return float("nan") if value is None else value


def _written(failure: CallError) -> str:
    error = failure.error
    value = {"kind": error.kind, "message": str(error), "hint": error.hint, "status": failure.status}
    return json.dumps(value | {"billed": failure.billed})


def _answer(
    name: bytes, requests: int, cost: float | None, body: bytes | None, failure: str | None
) -> Answer:
    before = Spent(requests, cost=cost)
    if failure is not None:
        value = json.loads(failure)
        kind: type[PromptcodecError] = _KINDS.get(value["kind"], ApiError)
        error = kind(str(value["message"]), hint=str(value["hint"]))
        call = CallError(error, billed=bool(value["billed"]), status=int(value["status"]))
        return Answer(name.hex(), failure=call, before=before)
    whole = zlib.decompressobj().decompress(body or b"", MOST_TEXT)
    return Answer(name.hex(), whole, before=before)
