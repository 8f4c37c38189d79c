"""What compacting saves of archives of words, and a table of their own texts beside it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.measure.archive_build import put
from eval.measure.archive_pack import Item, Pack
from eval.measure.archive_texts import items, unseen
from promptcodec.archive import store
from training.texts import held_out, load

STEPS: Mapping[str, Sequence[str] | None] = {"put": None, "compact": (), "compact --train": ("--train",)}


def texts(data: Path, real: Path | None, count: int) -> dict[str, list[Item]]:
    """Give streams of words by what they are of, ``count`` at most of each."""
    captions = load(data, "captions")
    sets = {
        "captions, held out of the shipped tables": [text for text in captions if held_out(text)],
        "captions": captions,
        "prompts, of sources no table has seen": unseen(data, count),
    }
    streams = {name: list(items(some[:count])) for name, some in sets.items()}
    if real:
        with Pack(real) as pack:
            streams["the embedded captioner, 200 bytes"] = list(pack.items(count))
    return streams


def rows(name: str, given: Sequence[Item], folder: Path) -> Iterator[dict[str, Any]]:
    """Measure the bytes of an archive of streams after each of STEPS, and whether all come back the same."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        path = Path(work, "archive.pxa")
        with store.create(path) as archive:
            put(archive, given)
        for step, options in STEPS.items():
            start = time.perf_counter()
            if options is not None:
                command = [sys.executable, "-m", "promptcodec", "archive", "compact", str(path), *options]
                subprocess.run(command, check=True, capture_output=True)
            seconds = time.perf_counter() - start
            size = path.stat().st_size
            yield {
                "streams": name,
                "n": len(given),
                "step": step,
                "stream": sum(len(item.stream) for item in given) / len(given),
                "per_record": size / len(given),
                "bytes": size,
                "seconds": seconds if options is not None else None,
                "same": _same(path, given),
            }


def _same(path: Path, given: Sequence[Item]) -> bool:
    with store.open(path) as archive:
        kept = {record.id: record.stream for record in archive.records()}
        return kept == {item.id: item.stream for item in given}
