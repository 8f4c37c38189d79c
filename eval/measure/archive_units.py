"""What a picture costs on its way into an archive, and a record in it: processor's time, bytes, tokens."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any
from unittest import mock

from eval.measure import archive_build, archive_search
from eval.measure.archive_pack import Item
from eval.measure.archive_pictures import BUDGET
from eval.measure.archive_size import payload
from promptcodec import encoding
from promptcodec.api.client import Connection
from promptcodec.api.spending import Limits, limited
from promptcodec.archive import store
from promptcodec.archive.adding.content import Content, content_of
from promptcodec.archive.sources.source import source_of
from promptcodec.cli.archive.engines import Job, batch
from promptcodec.settings import EncodeSettings

SHIPPED = "responses"
_SHARE = 5
"""Of the records of the larger archive one in so many is in the smaller one."""
_ID = "0" * 32
_REQUESTS = 8
"""Questions about a picture that are allowed: several, where words are to be fewer."""


def measure(pictures: Sequence[Path], records: int, folder: Path) -> dict[str, float]:
    """Measure, by the names of ``archive_scale.Units``.

    Args:
        pictures: two or more; the first is looked at once more before, which is not counted.
        records: of the larger archive, more than there are pictures.
        folder: for archives and stored answers.
    """
    items, encode_cpu = _encoded(pictures, folder)
    hosted = _hosted(pictures, folder)
    return {
        "pictures": len(items),
        "encode_cpu": encode_cpu,
        **hosted,
        "batch_cpu": _batched(pictures, folder),
        **_archives(items, records, folder),
        **_priced(pictures),
    }


def _encoded(pictures: Sequence[Path], folder: Path) -> tuple[list[Item], float]:
    """Encode pictures; give what archives keep, and the processor's seconds of one."""
    settings = EncodeSettings(budget=BUDGET, bare=True)
    items = []
    with store.create(folder / "none.pxa") as archive:
        content_of(pictures[0].read_bytes(), pictures[0].name, archive, settings)
        start = time.process_time()
        for path in pictures:
            content = content_of(path.read_bytes(), path.name, archive, settings)
            assert content.stream
            assert content.signature
            items.append(Item(content.id, path.name, 1_700_000_000_000, content.stream, content.signature))
        return items, (time.process_time() - start) / len(pictures)


def _hosted(pictures: Sequence[Path], folder: Path) -> dict[str, float]:
    """Encode pictures with a hosted captioner; the server is another process, not counted."""
    with (
        _loopback(folder / "asked") as url,
        store.open(folder / "none.pxa") as archive,
        _watched() as requests,
    ):
        settings = EncodeSettings(budget=BUDGET, bare=True, captioner=_captioner(url))
        with limited(Limits(requests=_REQUESTS * (len(pictures) + 1))):
            content_of(pictures[0].read_bytes(), pictures[0].name, archive, settings)
            requests.clear()
            start = time.process_time()
            for path in pictures[1:]:
                content_of(path.read_bytes(), path.name, archive, settings)
            cpu = time.process_time() - start
    count = len(pictures) - 1
    with_picture = [line for line in map(_line, requests) if b"data:image/jpeg" in line]
    return {
        "hosted_cpu": cpu / count,
        "hosted_requests": len(requests) / count,
        "line_bytes": statistics.mean(map(len, with_picture)),
    }


def _batched(pictures: Sequence[Path], folder: Path) -> float:
    """Encode pictures whose questions are answered in a batch; give the CPU seconds of one on this side."""
    with _loopback(folder / "batched") as url:
        settings = EncodeSettings(budget=BUDGET, captioner=_captioner(url))
        given = {each.name: getattr(settings, each.name) for each in fields(settings) if each.name != "bare"}
        limits = Limits(requests=_REQUESTS * len(pictures))
        job = Job(str(folder / "none.pxa"), given, limits, jobs=1, concurrency=1)
        sources = iter([source_of(each, folder, in_place=False) for each in pictures])
        start = time.process_time()
        done = [each for each in batch.outcomes(sources, job) if each]
        cpu = time.process_time() - start
    assert all(isinstance(content, Content) for _, content in done)
    return cpu / len(done)


def _captioner(url: str) -> str:
    return f"{SHIPPED}:{url}?model=loopback-vision"


def _line(request: Mapping[str, Any]) -> bytes:
    """Write a question as a line of a batch's file."""
    asked = {"custom_id": _ID, "method": "POST", "url": "/v1/responses", "body": request}
    return json.dumps(asked, separators=(",", ":")).encode() + b"\n"


@contextmanager
def _loopback(cache: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "promptcodec.testing.loopback"]
    with (
        mock.patch.dict(os.environ, PROMPTCODEC_CACHE=str(cache)),
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())["base_url"]
        finally:
            server.terminate()


@contextmanager
def _watched() -> Iterator[list[dict[str, Any]]]:
    """Keep the questions that are asked meanwhile."""
    asked: list[dict[str, Any]] = []
    exchange = Connection.exchange

    def watch(own: Connection, endpoint: str, request: dict[str, Any], *others: Any, **more: Any) -> Any:
        asked.append(request)
        return exchange(own, endpoint, request, *others, **more)

    with mock.patch.object(Connection, "exchange", watch):
        yield asked


def _archives(items: Sequence[Item], records: int, folder: Path) -> dict[str, float]:
    """Measure archives of the streams: themselves, and under so many ids that two sizes tell a slope."""
    times = math.ceil(records / len(items))
    few = math.ceil(times / _SHARE)
    real = _built(folder / "real.pxa", items, 1)
    _built(folder / "few.pxa", items, few)
    steps = _built(folder / "many.pxa", items, times)
    fast, slow = (_searched(folder / name) for name in ("few.pxa", "many.pxa"))
    count, more = times * len(items), (times - few) * len(items) / 1e6
    held = payload([archive_build.record_of(item) for item in archive_build.copies(items, times)])
    size = steps["compact"]["bytes"]
    return {
        "records": count,
        "stream_bytes": statistics.mean(len(item.stream) for item in items),
        "record_bytes": size / count,
        "overhead_bytes": (size - held) / count,
        "index_bytes": steps["index"]["bytes"] / count,
        "put_cpu": steps["put"]["cpu_seconds"] / count,
        "compact_cpu": steps["compact"]["cpu_seconds"] / count,
        "index_cpu": real["index"]["cpu_seconds"] / len(items),
        "words_ms": (slow["words"] - fast["words"]) / more,
        "like_ms": (slow["like"] - fast["like"]) / more,
    }


def _built(path: Path, items: Sequence[Item], times: int) -> dict[str, dict[str, Any]]:
    return {row["step"]: row for row in archive_build.build(path, items, times)}


def _searched(path: Path) -> dict[str, float]:
    return {row["kind"]: row["cpu_p50_ms"] for row in archive_search.rows(path, ("words", "like"))}


def _priced(pictures: Sequence[Path]) -> dict[str, float]:
    """Estimate what the shipped profile would be asked for pictures, a question each; ask nobody."""
    settings = EncodeSettings(budget=BUDGET, bare=True, captioner=SHIPPED)
    every = [encoding.estimate(path.read_bytes(), settings) for path in pictures]
    return {
        "input_tokens": statistics.mean(each.input_tokens for each in every),
        "output_tokens": statistics.mean(each.output_tokens for each in every),
        "dollars": statistics.mean(each.cost for each in every),
    }
