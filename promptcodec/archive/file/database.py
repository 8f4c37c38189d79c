"""The SQLite file: opening it, waiting for others, transactions, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from promptcodec.archive.file import schema
from promptcodec.archive.file.rollback import journal_of, names_a_file
from promptcodec.errors import BitstreamError, HeldUpError, NewerError, PromptcodecError, UsageError

PATIENCE = 60.0
"""Seconds to wait for another program that reads or writes the archive."""
# SQLite sleeps no longer at a time, so that an interrupt is heard.
_NAP = 0.2
_SYNTAX = "promptcodec archive"
_PRIMARY = 0xFF
_SETTINGS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA synchronous = FULL",
    "PRAGMA mmap_size = 0",
)


class Database:
    """A connection to an archive's file.

    Attributes:
        path: the file.
        patience: seconds to wait for another program.
        version: of its schema.
        transactions: that were begun.
    """

    def __init__(self, path: Path, *, write: bool, patience: float | None = None) -> None:
        """Open a file.

        Raises:
            UsageError: it is no archive, cannot be opened, or not be written where that was asked for.
            NewerError: a newer version wrote it.
            BitstreamError: it is damaged.
        """
        self.path, self.transactions = path, 0
        self.patience = PATIENCE if patience is None else patience
        check_file(path, write=write)
        if names_a_file(path):
            raise damaged(f"{journal_of(path)} is not of it: it has SQLite delete another file")
        with translated(path, self.patience):
            # An archive whose writer was killed is put right by who opens it next, so readers may write too.
            address = f"{path.absolute().as_uri()}?mode=rw"
            self._connection = sqlite3.connect(address, timeout=_NAP, isolation_level=None, uri=True)
            self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            for setting in (*_SETTINGS, f"PRAGMA query_only = {not write}"):
                self.run(setting)
            with self.reading():
                self.version = self._check_schema()
            if write and self.version < schema.VERSION:
                self.version = self._migrate()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it; a transaction that is open is undone."""
        self._connection.close()

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run one statement, as often as another program is in the way; give its rows.

        Raises:
            HeldUpError: another program was in the way for as long as there is patience.
            UsageError: nothing can be written.
            BitstreamError: what is read is damaged.
        """
        deadline = time.monotonic() + self.patience
        with translated(self.path, self.patience):
            while True:
                try:
                    return self._connection.execute(statement, values).fetchall()
                except sqlite3.OperationalError as error:
                    if not _is_busy(error) or time.monotonic() > deadline:
                        raise

    def blobs(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement whose last column holds blobs."""
        rows = self.run(statement, values)
        if not all(isinstance(row[-1], bytes) for row in rows):  # SQLite keeps whatever type a row names
            raise damaged("a value is no blob where one should be")
        return rows

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement of a transaction that writes for many rows."""
        with translated(self.path, self.patience):
            self._connection.executemany(statement, rows)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See one state of the archive. To be short: who writes waits for it."""
        yield from self._transaction("BEGIN")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Change the archive, all or nothing: it is durable at the end."""
        yield from self._transaction("BEGIN IMMEDIATE")

    def _transaction(self, begin: str) -> Iterator[None]:
        if self._connection.in_transaction:  # a part of the one that is open
            yield
            return
        self.run(begin)
        self.transactions += 1
        try:
            yield
            self.run("COMMIT")
        finally:
            if self._connection.in_transaction:  # SQLite itself may have undone it
                self._connection.execute("ROLLBACK")

    def _check_schema(self) -> int:
        ((application,),) = self.run("PRAGMA application_id")
        ((version,),) = self.run("PRAGMA user_version")
        if application != schema.APPLICATION:
            raise no_archive(self.path)
        rows = self.run("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql")
        statements = [statement for (statement,) in rows]
        # A new version has other tables; the same under another number are damaged.
        if version > schema.VERSION and statements != schema.statements(schema.VERSION):
            raise NewerError(f"archive version {version} needs a newer promptcodec: install one to open it")
        if statements != schema.statements(version):
            raise damaged("its tables are not those of an archive")
        return int(version)

    def _migrate(self) -> int:
        with self.writing():
            ((version,),) = self.run("PRAGMA user_version")  # somebody else may have done it meanwhile
            for step in schema.STEPS[version:]:
                for statement in step:
                    self.run(statement)
            self.run(f"PRAGMA user_version = {max(version, schema.VERSION)}")
            return self._check_schema()


def fresh(statements: Sequence[tuple[str, Sequence[Any]]]) -> bytes:
    """Give the file of a new archive, in which these statements were run."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"PRAGMA page_size = {schema.PAGE_BYTES}")
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION}")
    connection.execute(f"PRAGMA user_version = {schema.VERSION}")
    for statement in (statement for step in schema.STEPS for statement in step):
        connection.execute(statement)
    for statement, values in statements:
        connection.execute(statement, values)
    data = connection.serialize()
    connection.close()
    return data


def no_archive(path: Path) -> BitstreamError:
    """Make the error of a file that is no archive, as far as can be told."""
    return BitstreamError(
        f"{path} is no archive; where it was one, its first bytes are damaged",
        hint=f"`{_SYNTAX} create` makes an archive, `{_SYNTAX} repair` saves what is left of one",
    )


def damaged(what: str) -> BitstreamError:
    """Make the error of an archive that is damaged."""
    return BitstreamError(
        f"the archive is damaged: {what}", hint=f"`{_SYNTAX} repair` saves all records that can be read"
    )


def check_file(path: Path, *, write: bool) -> None:
    """Raise UsageError where a path is no file that can be an archive, or none that can be changed."""
    try:
        about = path.stat()
    except FileNotFoundError:
        raise UsageError(f"there is no archive {path}; `{_SYNTAX} create {path}` makes it") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"the archive {path} cannot be opened: {error}") from None
    if not stat.S_ISREG(about.st_mode):
        kind = "a folder" if stat.S_ISDIR(about.st_mode) else "not a file"
        raise UsageError(f"{path} is no archive: it is {kind}")
    if not about.st_size:
        raise UsageError(f"{path} is no archive: it is empty")
    if not os.access(path, os.R_OK):
        raise UsageError(f"the archive {path} may not be read by you")
    if write and not (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)):
        raise UsageError(
            f"the archive {path} cannot be changed: you may not write "
            f"{'the folder it is in' if os.access(path, os.W_OK) else 'the file'}; copy it elsewhere"
        )


@contextmanager
def translated(path: Path, patience: float) -> Iterator[None]:
    """Make errors of SQLite's errors of this package."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(path, error, patience) from None


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _meaning(path: Path, error: sqlite3.Error, patience: float) -> PromptcodecError:
    code = getattr(error, "sqlite_errorcode", 0)
    primary = code & _PRIMARY
    journal = journal_of(path)
    if primary == sqlite3.SQLITE_CORRUPT or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return damaged(str(error))
    if primary == sqlite3.SQLITE_NOTADB:
        return no_archive(path)
    what = f"the archive {path} cannot be used: {error}"
    if _is_busy(error):
        from promptcodec.archive.file.holders import holders  # noqa: PLC0415 - only then

        return HeldUpError(
            f"the archive {path} was held up for {patience:.0f} seconds by {holders(path)}; "
            "try again when that has finished"
        )
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        what = f"the archive {path} was moved or deleted while it was in use; nothing of this change was kept"
    elif primary in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN} and journal.exists():
        what = (
            f"the archive {path} was left in the middle of a change, and {journal} undoes it where both can "
            "be written: copy the two into one folder that can, and open it there"
        )
    elif primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_WRITE:
        what = f"the archive {path} cannot grow: no room is left; nothing of this change was kept"
    return UsageError(what)
