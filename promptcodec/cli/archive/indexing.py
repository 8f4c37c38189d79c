"""The index as commands open it: read by several processes, with what is to be known on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from promptcodec.archive.indexing import index
from promptcodec.archive.indexing.documents import Document, document_of
from promptcodec.archive.indexing.index import Index, Measured, Read
from promptcodec.archive.store import Archive
from promptcodec.cli import report
from promptcodec.cli.archive.spread import RESULTS, BatchTask, spread
from promptcodec.entropy.dictionary import Dictionary

EVERY = 5.0
"""Seconds between two lines that say how far it is."""


@contextmanager
def opened(archive: Archive) -> Iterator[Index]:
    """Open the index of an archive, with all that is in the archive by now."""
    with index.open(archive, read=reader(None), progress=progress()) as own:
        warned = len(own.notices)
        for notice in own.notices:
            report.warn(notice)
        yield own
        for notice in own.notices[warned:]:
            report.warn(notice)


def progress(what: str = "indexing") -> Callable[[int], None]:
    """Give a function that prints of how many pictures something was done, every few seconds."""
    last = time.monotonic()

    def show(count: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            report.warn(f"{what}: {count:,} pictures")

    return show


def read_batch(task: BatchTask) -> dict[str, Any]:
    """Read records for an index."""
    return {RESULTS: [document_of(record, signature, task.beside) for record, signature in task.items]}


def reader(jobs: int | None) -> Read:
    """Give what reads records in so many processes, None for all cores."""

    def read(
        batches: Iterable[list[Measured]], dictionaries: Sequence[Dictionary]
    ) -> Iterator[list[Document]]:
        return spread(batches, read_batch, dictionaries, "index", jobs)

    return read
