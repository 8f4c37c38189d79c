"""How quickly pictures and texts are coded, by stage, and how that compares with other codecs.

CPU seconds of one core, warm, medians over pictures and rounds. Each round asks every core and every other
codec about every picture once, so that what slows a machine down for a while slows all of them.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from eval import written
from eval.measure.speed_stages import DECODE, ENCODE, Seams, stages_of, total
from eval.measure.speed_worker import RIVALS
from promptcodec.description import format_text
from promptcodec.settings import DEFAULT_LAYERS, EncodeSettings

BUDGETS = (60, None, 200, 1000)
USUAL = 200
"""The budget at which efforts, contours and other codecs are compared."""
EFFORTS = (1, 9)
"""Beside the default."""
CONTOURS = (*DEFAULT_LAYERS, "structure")
TEXT = 400
"""Characters of the written descriptions that the text coder is timed on."""
TEXTS = 8
ROOT = Path(__file__).parent.parent.parent


class Case(NamedTuple):
    """What is encoded.

    Attributes:
        budget: bytes, None for no limit.
        layers: names.
        effort: None for the default.
    """

    budget: int | None
    layers: tuple[str, ...]
    effort: int | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What workers answered, by what they were asked: stages by core and case, and the rest."""

    encode: dict[tuple[str, Case], list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    decode: dict[tuple[str, Case], list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    text: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    rivals: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))


class Worker:
    """A process of one core."""

    def __init__(self, *, pure: bool) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PROMPTCODEC_PURE": "1" if pure else "0"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "eval.measure.speed_worker"],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Have one thing done; see ``speed_worker.ANSWERS``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"do": do, **what}), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@contextmanager
def cores() -> Iterator[dict[str, Worker]]:
    """Start a worker for each core there is, by its name, the compiled one first."""
    workers = {"compiled": Worker(pure=False), "pure": Worker(pure=True)}
    try:
        if not workers["compiled"].ask("core")["compiled"]:
            workers.pop("compiled").close()
        yield workers
    finally:
        for worker in workers.values():
            worker.close()


def cases() -> list[Case]:
    """Give what is encoded."""
    asked = [Case(budget, DEFAULT_LAYERS, None) for budget in BUDGETS]
    asked.append(Case(USUAL, CONTOURS, None))
    if "effort" in {setting.name for setting in fields(EncodeSettings)}:
        asked += [Case(USUAL, DEFAULT_LAYERS, effort) for effort in EFFORTS]
    return asked


def measure(paths: Sequence[Path], rounds: int) -> dict[str, Any]:
    """Measure everything.

    Args:
        paths: picture files.
        rounds: how often each is asked about; one more goes before, not counted.

    Returns:
        ``pictures``, ``rounds``, and lists of rows: ``encode``, ``decode``, ``cold``, ``text``, ``rivals``,
        ``memory``.
    """
    taken = Taken()
    texts = [
        format_text(description)
        for (_, characters), description in written.descriptions().items()
        if characters == TEXT
    ][:TEXTS]
    with cores() as workers:
        _round(workers, paths[:1], texts, Taken())
        for _ in range(rounds):
            _round(workers, paths, texts, taken)
        memory = [{"core": core, "peak_mb": worker.ask("peak")["mb"]} for core, worker in workers.items()]
    encode = [_row(ENCODE, core, case, each) for (core, case), each in taken.encode.items()]
    ours = next(row for row in encode if row["budget"] == USUAL)
    return {
        "pictures": len(paths),
        "rounds": rounds,
        "encode": encode,
        "decode": [_row(DECODE, core, case, each) for (core, case), each in taken.decode.items()],
        "cold": cold(paths[0], rounds),
        "text": [_text_row(core, answers) for core, answers in taken.text.items()],
        "rivals": _rival_rows(taken.rivals, ours["ms"]),
        "memory": memory,
    }


def _round(workers: dict[str, Worker], paths: Sequence[Path], texts: Sequence[str], taken: Taken) -> None:
    """Ask every core and every other codec once about every picture."""
    first = next(iter(workers.values()))
    for path in map(str, (path.absolute() for path in paths)):
        for case, (core, worker) in itertools.product(cases(), workers.items()):
            encoded = worker.ask("encode", path=path, **case._asdict())
            taken.encode[core, case].append(encoded["stages"])
            if case.effort is None:
                taken.decode[core, case].append(worker.ask("draw", stream=encoded["stream"])["stages"])
        for codec, speed in [(codec, speed) for codec, speeds in RIVALS.items() for speed in speeds]:
            answer = first.ask("rival", path=path, codec=codec, speed=speed)
            taken.rivals[codec, speed].append(answer)
    for core, worker in workers.items():
        taken.text[core].append(worker.ask("text", texts=texts))


def _row(seams: Seams, core: str, case: Case, each: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Make a row of milliseconds: the median of the whole, and of each stage for itself."""
    whole = statistics.median(map(total, each))
    unseen = statistics.median(total(one, ["captioner"]) for one in each)
    return {
        "core": core,
        **case._asdict(),
        "ms": _ms(whole),
        "without_captioner_ms": _ms(unseen),
        "per_second": round(1 / whole, 2),
        "stages": {
            stage: _ms(statistics.median(one.get(stage, 0.0) for one in each)) for stage in stages_of(seams)
        },
    }


def _text_row(core: str, answers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "core": core,
        "characters": answers[0]["characters"],
        **{
            f"{way}_per_second": round(answers[0]["characters"] / statistics.median(a[way] for a in answers))
            for way in ("encode", "decode")
        },
    }


def _rival_rows(others: dict[tuple[str, str], list[dict[str, Any]]], ours: float) -> list[dict[str, Any]]:
    """Make a row for each codec and speed; ``ratio`` is its time in ours, or ``missing`` names a package."""
    rows: list[dict[str, Any]] = []
    for (codec, speed), answers in others.items():
        row: dict[str, Any] = {"codec": codec, "speed": speed, "options": RIVALS[codec][speed]}
        if "missing" in answers[0]:
            rows.append(row | {"missing": answers[0]["missing"]})
            continue
        ms = _ms(statistics.median(answer["seconds"] for answer in answers))
        size = round(statistics.median(answer["bytes"] for answer in answers))
        rows.append(row | {"ms": ms, "bytes": size, "ratio": round(ms / ours, 2)})
    return rows


def cold(path: Path, rounds: int) -> list[dict[str, Any]]:
    """Give CPU milliseconds of whole processes of the command line, start and imports included."""
    with tempfile.TemporaryDirectory() as folder:
        stream, picture = f"{folder}/a.pxt", f"{folder}/a.png"
        commands = {
            "--version": ["--version"],
            f"encode --budget {USUAL}B": [
                "encode",
                str(path.absolute()),
                "-o",
                stream,
                "--budget",
                f"{USUAL}B",
            ],
            "inspect": ["inspect", stream],
            "decode": ["decode", stream, "-o", picture],
        }
        times: dict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            for name, words in commands.items():
                more = ["--overwrite"] if "-o" in words else []
                times[name].append(_cpu_of([sys.executable, "-m", "promptcodec", *words, *more]))
    return [{"command": name, "ms": _ms(statistics.median(each))} for name, each in times.items()]


def _cpu_of(command: list[str]) -> float:
    before = os.times()
    subprocess.run(
        command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, check=True
    )
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
