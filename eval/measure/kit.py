"""What the kit comes to before it runs: who would draw, what is missing, what it costs, how long it takes."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval import datasets, metrics
from eval.lab import runner, study
from eval.lab.study import Study
from eval.lab.worker import Worker, WorkerError
from eval.missing import Unavailable
from promptcodec import decoding, encoding, plugins
from promptcodec.api.spending import Estimate, Limits
from promptcodec.captioners import PricedCaptioner
from promptcodec.errors import PromptcodecError
from promptcodec.generators import PricedGenerator
from promptcodec.readiness import Examined, Readiness
from promptcodec.settings import EncodeSettings

STUDY = study.STUDIES / "kit.toml"
WEIGHTS = Path(metrics.__file__).parent / "weights.toml"
EXTRA = "pip install 'promptcodec[eval]'"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the user named: folders of pictures, who describes, who draws, pictures of each folder."""

    kodak: Path
    generated: Path
    captioner: str
    generators: tuple[str, ...]
    limit: int | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What hosted models come to: requests and dollars, nan where a price is unknown."""

    requests: int
    dollars: float


def study_of(setup: Setup, limits: Limits | None = None) -> Study:
    """Put folders, captioner, generators and what may be spent into the study."""
    text = STUDY.read_text("utf-8")
    content = tomllib.loads(text)
    for entry, folder in zip(content["datasets"], (setup.kodak, setup.generated), strict=True):
        entry["path"] = str(folder.resolve())
        if setup.limit is not None:
            entry["limit"] = min(setup.limit, entry.get("limit", setup.limit))
    for entry in content["codecs"]:
        entry |= {"captioner": setup.captioner, "generators": list(setup.generators)}
        if limits is not None:
            entry["spending"] = {"cost": limits.cost, "strict": limits.strict, "run": limits.run}
    return study.parse(content, text, STUDY.name)


def examine(role: str, spec: str) -> Readiness:
    """Say whether a captioner or generator would work now, by what it says of itself."""
    try:
        plugin = plugins.create(role, spec)
    except PromptcodecError as error:
        return Readiness(spec, ok=False, why="; ".join(filter(None, (str(error), error.hint))))
    if not isinstance(plugin, Examined):
        return Readiness(spec, ok=True, why="it is installed and says no more")
    rows = plugin.examine()
    own = (row for name in (spec, spec.partition(":")[0]) for row in rows if row.name == name)
    return replace(next(own, rows[0]), name=spec)


def is_paid(role: str, spec: str) -> bool:
    """Say whether asking it may cost something."""
    kind: Any = PricedGenerator if role == "generators" else PricedCaptioner
    return isinstance(plugins.create(role, spec), kind)


def missing_metrics(asked: Study) -> list[dict[str, Any]]:
    """Give the metrics that cannot run: why, and of those that lack weights size, licence and a command."""
    known = tomllib.loads(WEIGHTS.read_text("utf-8"))
    lacking = []
    with Worker(asked.timeout) as worker:
        for name in asked.metrics:
            try:
                worker.call("probe_metric", name)
            except (Unavailable, WorkerError) as error:
                lacking.append({"name": name, "reason": str(error), **known.get(name, {})})
    return lacking


def count(asked: Study) -> dict[str, int]:
    """Give how many pictures there are of each dataset.

    Raises:
        Unavailable: a folder holds none.
    """
    return {entry["name"]: len(datasets.items(entry)) for entry in asked.datasets}


def cost(asked: Study) -> Cost:
    """Estimate what hosted models would be asked, by the first picture of each dataset.

    Nobody is asked. Drawing is estimated on streams of the local captioner, which are about as long.
    """
    requests, dollars = 0, 0.0
    for entry in asked.datasets:
        items = datasets.items(entry)
        for one in _estimates(asked, items[0]):
            requests += one.requests[0] * len(items)
            dollars += one.cost * len(items)
    return Cost(requests, dollars)


def _estimates(asked: Study, item: datasets.Item) -> Iterator[Estimate]:
    image = item.load()
    for codec in asked.codecs:
        (setting,) = codec["settings"]
        draft = EncodeSettings(
            budget=study.budget(setting, image.size), layers=tuple(codec["layers"]), recipe="off"
        )
        yield encoding.estimate(image, replace(draft, captioner=codec["captioner"]))
        stream = encoding.encode_full(image, draft).data
        for generator in codec["generators"]:
            yield decoding.estimate(stream, generator=generator)


def seconds_a_picture(setup: Setup, out: Path) -> tuple[float, tuple[str, ...]]:
    """Code and draw the first picture with all that costs nothing; its rows are those of the study.

    Returns:
        Seconds, nan where nothing could be tried, and the generators that drew.
    """
    free = tuple(name for name in setup.generators if not is_paid("generators", name))
    if not free or is_paid("captioners", setup.captioner):
        return math.nan, ()
    rows = runner.run(study_of(replace(setup, generators=free)), out, limit=1, jobs=1).rows
    good = [row for row in rows if not row["error"]]
    coding = {row["codec"].partition(" by ")[0]: row["enc_s"] for row in good}
    return sum(coding.values()) + sum(row["dec_s"] for row in good), free if good else ()


def about(row: Readiness) -> str:
    """Say of a captioner or generator whether it would work, and why."""
    more = (row.licence, size(row.size) if row.size else "")
    return f"{row.name}: {'ready' if row.ok else 'cannot run'}: {'; '.join(filter(None, (row.why, *more)))}"


def about_metric(lacking: Mapping[str, Any]) -> tuple[str, str]:
    """Say of a metric why it cannot run, and give the command that gets its weights, or ``""``."""
    text = f"metric {lacking['name']}: not here: {lacking['reason']}"
    if "get" not in lacking:
        return (f"{text}:", EXTRA) if lacking["reason"].startswith("No module") else (text, "")
    return f"{text}; this fetches about {size(lacking['size'])} ({lacking['licence']}):", lacking["get"]


def size(number: int) -> str:
    """Write a size for people."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"


def duration(seconds: float) -> str:
    """Write a time for people."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
