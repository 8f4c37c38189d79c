"""Run a study: one row for each picture, codec and setting, kept as soon as it is measured.

The runner believes no codec. It lets one process write a file, counts that file's bytes itself, hands
nothing but those bytes to another process, and compares what comes back with the original.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval import metrics
from eval.lab import plan
from eval.lab.plan import Task, key_of
from eval.lab.progress import Progress
from eval.lab.rows import Journal, Row
from eval.lab.study import Study
from eval.lab.worker import Worker, WorkerError
from eval.missing import NOT_REACHED, NOT_RUN, NotReached, Unavailable
from promptcodec.errors import UsageError

JOURNAL = "journal.jsonl"
PICTURES = "pictures"
FEATURES = "features"


class BusyError(UsageError):
    """Another run is writing into the same folder."""


@dataclass
class Result:
    """What a run gave: rows in order, columns of metrics, where pictures are, what could not run."""

    rows: list[Row]
    metric_columns: list[str]
    pictures: list[dict[str, str]]
    features: list[dict[str, str]]
    not_run: list[dict[str, str]]
    failed_metrics: dict[str, str]
    versions: dict[str, str]


def run(
    study: Study, out: Path, *, limit: int | None = None, jobs: int = 2, data: Path | None = None
) -> Result:
    """Do what is left of a study, and give all of its rows.

    Args:
        study: what to run.
        out: a folder for the journal and the pictures; made where it is not there.
        limit: pictures in all, from the datasets in turn.
        jobs: pictures at a time, three processes each.
        data: where the study's relative paths start.

    Raises:
        BusyError: another run is writing there.
    """
    for name in ("", PICTURES, FEATURES):
        (out / name).mkdir(parents=True, exist_ok=True)
    try:
        journal = Journal(out / JOURNAL)
    except BlockingIOError:
        raise BusyError(f"another run is writing into {out}; wait for it, or choose another folder") from None
    try:
        with Worker(study.timeout) as worker:
            todo = plan.make(study, journal.entries, limit, data, worker)
            remaining = sum(len(task.keys) for unit in todo.units for task in unit)
            with Progress(remaining, len(todo.order) - remaining) as progress:
                _work(todo, study, out, journal, max(1, jobs), progress, worker)
        entries = [journal.entries[key] for key in todo.order if key in journal.entries]
    finally:
        journal.close()
    catch_lies(entries)
    failed = {name: reason for entry in entries for name, reason in entry.get("failed", {}).items()}
    columns = [column for name in todo.metrics for column in _columns(name)]
    missing = [each["name"] for each in todo.not_run if each["what"] == "metric"]
    columns += [column for name in missing for column in _columns(name)]
    pictures = [
        {key: entry["row"][key] for key in ("image", "dataset", "codec", "setting", "mode")}
        | {"picture": entry["picture"], "original": entry["original"]}
        for entry in entries
        if entry.get("picture") and not entry["row"]["error"]
    ]
    features = [
        {key: entry["row"][key] for key in ("dataset", "codec", "setting", "mode")}
        | {"file": entry["features"]}
        for entry in entries
        if entry.get("features") and not entry["row"]["error"]
    ]
    rows = todo.rows + [entry["row"] for entry in entries]
    columns = list(dict.fromkeys(columns))
    return Result(rows, columns, pictures, features, todo.not_run, failed, todo.versions)


def _columns(name: str) -> tuple[str, ...]:
    try:
        metric = metrics.find(name)
    except Unavailable:
        return (name,)
    return () if metric.kind == "set" else metric.columns_or_name


def _work(
    todo: plan.Plan, study: Study, out: Path, journal: Journal, jobs: int, progress: Progress, first: Worker
) -> None:
    """Run the units on ``jobs`` threads, each with three processes: one encodes, one decodes, one measures.

    They share a core, since one of them works at a time. The first thread measures with ``first``, which has
    loaded the metrics already.
    """
    lock = threading.Lock()
    mine = threading.local()
    workers: list[Worker] = []
    cores = itertools.cycle(sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None])

    def work(unit: Sequence[Task]) -> None:
        if not hasattr(mine, "three"):
            with lock:
                core = next(cores)
                encoder, decoder = Worker(study.timeout, core), Worker(study.timeout, core)
                mine.three = encoder, decoder, Worker(study.timeout, core) if workers else first
                workers.extend(mine.three)
        for task in unit:
            for entry in perform(task, *mine.three, todo.metrics, out):
                with lock:
                    journal.add(entry)
                    progress.step(entry["row"])

    pool = ThreadPoolExecutor(jobs)
    try:
        for done in [pool.submit(work, unit) for unit in todo.units]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)
        for worker in workers:
            worker.close()


def perform(
    task: Task, encoder: Worker, decoder: Worker, measurer: Worker, names: Sequence[str], out: Path
) -> list[dict[str, Any]]:
    """Encode once, decode with every decoder, measure; give the entries of the journal."""
    rows = {variant: task.row(variant) for variant in task.keys}
    with tempfile.TemporaryDirectory(prefix="eval-") as folder:
        coded = Path(folder) / "coded"
        entries = []
        try:
            taken = encoder.call("encode", task.entry, task.mode, task.item, task.setting, coded)
            data = coded.read_bytes()
            coded.unlink()
        except (NotReached, Unavailable, WorkerError, OSError) as error:
            reason = {NotReached: NOT_REACHED, Unavailable: NOT_RUN}.get(type(error), "") + str(error)
            return [
                {"key": key, "row": rows[variant] | {"error": reason}} for variant, key in task.keys.items()
            ]
        for variant, key in task.keys.items():
            entry = {"key": key, "row": rows[variant], "sha256": hashlib.sha256(data).hexdigest()}
            entry["row"] |= {
                "bytes": len(data),
                "width": taken["width"],
                "height": taken["height"],
                "bpp": 8 * len(data) / (taken["width"] * taken["height"]),
                "enc_s": taken["enc_s"],
            }
            try:
                _decode(task, variant, data, Path(folder), decoder, measurer, names, out, entry, taken)
            except (NotReached, Unavailable, WorkerError, OSError) as error:
                entry["row"]["error"] = str(error)
            entries.append(entry)
        return entries


def _decode(
    task: Task,
    variant: str,
    data: bytes,
    folder: Path,
    decoder: Worker,
    measurer: Worker,
    names: Sequence[str],
    out: Path,
    entry: dict[str, Any],
    taken: Mapping[str, Any],
) -> None:
    """Decode from the bytes alone and measure; fill in the entry."""
    (folder / "given").mkdir(exist_ok=True)
    stream, drawn = folder / "given" / "stream", folder / "drawn"
    stream.write_bytes(data)
    row = entry["row"]
    size = (taken["width"], taken["height"])
    shown = decoder.call("decode", task.entry, task.mode, stream, size, variant, drawn)
    row["dec_s"] = shown["dec_s"]
    entry["drawn"] = hashlib.sha256(drawn.read_bytes()).hexdigest()
    keep = {}
    if task.keep and not shown["text"]:
        entry["picture"] = f"{PICTURES}/{entry['key']}.webp"
        entry["original"] = f"{PICTURES}/{key_of([task.item.dataset, task.item.image])}.webp"
        keep = {"picture": out / entry["picture"], "original": out / entry["original"]}
    if any(metrics.find(name).kind == "set" for name in names):
        entry["features"] = f"{FEATURES}/{entry['key']}.npz"
        keep["features"] = out / entry["features"]
    source = task.setting if shown["text"] else ""
    values, failed = measurer.call("measure", names, task.item, stream, drawn, source, keep)
    if "memory" in names:
        peaks = {"enc_peak_mb": taken["enc_peak_mb"], "dec_peak_mb": shown["dec_peak_mb"]}
        values |= {name: value for name, value in peaks.items() if value == value}  # noqa: PLR0124 - not a number
    row |= values
    if failed:
        entry["failed"] = failed


def catch_lies(entries: Sequence[dict[str, Any]]) -> None:
    """Mark rows whose picture cannot have come from the bytes counted.

    Equal bytes decoded to the same size by the same decoder have to give the same picture. Where they do
    not, the decoder got something from elsewhere, or draws by chance.
    """
    seen: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for entry in entries:
        if entry.get("drawn") and not entry["row"]["error"]:
            row = entry["row"]
            same = (row["codec"], row["mode"], row["width"], row["height"], entry["sha256"])
            seen.setdefault(same, []).append(entry)
    for group in seen.values():
        if len({entry["drawn"] for entry in group}) > 1:
            for entry in group:
                entry["row"]["error"] = (
                    "equal bytes gave different pictures: the decoder knows more than the bytes counted"
                )


def processors() -> int:
    """Give how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
