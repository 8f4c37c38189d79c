"""What else could keep tiny streams: files in a folder, zip, tar, a plain SQLite file, Parquet.

Each has the same records in its own usual way and nothing of ours. What it keeps of a record counts as its
payload: a file in a folder has no id, so its id is not taken off its bytes.
"""

from __future__ import annotations

import os
import sqlite3
import tarfile
import time
import zipfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from promptcodec.archive.record import Record

SUFFIX = ".pxt"
_BLOCK = 512
"""Bytes of a block as ``st_blocks`` counts them."""
_GROUP = 4096
"""Rows of a row group: a reader of one row reads so many."""
_COLUMNS = ("id", "path", "time", "stream")
Get = Callable[[Record], bytes]
"""Gives a record's stream, by what the container knows it by."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A way to keep records.

    Attributes:
        name: as tables have it.
        has_ids: whether it keeps ids; else a record is known by its path.
        write: writes the records below a path.
        size: gives the bytes of what was written.
        opened: opens it and gives what gets a stream.
        slow: a tenth of the gets is enough.
    """

    name: str
    has_ids: bool
    write: Callable[[Sequence[Record], Path], None]
    size: Callable[[Path], int]
    opened: Callable[[Path], Any]
    slow: bool = False


def _name(record: Record) -> str:
    return record.places[0].path + SUFFIX


def _rows(records: Sequence[Record]) -> Iterator[tuple[bytes, str, int, bytes]]:
    return ((record.id, record.places[0].path, record.places[0].time, record.stream) for record in records)


def _file_size(path: Path) -> int:
    return path.stat().st_size


def _write_folder(records: Sequence[Record], path: Path) -> None:
    for record in records:
        file = path / _name(record)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(record.stream)
        changed = record.places[0].time * 1_000_000
        os.utime(file, ns=(changed, changed))


def _folder_size(path: Path) -> int:
    """Count the blocks of files and folders; names are in the folders' blocks."""
    total = 0
    for folder, _, files in os.walk(path):
        entries = [Path(folder), *(Path(folder, name) for name in files)]
        total += sum(entry.stat().st_blocks * _BLOCK for entry in entries)
    return total


@contextmanager
def _open_folder(path: Path) -> Iterator[Get]:
    yield lambda record: (path / _name(record)).read_bytes()


def _write_zip(records: Sequence[Record], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for record in records:
            date = time.gmtime(record.places[0].time // 1000)[:6]
            file.writestr(zipfile.ZipInfo(_name(record), date), record.stream)


@contextmanager
def _open_zip(path: Path) -> Iterator[Get]:
    with zipfile.ZipFile(path) as file:
        yield lambda record: file.read(_name(record))


def _write_tar(records: Sequence[Record], path: Path) -> None:
    with tarfile.open(path, "w") as file:
        for record in records:
            member = tarfile.TarInfo(_name(record))
            member.size, member.mtime = len(record.stream), record.places[0].time // 1000
            file.addfile(member, BytesIO(record.stream))


@contextmanager
def _open_tar(path: Path) -> Iterator[Get]:
    with tarfile.open(path) as file:
        members = {member.name: member for member in file.getmembers()}

        def get(record: Record) -> bytes:
            entry = file.extractfile(members[_name(record)])
            assert entry is not None
            return entry.read()

        yield get


def _sqlite_writer(options: str) -> Callable[[Sequence[Record], Path], None]:
    def write(records: Sequence[Record], path: Path) -> None:
        with closing(sqlite3.connect(path)) as base, base:
            base.execute(
                f"CREATE TABLE record (id BLOB PRIMARY KEY, path TEXT, time INTEGER, stream BLOB) {options}"
            )
            base.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", _rows(records))
        with closing(sqlite3.connect(path)) as base:
            base.execute("VACUUM")

    return write


@contextmanager
def _open_sqlite(path: Path) -> Iterator[Get]:
    with closing(sqlite3.connect(path)) as base:

        def get(record: Record) -> bytes:
            stream: bytes = base.execute("SELECT stream FROM record WHERE id = ?", [record.id]).fetchone()[0]
            return stream

        yield get


def _write_parquet(records: Sequence[Record], path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an extra
    from pyarrow import parquet  # noqa: PLC0415

    columns = zip(*_rows(records), strict=True)
    kinds = (pa.binary(16), pa.string(), pa.int64(), pa.binary())
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    table = pa.table(dict(zip(_COLUMNS, arrays, strict=True)))
    parquet.write_table(table, path, compression="zstd", row_group_size=_GROUP)


@contextmanager
def _open_parquet(path: Path) -> Iterator[Get]:
    from pyarrow import parquet  # noqa: PLC0415

    with ExitStack() as stack:
        file = stack.enter_context(parquet.ParquetFile(path))
        about = file.metadata
        last = [about.row_group(number).column(0).statistics.max for number in range(about.num_row_groups)]

        def get(record: Record) -> bytes:
            table = file.read_row_group(bisect_left(last, record.id), columns=["id", "stream"])
            stream: bytes = table["stream"][table["id"].to_pylist().index(record.id)].as_py()
            return stream

        yield get


RIVALS = (
    Rival("files in a folder", False, _write_folder, _folder_size, _open_folder),
    Rival("zip, stored", False, _write_zip, _file_size, _open_zip),
    Rival("tar", False, _write_tar, _file_size, _open_tar),
    Rival("SQLite, a row each", True, _sqlite_writer(""), _file_size, _open_sqlite),
    Rival("SQLite, WITHOUT ROWID", True, _sqlite_writer("WITHOUT ROWID"), _file_size, _open_sqlite),
    Rival("Parquet, zstd", True, _write_parquet, _file_size, _open_parquet, slow=True),
)
