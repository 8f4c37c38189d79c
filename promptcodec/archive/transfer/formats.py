"""The forms of a table, by how a file ends: one door to those who write and read them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any, BinaryIO, cast

from promptcodec.archive.transfer.columns import Add, Row, Rows
from promptcodec.errors import UsageError

_MODULES = {
    "parquet": "promptcodec.archive.transfer.parquet",
    "jsonl": "promptcodec.archive.transfer.jsonl",
    "csv": "promptcodec.archive.transfer.csv_file",
}
FORMATS = tuple(_MODULES)
STREAMED = ("jsonl", "csv")
"""Those that are written and read from the start to the end, so that they may be compressed."""

SUFFIXES = (*(f".{name}" for name in FORMATS), *(f".{name}.gz" for name in STREAMED))


def format_of(name: str) -> tuple[str, bool]:
    """Give the form of a file by its name, and whether it is compressed.

    Raises:
        UsageError: it has none of SUFFIXES.
    """
    suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), None)
    if suffix is None:
        raise UsageError(f"its name ends in none of {', '.join(SUFFIXES)}, which say what it is")
    form, _, compressed = suffix[1:].partition(".")
    return form, bool(compressed)


def write(rows: Iterable[Row], file: BinaryIO, form: str, *, compressed: bool = False) -> None:
    """Write a table.

    Args:
        rows: all of it, taken as they are needed.
        file: which may be seekable or not.
        form: one of FORMATS.
        compressed: with gzip.

    Raises:
        MissingError: the form needs an extra that is not installed.
    """
    with writer(file, form, compressed=compressed) as add:
        for row in rows:
            add(row)


@contextmanager
def writer(file: BinaryIO, form: str, *, compressed: bool = False) -> Iterator[Add]:
    """Open a table to be written, row by row: for who does other things between two of them.

    Args:
        file: as of ``write``.
        form: as of ``write``.
        compressed: as of ``write``.

    Raises:
        MissingError: the form needs an extra that is not installed.
    """
    module: Any = import_module(_MODULES[form])
    if not compressed:
        with module.writer(file) as add:
            yield add
        return
    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed, module.writer(packed) as add:
        yield add


def read(file: BinaryIO, form: str, *, compressed: bool = False) -> Rows:
    """Read a table, a little at a time.

    Args:
        file: open, untrusted; Parquet must be seekable.
        form: one of FORMATS.
        compressed: with gzip.

    Raises:
        UsageError: it is not of this form, or ends too early, or has not what an import needs.
        MissingError: the form needs an extra that is not installed.
    """
    module: Any = import_module(_MODULES[form])
    if not compressed:
        yield from module.read(file)
        return
    try:
        with closing(gzip.GzipFile(fileobj=file)) as packed:
            yield from module.read(cast("BinaryIO", packed))
    except (EOFError, OSError, zlib.error) as error:
        raise UsageError(f"it cannot be uncompressed: {error}") from None
