"""Streams of the evaluation pictures by where their words come from, tune and budget; coded once and kept.

Recipes are left out: the prompt of a generated picture would answer for the words.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promptcodec
from eval import written
from eval.images import scaled
from eval.lab.rows import Journal
from eval.metrics import ms_ssim
from eval.rivals.search import psnr
from eval.versions import package_version
from promptcodec.description import Description, format_text, parse_text
from promptcodec.layers import derived, semantic
from promptcodec.settings import TUNES
from promptcodec.vision.load import load_image

LOCAL = "local"
WRITTEN = {f"written-{characters}": characters for characters in (400, 200, 80)}
SOURCES = (*WRITTEN, LOCAL)
BUDGETS = (64, 100, 150, 200, 300, 500)
DRAWN = (64, 100, 200, 500)
"""Budgets at which pictures are drawn, where that is wanted."""
SIDE = 512
"""Long side of the pictures that are compared."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How pictures are coded.

    Attributes:
        source: of the words, one of SOURCES.
        tune: of the stream.
        budget: of the stream, in bytes; 0 is the whole description, not in a stream.
    """

    source: str
    tune: str = ""
    budget: int = 0

    def key(self, name: str, part: str) -> str:
        """Name what is kept of a picture."""
        return "|".join((name, self.source, self.tune, str(self.budget), part))


@dataclass(frozen=True, slots=True)
class Coded:
    """A picture's words at a setting.

    Attributes:
        name: of the picture; see ``eval.written``.
        setting: how it is coded.
        description: the words, None where the stream has none.
        words: bytes of the semantic layer; of a whole description, what it takes beside a colour map.
        file: bytes of the stream; 0 of a whole description.
        scores: ``psnr`` and ``ms_ssim`` (luma) of what ``builtin`` draws, at a long side of SIDE.
        stream: the file; nothing of a whole description.
    """

    name: str
    setting: Setting
    description: Description | None
    words: int
    file: int
    scores: Mapping[str, float]
    stream: bytes = b""


def settings(
    sources: Sequence[str], tunes: Sequence[str] = TUNES, budgets: Sequence[int] = BUDGETS
) -> list[Setting]:
    """Give the settings: every whole description, then streams; of all sources but the first by one tune."""
    streams = [
        Setting(source, tune, budget)
        for index, source in enumerate(sources)
        for tune in (tunes[:1] if index else tunes)
        for budget in budgets
    ]
    return [*map(Setting, SOURCES), *streams]


@dataclass(frozen=True, slots=True)
class _Task:
    path: Path
    setting: Setting
    key: str
    description: Description | None
    """What is written of the picture; None where a captioner is asked."""
    stream: bytes | None = None
    """What is to be drawn; None to code it first."""


def code(
    paths: Sequence[Path], wanted: Sequence[Setting], out: Path | None, jobs: int, *, pixels: bool
) -> Iterator[list[Coded]]:
    """Code pictures at every setting.

    Args:
        paths: of pictures that have written descriptions.
        wanted: settings.
        out: a folder that keeps what is coded; the same call goes on from there, by the same code.
        jobs: processes.
        pixels: whether to draw the streams of DRAWN bytes.

    Yields:
        All pictures at a setting, in the order of ``paths`` and of ``wanted``.
    """
    journal = None
    if out:
        out.mkdir(parents=True, exist_ok=True)
        journal = Journal(out / "journal.jsonl")
    kept: dict[str, dict[str, Any]] = dict(journal.entries) if journal else {}
    version = f"{package_version()} {written.version()}"
    with ProcessPoolExecutor(jobs) as pool:
        for number, setting in enumerate(wanted, 1):
            names = [written.name_of(path) for path in paths]
            keys = [setting.key(name, version) for name in names]
            drawn = [setting.key(name, f"{version} drawn") for name in names]
            tasks = [
                _Task(path, setting, key, _source(path, setting))
                for path, key in zip(paths, keys, strict=True)
            ]
            _run(pool, tasks, kept, journal)
            has_pixels = pixels and setting.budget in DRAWN
            if has_pixels:
                tasks = [
                    _Task(path, setting, at, None, bytes.fromhex(kept[key]["stream"]))
                    for path, key, at in zip(paths, keys, drawn, strict=True)
                ]
                _run(pool, tasks, kept, journal)
            print(f"{number} of {len(wanted)} settings", file=sys.stderr, flush=True)
            yield [
                _coded(name, setting, kept[key], kept[at]["scores"] if has_pixels else {})
                for name, key, at in zip(names, keys, drawn, strict=True)
            ]
    if journal:
        journal.close()


def _run(
    pool: ProcessPoolExecutor,
    tasks: Iterable[_Task],
    kept: dict[str, dict[str, Any]],
    journal: Journal | None,
) -> None:
    """Do what is not done; keep it."""
    for entry in pool.map(_do, [task for task in tasks if task.key not in kept]):
        kept[entry["key"]] = entry
        if journal:
            journal.add(entry)


def _source(path: Path, setting: Setting) -> Description | None:
    if setting.source == LOCAL:
        return None
    return written.descriptions()[written.name_of(path), WRITTEN[setting.source]]


def _do(task: _Task) -> dict[str, Any]:
    image = load_image(task.path.read_bytes())
    setting = task.setting
    if task.stream is not None:
        small = scaled(image, SIDE)
        drawn = promptcodec.decode(task.stream, generator="builtin", size=small.size).image
        return {"key": task.key, "scores": {"psnr": psnr(small, drawn), "ms_ssim": ms_ssim(small, drawn)}}
    if not setting.budget:
        text = format_text(task.description or promptcodec.describe(image))
        return {"key": task.key, "text": text, "stream": ""}
    data = promptcodec.encode(
        image, budget=setting.budget, tune=setting.tune, description=task.description, recipe="off"
    )
    return {"key": task.key, "text": promptcodec.inspect(data)["text"], "stream": data.hex()}


def _coded(name: str, setting: Setting, entry: Mapping[str, Any], scores: Mapping[str, float]) -> Coded:
    description = parse_text(entry["text"]) if entry["text"] else None
    if not setting.budget:
        assert description is not None, "a whole description is one"
        words = semantic.encode(derived.strip(description), with_map=True)
        return Coded(name, setting, description, len(words), 0, scores)
    data = bytes.fromhex(entry["stream"])
    parts = {part["type"]: part["bytes"] for part in promptcodec.inspect(data)["parts"]}
    return Coded(name, setting, description, parts.get("semantic", 0), len(data), scores, data)
