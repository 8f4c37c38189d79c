"""How many bytes an archive takes beside its payload, how quickly a stream is got; what others take.

The payload is what nobody can leave out: bare streams, ids of 16 bytes, paths as UTF-8, times of 8 bytes.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.measure.archive_rivals import RIVALS, Rival
from eval.measure.times import Spent, percentiles, taken
from promptcodec.archive import store
from promptcodec.archive.record import ID_BYTES, Record

GETS = 2000
TIME_BYTES = 8
_SEED = 20250602


def rows(archive: Path, folder: Path, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Measure an archive, then others with the same records.

    Args:
        archive: compacted.
        folder: for what is written; it is taken away again.
        names: of the others.
    """
    with store.open(archive) as opened:
        records = list(opened.records())
    chosen = random.Random(_SEED).sample(records, min(GETS, len(records)))
    start = time.perf_counter()
    with store.open(archive) as opened:
        ready = time.perf_counter() - start
        spent = taken(lambda record: opened.get(record.id), chosen)
    yield _row("promptcodec archive", archive.stat().st_size, records, spent, ready, has_ids=True)
    for rival in RIVALS:
        if rival.name in names:
            yield _rival(rival, records, chosen[:: 10 if rival.slow else 1], folder)


def payload(records: Sequence[Record], *, has_ids: bool = True) -> int:
    """Count the bytes that nobody can leave out."""
    paths = sum(len(place.path.encode()) + TIME_BYTES for record in records for place in record.places)
    return paths + sum(len(record.stream) for record in records) + has_ids * ID_BYTES * len(records)


def _rival(rival: Rival, records: Sequence[Record], chosen: Sequence[Record], folder: Path) -> dict[str, Any]:
    path = folder / "rival"
    try:
        rival.write(records, path)
        start = time.perf_counter()
        with rival.opened(path) as get:
            ready = time.perf_counter() - start
            for record in chosen[:10]:
                assert get(record) == record.stream
            spent = taken(get, chosen)
        return _row(rival.name, rival.size(path), records, spent, ready, has_ids=rival.has_ids)
    finally:
        _take_away(path)


def _take_away(path: Path) -> None:
    remove: Callable[[Path], object] = shutil.rmtree if path.is_dir() else Path.unlink
    remove(path)


def _row(
    name: str, size: int, records: Sequence[Record], spent: Sequence[Spent], ready: float, *, has_ids: bool
) -> dict[str, Any]:
    over = size - payload(records, has_ids=has_ids)
    return {
        "container": name,
        "records": len(records),
        "bytes": size,
        "keeps_ids": has_ids,
        "over_per_record": over / len(records),
        "open_ms": 1000 * ready,
        "gets": len(spent),
        **percentiles(spent),
    }
