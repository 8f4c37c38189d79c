"""The index as commands open it: read by several processes, with what is to be known on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from promptcodec.archive.indexing import index
from promptcodec.archive.indexing.documents import Document, document_of
from promptcodec.archive.indexing.index import Index, Measured, Read
from promptcodec.archive.store import Archive
from promptcodec.cli import options, ready, report, tasks
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


def progress() -> Callable[[int], None]:
    """Give a function that prints how many pictures were indexed, every few seconds."""
    last = time.monotonic()

    def show(count: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            report.warn(f"indexing: {count:,} pictures")

    return show


@dataclass(frozen=True, slots=True)
class ReadTask:
    """Records to be read for an index."""

    source: str
    records: list[Measured]
    dictionaries: Sequence[Dictionary]


def read_batch(task: ReadTask) -> dict[str, Any]:
    """Read records."""
    return {
        "documents": [document_of(record, signature, task.dictionaries) for record, signature in task.records]
    }


def reader(jobs: int | None) -> Read:
    """Give what reads records in so many processes, None for all cores; a single batch is read here."""

    def read(
        batches: Iterable[list[Measured]], dictionaries: Sequence[Dictionary]
    ) -> Iterator[list[Document]]:
        coming = iter(batches)
        first = list(islice(coming, 2))
        given = (ReadTask("index", batch, dictionaries) for batch in chain(first, coming))
        processes = options.resolve_jobs(jobs, len(first) * index.BATCH) if len(first) > 1 else 1
        for value, error in tasks.results(given, read_batch, processes, ready.READING):
            if error:
                raise error
            if value:
                yield value["documents"]

    return read
