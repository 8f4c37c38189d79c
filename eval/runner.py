"""Run a study: one row for each picture, codec and setting, kept as soon as it is measured.

The runner believes no codec. It lets one process write a file, counts that file's bytes itself, hands
nothing but those bytes to another process, and compares what comes back with the original.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval import datasets, metrics
from eval.datasets import Item
from eval.helper import Helper, StepError
from eval.missing import NOT_REACHED, NOT_RUN, NotReached, Unavailable
from eval.progress import Progress
from eval.rows import NUMBERS, Journal, Row
from eval.study import Study

JOURNAL = "journal.jsonl"
PICTURES = "pictures"
FEATURES = "features"


class BusyError(RuntimeError):
    """Another run is writing into the same folder."""


@dataclass(frozen=True)
class Task:
    """One encoding, and its decodings.

    Attributes:
        item: the picture.
        entry: the codec's entry in the study, as JSON.
        codec: its name.
        mode: ``whole`` or ``stripped``.
        setting: one of the entry's.
        keys: of the rows that the decoders give, by decoder; those already there are left out.
        keep: whether the report shows this picture.
    """

    item: Item
    entry: str
    codec: str
    mode: str
    setting: str
    keys: Mapping[str, str]
    keep: bool

    def row(self, variant: str) -> Row:
        """Give the row of a decoder with its names, and no value yet."""
        codec = self.codec if variant in {"", "builtin"} else f"{self.codec} by {variant}"
        return {
            "image": self.item.image,
            "dataset": self.item.dataset,
            "codec": codec,
            "setting": self.setting,
            "mode": self.mode,
            **dict.fromkeys(NUMBERS),
            "error": "",
        }


@dataclass
class Plan:
    """What there is to do.

    Attributes:
        units: tasks of one picture and one codec each, which share a process.
        order: keys of all rows, in the order of the table.
        rows: rows that are known without running: what cannot run.
        metrics: names of those that can run.
        not_run: what cannot, and why, for the report.
        versions: of each codec.
    """

    units: list[list[Task]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    not_run: list[dict[str, str]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)


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


def plan(study: Study, done: Mapping[str, Any], limit: int | None, data: Path | None, helper: Helper) -> Plan:
    """Find pictures, codecs and metrics, and what of their rows is still to be done."""
    made = Plan()
    for name in study.metrics:
        try:
            metrics.find(name)
            helper.call("probe_metric", name)
            made.metrics.append(name)
        except (Unavailable, StepError) as error:
            made.not_run.append({"what": "metric", "name": name, "reason": str(error)})
    sets: list[tuple[list[Item], Sequence[str]]] = []
    for entry in study.datasets:
        try:
            found = datasets.items(entry, data)
        except Unavailable as error:
            made.not_run.append({"what": "dataset", "name": entry["name"], "reason": str(error)})
            made.rows.append(_blank(entry["name"], "", "", "", NOT_RUN + str(error)))
            continue
        sets.append((found, entry.get("strips", ())))
    items = [
        (item, hashlib.sha256(item.read()).hexdigest(), item.image in shown_of(found, wanted))
        for found, wanted in in_turn(sets, limit)
        for item in found
    ]
    codecs: list[tuple[Mapping[str, Any], str, str, tuple[str, ...], str]] = []
    for entry in study.codecs:
        text = json.dumps(entry, sort_keys=True)
        for mode in entry.get("modes", ("whole",)):
            try:
                variants, version = helper.call("probe_codec", text, mode)
            except (Unavailable, StepError) as error:
                name = f"{entry['name']}, {mode}"
                made.not_run.append({"what": "codec", "name": name, "reason": str(error)})
                made.rows += [
                    _blank(dataset, entry["name"], setting, mode, NOT_RUN + str(error))
                    for dataset in dict.fromkeys(item.dataset for item, _, _ in items)
                    for setting in entry["settings"]
                ]
                continue
            made.versions[f"{entry['name']}, {mode}"] = version
            codecs.append((entry, text, mode, variants, version))
    for item, content, keep in items:
        for entry, text, mode, variants, version in codecs:
            same = {
                key: value
                for key, value in entry.items()
                if key not in {"settings", "name", "modes", "generators"}
            }
            unit = []
            for setting in entry["settings"]:
                said = [
                    item.dataset,
                    item.image,
                    item.side,
                    item.prompt,
                    content,
                    same,
                    entry["name"],
                    mode,
                    setting,
                ]
                keys = {variant: _key([*said, variant, version, made.metrics, keep]) for variant in variants}
                made.order += keys.values()
                left = {variant: key for variant, key in keys.items() if not _good(done.get(key))}
                if left:
                    unit.append(Task(item, text, entry["name"], mode, setting, left, keep))
            if unit:
                made.units.append(unit)
    return made


def in_turn(
    sets: Sequence[tuple[list[Item], Sequence[str]]], limit: int | None
) -> list[tuple[list[Item], Sequence[str]]]:
    """Leave ``limit`` pictures in all, taken from the datasets in turn."""
    if limit is None:
        return list(sets)
    counts = [0] * len(sets)
    while sum(counts) < min(limit, sum(len(found) for found, _ in sets)):
        for at, (found, _) in enumerate(sets):
            if counts[at] < len(found) and sum(counts) < limit:
                counts[at] += 1
    return [(found[:count], shown) for (found, shown), count in zip(sets, counts, strict=True)]


def shown_of(found: Sequence[Item], wanted: Sequence[str]) -> set[str]:
    """Give the names of the pictures that the report shows: those wanted that are there, else the first."""
    there = {item.image for item in found}
    return there.intersection(wanted) or {item.image for item in found[:1]}


def _key(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _good(entry: Mapping[str, Any] | None) -> bool:
    """Tell whether a row need not be done again: it was measured, or there is nothing to measure."""
    return entry is not None and (not entry["row"]["error"] or entry["row"]["error"].startswith(NOT_REACHED))


def _blank(dataset: str, codec: str, setting: str, mode: str, error: str) -> Row:
    names = {"image": "", "dataset": dataset, "codec": codec, "setting": setting, "mode": mode}
    return {**names, **dict.fromkeys(NUMBERS), "error": error}


def run(
    study: Study, out: Path, *, limit: int | None = None, jobs: int = 2, data: Path | None = None
) -> Result:
    """Do what is left of a study, and give all of its rows.

    Args:
        study: what to run.
        out: a folder for the journal and the pictures; made where it is not there.
        limit: pictures in all, from the datasets in turn.
        jobs: pictures at a time, two processes each.
        data: where the study's relative paths start.

    Raises:
        BusyError: another run is writing there.
    """
    for name in ("", PICTURES, FEATURES):
        (out / name).mkdir(parents=True, exist_ok=True)
    journal = Journal(out / JOURNAL)
    try:
        fcntl.flock(journal.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise BusyError(f"another run is writing into {out}; wait for it, or choose another folder") from None
    try:
        with Helper(study.timeout) as helper:
            made = plan(study, journal.entries, limit, data, helper)
        todo = sum(len(task.keys) for unit in made.units for task in unit)
        with Progress(todo, len(made.order) - todo) as progress:
            _work(made, study, out, journal, max(1, jobs), progress)
        entries = [journal.entries[key] for key in made.order if key in journal.entries]
    finally:
        journal.close()
    catch_lies(entries)
    failed = {name: said for entry in entries for name, said in entry.get("failed", {}).items()}
    columns = [
        column for name in made.metrics for column in _columns(name) if metrics.find(name).kind != "set"
    ]
    missing = [each["name"] for each in made.not_run if each["what"] == "metric"]
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
    rows = made.rows + [entry["row"] for entry in entries]
    columns = list(dict.fromkeys(columns))
    return Result(rows, columns, pictures, features, made.not_run, failed, made.versions)


def _columns(name: str) -> tuple[str, ...]:
    try:
        metric = metrics.find(name)
    except Unavailable:
        return (name,)
    return () if metric.kind == "set" else metric.columns_or_name


def _work(made: Plan, study: Study, out: Path, journal: Journal, jobs: int, progress: Progress) -> None:
    """Run the units on ``jobs`` threads, each with an encoding and a decoding process of its own."""
    lock = threading.Lock()
    mine = threading.local()
    helpers: list[Helper] = []

    def work(unit: Sequence[Task]) -> None:
        if not hasattr(mine, "pair"):
            mine.pair = Helper(study.timeout), Helper(study.timeout)
            with lock:
                helpers.extend(mine.pair)
        for task in unit:
            for entry in perform(task, *mine.pair, made.metrics, out):
                with lock:
                    journal.add(entry)
                    progress.step(entry["row"])

    pool = ThreadPoolExecutor(jobs)
    try:
        for done in [pool.submit(work, unit) for unit in made.units]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)
        for helper in helpers:
            helper.close()


def perform(
    task: Task, encoder: Helper, decoder: Helper, names: Sequence[str], out: Path
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
        except (NotReached, Unavailable, StepError, OSError) as error:
            said = {NotReached: NOT_REACHED, Unavailable: NOT_RUN}.get(type(error), "") + str(error)
            return [
                {"key": key, "row": rows[variant] | {"error": said}} for variant, key in task.keys.items()
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
                _decode(task, variant, data, Path(folder), encoder, decoder, names, out, entry, taken)
            except (NotReached, Unavailable, StepError, OSError) as error:
                entry["row"]["error"] = str(error)
            entries.append(entry)
        return entries


def _decode(
    task: Task,
    variant: str,
    data: bytes,
    folder: Path,
    encoder: Helper,
    decoder: Helper,
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
        entry["original"] = f"{PICTURES}/{_key([task.item.dataset, task.item.image])}.webp"
        keep = {"picture": out / entry["picture"], "original": out / entry["original"]}
    if any(metrics.find(name).kind == "set" for name in names):
        entry["features"] = f"{FEATURES}/{entry['key']}.npz"
        keep["features"] = out / entry["features"]
    source = task.setting if shown["text"] else ""
    values, failed = encoder.call("measure", names, task.item, stream, drawn, source, keep)
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
                    "equal bytes gave different pictures: its decoder knows more than the bytes that are counted"
                )


def processors() -> int:
    """Give how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
