"""The rollback journal beside an SQLite file: whoever opens the file lets SQLite do what it says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_MAGIC = bytes.fromhex("d9d505f920a163d7")


def journal_of(path: Path) -> Path:
    """Give where SQLite keeps the rollback journal of a file: beside what a link leads to."""
    return Path(f"{path.resolve()}-journal")


def names_a_file(path: Path) -> bool:
    """Say whether the rollback journal of a file names another one, as only a transaction over several does.

    SQLite deletes what it names, wherever that is. Neither an archive nor an index ever has such a journal.
    Source: https://www.sqlite.org/atomiccommit.html, section 5.2; the end of a journal is in its pager.c.
    """
    with suppress(OSError), journal_of(path).open("rb") as file:
        file.seek(-len(_MAGIC), 2)
        return file.read() == _MAGIC
    return False
