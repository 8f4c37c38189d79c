"""The tables of an index: a document for each picture, found by its words, names, numbers and looks.

Documents are numbered from 0 without gaps. Tables of words keep no texts (FTS5's ``content=''``), so nothing
can be taken out of them: a document of a picture that was removed or replaced stays behind as ``gone``.
"""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.facts import NAMES, NUMBERS, SPOKEN, beginnings, facts_of
from promptcodec.archive.indexing.words import TOKENIZER
from promptcodec.archive.record import Record, place_key
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.recipe.model import Number

_SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE doc (doc INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, digest INTEGER NOT NULL,
    {", ".join(NUMBERS)});
CREATE INDEX newest ON doc (time);
CREATE INDEX seeded ON doc (seed) WHERE seed IS NOT NULL;
CREATE TABLE place (key INTEGER PRIMARY KEY, doc INTEGER NOT NULL, time INTEGER NOT NULL);
CREATE TABLE gone (doc INTEGER PRIMARY KEY);
CREATE VIRTUAL TABLE said USING fts5({", ".join(SPOKEN)}, content='', tokenize='{TOKENIZER}');
CREATE VIRTUAL TABLE named USING fts5({", ".join(NAMES)}, content='', columnsize=0, tokenize='unicode61');
"""
_INTEGER = 1 << 63
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Document:
    """What an index keeps of a record.

    Attributes:
        id: of the record.
        digest: of all that is kept here but the look.
        words: in the order of SPOKEN.
        names: as they are searched, in the order of NAMES.
        numbers: in the order of NUMBERS, None where unknown.
        places: key and time of each place.
        look: how the picture looks.
    """

    id: bytes
    digest: int
    words: tuple[str, ...]
    names: tuple[str, ...]
    numbers: tuple[Number | None, ...]
    places: tuple[tuple[int, int], ...]
    look: looks.Look


def document_of(record: Record, signature: bytes | None, dictionaries: Sequence[Dictionary]) -> Document:
    """Read a record for the index.

    Args:
        record: its stream is untrusted.
        signature: what was measured of its picture, None where nothing was.
        dictionaries: the users' dictionaries at hand.
    """
    facts = facts_of(record, dictionaries)
    named = [
        " ".join(name if field == "name" else beginnings(name) for name in facts.names.get(field, ()))
        for field in NAMES
    ]
    return Document(
        record.id,
        digest_of(record),
        tuple(map(storable, facts.columns())),
        tuple(map(storable, named)),
        tuple(number(field, facts.numbers[field]) if field in facts.numbers else None for field in NUMBERS),
        tuple((place_key(place.root, place.path), place.time) for place in record.places),
        looks.measure(record.stream, signature, dictionaries),
    )


def storable(text: str) -> str:
    """Give a text as SQLite takes it: names of files and what JSON escapes may hold no characters at all."""
    return text.encode(errors="replace").decode()


def digest_of(record: Record) -> int:
    """Give what changes where anything of a record does."""
    return zlib.crc32(repr((record.places, record.tags)).encode(errors="replace"), zlib.crc32(record.stream))


def number(field: str, value: Number) -> Number | None:
    """Give a number as the table holds it: seeds have 64 bits of either kind, and SQLite signed ones."""
    if field == "seed" and _INTEGER <= value < 2 * _INTEGER:
        value -= 2 * _INTEGER
    return value if isinstance(value, float) or -_INTEGER <= value < _INTEGER else None


def create(base: sqlite3.Connection) -> None:
    """Make the tables."""
    base.executescript(_SCHEMA)
    looks.create(base)


def add(base: sqlite3.Connection, documents: Sequence[Document]) -> None:
    """Put documents behind the last, in a transaction of the caller; none of their ids is there."""
    first = looks.append(base, (each.look for each in documents))
    numbered = list(enumerate(documents, first))
    _insert(base, "doc", ("doc", "id", "digest", *NUMBERS), (
        (doc, each.id, each.digest, *each.numbers) for doc, each in numbered
    ))  # fmt: skip
    _insert(base, "place", ("key", "doc", "time"), (
        (key, doc, time) for doc, each in numbered for key, time in each.places
    ))  # fmt: skip
    _insert(base, "said", ("rowid", *SPOKEN), ((doc, *each.words) for doc, each in numbered))
    _insert(base, "named", ("rowid", *NAMES), ((doc, *each.names) for doc, each in numbered))


def _insert(
    base: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - own names
    base.executemany(statement, rows)


def optimise(base: sqlite3.Connection) -> None:
    """Put the lists of each word together, once many documents were added."""
    base.execute("INSERT INTO said (said) VALUES ('optimize')")
    base.execute("INSERT INTO named (named) VALUES ('optimize')")


def drop(base: sqlite3.Connection, ids: Iterable[bytes]) -> None:
    """Give up documents, those that are there."""
    docs = [row for each in ids for row in base.execute("SELECT doc FROM doc WHERE id = ?", (each,))]
    base.executemany("DELETE FROM doc WHERE doc = ?", docs)
    base.executemany("INSERT INTO gone VALUES (?)", docs)
    looks.replace(base, {doc: looks.NOTHING for (doc,) in docs})


def size(base: sqlite3.Connection) -> int:
    """Count the documents, those that are gone too."""
    highest: int = base.execute(
        "SELECT max(coalesce((SELECT max(doc) FROM doc), -1), coalesce((SELECT max(doc) FROM gone), -1)) + 1"
    ).fetchone()[0]
    return highest


def docs(base: sqlite3.Connection, which: str, *values: object) -> npt.NDArray[np.int32]:
    """Give the numbers of documents.

    Args:
        base: the index.
        which: what follows FROM in a SELECT of rows of documents.
        values: for its question marks.
    """
    # numpy reads one long text in a third of the time that Python takes for rows.
    statement = f"SELECT group_concat(rowid) FROM {which}"  # noqa: S608 - callers write it themselves
    text = base.execute(statement, values).fetchone()[0]
    return np.fromstring(text or "", np.int32, sep=",")


def quoted(text: str) -> str:
    """Give the words of a text as a phrase of FTS5; nothing else of it can be syntax."""
    return '"' + " ".join(_WORD.findall(text)) + '"'
