"""A file of streams that were made to be put into archives: what is slow to encode is encoded once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_PATIENCE = 60
"""Seconds to wait for another process."""
_COLUMNS = "id, path, time, stream, signature"


@dataclass(frozen=True, slots=True)
class Item:
    """A stream as an archive would keep it.

    Attributes:
        id: 16 bytes.
        path: of the picture, below what was added.
        time: in milliseconds since 1970.
        stream: bare.
        signature: of the picture.
    """

    id: bytes
    path: str
    time: int
    stream: bytes
    signature: bytes


class Pack:
    """Items by number, from 0; those that were kept outlast a kill."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(path, timeout=_PATIENCE)
        self._base.execute("PRAGMA journal_mode=WAL")  # it is read while it is made
        self._base.execute(f"CREATE TABLE IF NOT EXISTS item (number INTEGER PRIMARY KEY, {_COLUMNS})")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()

    def __len__(self) -> int:
        count: int = self._base.execute("SELECT count(*) FROM item").fetchone()[0]
        return count

    def add(self, number: int, item: Item) -> None:
        """Add an item; ``keep`` makes it last."""
        values = (number, item.id, item.path, item.time, item.stream, item.signature)
        self._base.execute(f"INSERT INTO item (number, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", values)

    def keep(self) -> None:
        """Write what was added to disk."""
        self._base.commit()

    def items(self, count: int | None = None) -> Iterator[Item]:
        """Give the items, the first ``count`` of them."""
        rows = self._base.execute(
            f"SELECT {_COLUMNS} FROM item ORDER BY number LIMIT ?", [-1 if count is None else count]
        )
        return (Item(*row) for row in rows)
