"""What a study comes to: its rows, which of them are there, and what cannot run."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval import codecs, datasets, metrics
from eval.datasets import Item
from eval.lab.rows import NUMBERS, Row
from eval.lab.study import Study
from eval.lab.worker import Worker, WorkerError
from eval.missing import NOT_REACHED, NOT_RUN, Unavailable
from eval.versions import measuring


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


def make(study: Study, done: Mapping[str, Any], limit: int | None, data: Path | None, worker: Worker) -> Plan:
    """Find pictures, codecs and metrics, and what of their rows is still to be done.

    Args:
        study: what to run.
        done: entries of the journal by key.
        limit: pictures in all.
        data: where relative paths start.
        worker: loads codecs and metrics, to see whether they can run.
    """
    plan = Plan()
    _find_metrics(study, worker, plan)
    items = _find_items(study, limit, data, plan)
    runnable = _find_codecs(study, worker, list(dict.fromkeys(item.dataset for item, _, _ in items)), plan)
    own_metrics = any(metrics.find(name).ours for name in plan.metrics)
    for item, content, keep in items:
        for each in runnable:
            unit = []
            for setting in each.entry["settings"]:
                identity = [
                    item.dataset,
                    item.image,
                    item.side,
                    item.prompt,
                    content,
                    keep,
                    plan.metrics,
                    measuring(each.module, ours=own_metrics or each.module == "*"),
                ]
                identity += [each.same, each.mode, setting, each.version]
                keys = {variant: key_of([*identity, variant]) for variant in each.variants}
                plan.order += keys.values()
                left = {variant: key for variant, key in keys.items() if not _good(done.get(key))}
                if left:
                    unit.append(Task(item, each.text, each.entry["name"], each.mode, setting, left, keep))
            if unit:
                plan.units.append(unit)
    return plan


@dataclass(frozen=True)
class _Runnable:
    """A codec that can run in one of its forms."""

    entry: Mapping[str, Any]
    text: str
    mode: str
    variants: tuple[str, ...]
    version: str

    @property
    def module(self) -> str:
        """Give the module that decides what a codec of others gives; all of them for one of ours."""
        kind = self.entry["kind"]
        return codecs.KINDS[kind][0] if kind in codecs.FOREIGN else "*"

    @property
    def same(self) -> dict[str, Any]:
        """Give what of the entry decides a row: with more settings, generators or dollars the others stay."""
        left_out = {"settings", "modes", "generators", "spending"}
        return {key: value for key, value in self.entry.items() if key not in left_out}


def _find_metrics(study: Study, worker: Worker, plan: Plan) -> None:
    for name in study.metrics:
        try:
            metrics.find(name)
            worker.call("probe_metric", name)
            plan.metrics.append(name)
        except (Unavailable, WorkerError) as error:
            plan.not_run.append({"what": "metric", "name": name, "reason": str(error)})


def _find_items(
    study: Study, limit: int | None, data: Path | None, plan: Plan
) -> list[tuple[Item, str, bool]]:
    """Give the pictures, a hash of each file, and whether the report shows it."""
    sets: list[tuple[list[Item], Sequence[str]]] = []
    for entry in study.datasets:
        try:
            sets.append((datasets.items(entry, data), entry.get("strips", ())))
        except (Unavailable, ValueError, KeyError, OSError, tarfile.TarError) as error:
            reason = str(error) if isinstance(error, Unavailable) else f"{type(error).__name__}: {error}"
            plan.not_run.append({"what": "dataset", "name": entry["name"], "reason": reason})
            plan.rows.append(_blank(entry["name"], "", "", "", NOT_RUN + reason))
    return [
        (item, hashlib.sha256(item.read()).hexdigest(), item.image in shown_of(listed, wanted))
        for listed, wanted in in_turn(sets, limit)
        for item in listed
    ]


def _find_codecs(study: Study, worker: Worker, names: Sequence[str], plan: Plan) -> list[_Runnable]:
    runnable = []
    for entry in study.codecs:
        text = json.dumps(entry, sort_keys=True)
        for mode in entry.get("modes", ("whole",)):
            name = f"{entry['name']}, {mode}"
            try:
                variants, plan.versions[name] = worker.call("probe_codec", text, mode)
            except (Unavailable, WorkerError) as error:
                plan.not_run.append({"what": "codec", "name": name, "reason": str(error)})
                plan.rows += [
                    _blank(dataset, entry["name"], setting, mode, NOT_RUN + str(error))
                    for dataset in names
                    for setting in entry["settings"]
                ]
                continue
            runnable.append(_Runnable(entry, text, mode, variants, plan.versions[name]))
    return runnable


def in_turn(
    sets: Sequence[tuple[list[Item], Sequence[str]]], limit: int | None
) -> list[tuple[list[Item], Sequence[str]]]:
    """Leave ``limit`` pictures in all, taken from the datasets in turn."""
    if limit is None:
        return list(sets)
    counts = [0] * len(sets)
    while sum(counts) < min(limit, sum(len(listed) for listed, _ in sets)):
        for at, (listed, _) in enumerate(sets):
            if counts[at] < len(listed) and sum(counts) < limit:
                counts[at] += 1
    return [(listed[:count], shown) for (listed, shown), count in zip(sets, counts, strict=True)]


def shown_of(items: Sequence[Item], wanted: Sequence[str]) -> set[str]:
    """Give the names of the pictures that the report shows: those wanted; the first where none is named."""
    if not wanted:
        return {item.image for item in items[:1]}
    return {item.image for item in items}.intersection(wanted)


def key_of(value: Any) -> str:
    """Give a short hash of what JSON can say."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _good(entry: Mapping[str, Any] | None) -> bool:
    """Tell whether a row need not be done again: it was measured, or there is nothing to measure."""
    return entry is not None and (not entry["row"]["error"] or entry["row"]["error"].startswith(NOT_REACHED))


def _blank(dataset: str, codec: str, setting: str, mode: str, error: str) -> Row:
    names = {"image": "", "dataset": dataset, "codec": codec, "setting": setting, "mode": mode}
    return {**names, **dict.fromkeys(NUMBERS), "error": error}
