"""The dictionaries that streams of an archive may need, each kept twice: without one, many records are lost.

The second copies are in a table of their own, so that what damages one copy seldom reaches the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from promptcodec.archive.file import page
from promptcodec.archive.file.database import Database, damaged

if TYPE_CHECKING:
    from promptcodec.entropy.dictionary import Dictionary

_TABLES = ("dictionary", "spare")


def kept(database: Database) -> tuple[Dictionary, ...]:
    """Give the dictionaries of an archive, in the order in which they came.

    Raises:
        BitstreamError: both copies of one are damaged.
    """
    copies: dict[int, bytes | None] = {}
    for table in _TABLES:
        for number, blob in database.blobs(f"SELECT number, data FROM {table} ORDER BY number"):  # noqa: S608
            if copies.get(number) is None:
                copies[number] = blob if page.is_sound(blob, page.DICTIONARY) else None
    if not copies:
        return ()
    from promptcodec.entropy.dictionary import Dictionary  # noqa: PLC0415 - few archives have one

    blobs = [blob for _, blob in sorted(copies.items()) if blob]
    if len(blobs) < len(copies):
        raise damaged("both copies of a dictionary do not match their checksums")
    return tuple(Dictionary.from_bytes(blob[page.HEAD_BYTES :]) for blob in blobs)


def keep(database: Database, dictionaries: Iterable[Dictionary]) -> None:
    """Keep dictionaries that are not there yet, inside a transaction that writes."""
    there = {dictionary.id for dictionary in kept(database)}
    new = {each.id: each for each in dictionaries if each.id not in there}
    ((last,),) = database.run("SELECT max(number) FROM dictionary")
    rows = [
        (number, page.seal(page.DICTIONARY, each.data))
        for number, each in enumerate(new.values(), (last or 0) + 1)
    ]
    for table in _TABLES:
        database.run_many(f"INSERT INTO {table} VALUES (?, ?)", rows)  # noqa: S608 - names of this file


def drop(database: Database, dictionaries: Iterable[Dictionary]) -> None:
    """Forget dictionaries that no record needs, inside a transaction that writes."""
    rows = [(page.seal(page.DICTIONARY, each.data),) for each in dictionaries]
    for table in _TABLES:
        database.run_many(f"DELETE FROM {table} WHERE data = ?", rows)  # noqa: S608


def faults(database: Database) -> Iterable[str]:
    """Say of each copy that is damaged or missing."""
    numbers = []
    for table in _TABLES:
        rows = database.blobs(f"SELECT number, data FROM {table} ORDER BY number")  # noqa: S608
        for number, blob in rows:
            if not page.is_sound(blob, page.DICTIONARY):
                yield f"a copy of dictionary {number} does not match its checksum"
        numbers.append([number for number, _ in rows])
    if numbers[0] != numbers[1]:
        yield "a copy of a dictionary is missing"
