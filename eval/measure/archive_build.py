"""Archives of many records, made as people's would be: put, compacted, indexed; and what each step takes."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from eval.measure.archive_pack import Item
from eval.measure.times import peak_mb
from promptcodec.archive import store
from promptcodec.archive.care import compact
from promptcodec.archive.indexing import documents, index
from promptcodec.archive.indexing.documents import Document
from promptcodec.archive.indexing.index import Measured
from promptcodec.archive.record import ID_BYTES, Place, Record
from promptcodec.entropy.dictionary import Dictionary

BATCH = 1024
"""Records that are put at once."""


def record_of(item: Item) -> Record:
    """Give the record of an item."""
    return Record(item.id, item.stream, (Place("", item.path, item.time),))


def copies(items: Sequence[Item], times: int) -> Iterator[Item]:
    """Give each item so many times, under other ids and paths."""
    for item in items:
        yield item
        for number in range(1, times):
            own = hashlib.sha256(item.id + b"%d" % number).digest()[:ID_BYTES]
            yield dataclasses.replace(item, id=own, path=f"copy-{number}/{item.path}")


def build(path: Path, items: Sequence[Item], times: int) -> Iterator[dict[str, Any]]:
    """Make an archive and its index.

    Args:
        path: of the archive.
        items: what to put into it.
        times: how often each, under other ids. Above 1 a stream is read once for the index, however often it
            is there: what the index then takes to make says nothing of real archives.

    Yields:
        What each step took, and the bytes that there are after it.
    """
    count = len(items) * times
    read = index.read if times == 1 else _reader()
    with store.create(path) as archive:
        yield _step("put", count, path, lambda: put(archive, copies(items, times)))
        yield _step("compact", count, path, lambda: compact.compact(archive))
        signatures = {item.id: item.signature for item in copies(items, times) if item.signature}
        row = _step("index", count, path, lambda: index.rebuild(archive, signatures, read=read))
        with index.open(archive) as own:
            beside = own.path.stat().st_size
        yield {**row, "bytes": beside, "per_record": beside / count, "peak_mb": peak_mb()}


def put(archive: store.Archive, items: Iterable[Item]) -> None:
    """Put items into an archive, BATCH at once."""
    iterator = iter(items)
    while some := list(islice(iterator, BATCH)):
        archive.put(map(record_of, some))


def _step(name: str, count: int, path: Path, do: Callable[[], object]) -> dict[str, Any]:
    start, cpu = time.perf_counter(), time.process_time()
    do()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    size = path.stat().st_size
    return {
        "step": name,
        "records": count,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "records_per_second": count / seconds,
        "bytes": size,
        "per_record": size / count,
        "peak_mb": peak_mb(),
    }


def _reader() -> index.Read:
    """Give what reads a stream once, and again only what copies of it have of their own."""
    known: dict[bytes, Document] = {}

    def read_one(record: Record, signature: bytes | None, dictionaries: Sequence[Dictionary]) -> Document:
        if record.stream not in known:
            known[record.stream] = documents.document_of(record, signature, dictionaries)
        own = documents.document_of(dataclasses.replace(record, stream=b""), None, ())
        digest = documents.digest_of(record)
        return dataclasses.replace(
            known[record.stream], id=own.id, digest=digest, names=own.names, places=own.places
        )

    def read(
        batches: Iterable[list[Measured]], dictionaries: Sequence[Dictionary]
    ) -> Iterator[list[Document]]:
        for batch in batches:
            yield [read_one(record, signature, dictionaries) for record, signature in batch]

    return read
