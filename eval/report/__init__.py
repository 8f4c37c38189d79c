"""Reports of a run: one HTML page that needs nothing else, Markdown, plots, picture strips."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.report import overlay, plots, strips, summary, tables
from eval.rows import Row, read_csv
from promptcodec.files import write_whole

HERE = Path(__file__).parent
RUN = "run.json"
_BEGIN, _END = "<!-- measured -->", "<!-- /measured -->"


class ReportError(ValueError):
    """A report cannot be made of a folder; the message says why."""


@dataclass(frozen=True)
class Material:
    """What a report is made of: rows, their metrics' columns, and what the run said of itself."""

    folder: Path
    rows: Sequence[Row]
    columns: Sequence[str]
    said: Mapping[str, Any]
    foreign: Sequence[Mapping[str, Any]]


def gather(folder: Path, foreign: Sequence[Path] = ()) -> Material:
    """Read what a run left.

    Raises:
        ReportError: the folder holds no run, or a foreign file is none.
    """
    try:
        said = json.loads((folder / RUN).read_text("utf-8"))
        rows, _ = read_csv(folder / "results.csv")
        paths = [*map(Path, said["report"].get("foreign", ())), *foreign]
        return Material(folder, rows, said["columns"], said, overlay.foreign(paths))
    except FileNotFoundError as error:
        raise ReportError(
            f"{error.filename} is not there; `python -m eval run STUDY -o {folder}` makes it"
        ) from None
    except (KeyError, ValueError) as error:
        raise ReportError(f"{folder}: {error}") from None


def build(found: Material) -> list[str]:
    """Write report.html, report.md, plots/ and strips/ beside the run's results.

    Returns:
        What could not be written, and why.
    """
    missing = []
    points = summary.points(found.rows, found.columns)
    shown = found.said["report"]
    others = {
        each["name"]: overlay.published(each["published"])
        for each in found.said["datasets"]
        if each["published"]
    }
    made = make_tables(found, points, others)
    write_whole(
        str(found.folder / "report.md"), markdown(found, made).encode("utf-8", "replace"), overwrite=True
    )
    pictures = strips.collect(found.folder, found.said["pictures"], found.rows)
    try:
        page = html(found, points, others, made, pictures)
        write_whole(str(found.folder / "report.html"), page.encode("utf-8", "replace"), overwrite=True)
    except ImportError as error:
        missing.append(f"report.html: {error}")
    metric = shown.get("metric")
    if metric in found.columns:
        try:
            units = {column: each["unit"] for each in found.said["metrics"] for column in each["columns"]}
            label = f"{metric} ({units[metric]})" if units.get(metric) else metric
            plots.draw(points, metric, label, found.folder / "plots", others, shown.get("zoom"))
        except ImportError as error:
            missing.append(f"plots/: {error}")
    strips.sheets(found.folder / "strips", pictures, shown.get("budgets", strips.BUDGETS))
    return missing


def make_tables(
    found: Material, points: Sequence[summary.Point], others: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[tables.Table]:
    """Make all tables."""
    better = {column: each["better"] for each in found.said["metrics"] for column in each["columns"]}
    columns = [column for column in found.columns if any(column in point.values for point in points)]
    shown = found.said["report"]
    not_run = list(found.said["not_run"])
    made = tables.means(points, columns)
    baseline = shown.get("baseline")
    if baseline:
        compared = summary.differences(found.rows, columns, baseline)
        made = tables.paired(compared, columns, baseline, better) + made
        rated = shown.get("bd_rate", shown.get("metric"))
        try:
            rates = summary.bd_rates(points, rated, baseline) if rated in columns else []
        except ImportError as error:
            rates = []
            not_run.append({"what": "table", "name": "BD-rate", "reason": str(error)})
        if any(each["bd_rate"] is not None for each in rates):
            made.append(tables.rates(rates, rated, baseline))
    distances = set_distances(found)
    if distances:
        made.append(tables.sets(distances))
    if not_run or found.said["failed"]:
        made.append(tables.not_run(not_run, found.said["failed"]))
    listed = [each for group in others.values() for each in group] + list(found.foreign)
    if listed:
        made.append(tables.published(listed))
    return made


def set_distances(found: Material) -> list[dict[str, Any]]:
    """Compare the kept features of every dataset, codec and setting with those of the originals."""
    from eval.metrics.sets import DISTANCES  # noqa: PLC0415 - only here

    names = [each["name"] for each in found.said["metrics"] if each["kind"] == "set"]
    groups: dict[tuple[str, ...], list[Path]] = {}
    for each in found.said["features"]:
        key = tuple(each[name] for name in ("dataset", "codec", "mode", "setting"))
        groups.setdefault(key, []).append(found.folder / each["file"])
    distances = []
    for key, files in groups.items():
        loaded = [np.load(file) for file in files if file.is_file()]
        pair = (
            [np.concatenate([each[name] for each in loaded]) for name in ("original", "decoded")]
            if loaded
            else []
        )
        if not pair or len(pair[0]) < 2:
            continue
        said = dict(zip(("dataset", "codec", "mode", "setting"), key, strict=True))
        distances += [
            said | {"metric": name, "value": DISTANCES[name](*pair), "patches": len(pair[0])}
            for name in names
        ]
    return distances


def markdown(found: Material, made: Sequence[tables.Table]) -> str:
    """Write the report as Markdown."""
    said = found.said
    lines = [
        f"# {tables.escape(said['title'])}",
        "",
        tables.escape(said["question"].strip()),
        "",
        "```sh",
        said["command"],
        "```",
        "",
    ]
    lines += [figures(found, made), "## Metrics", ""]
    lines += [f"* `{each['name']}`: {tables.escape(each['says'])}" for each in said["metrics"]]
    lines += ["", "## Versions", ""]
    lines += [
        f"* {tables.escape(name)}: {tables.escape(version)}" for name, version in said["versions"].items()
    ]
    return "\n".join(lines) + "\n"


def figures(found: Material, made: Sequence[tables.Table]) -> str:
    """Write what was measured: how many rows in what time, and the tables."""
    good = sum(1 for row in found.rows if not row["error"])
    seconds = found.said["seconds"]
    lines = [
        f"{good} of {len(found.rows)} rows have a picture; {found.said['machine']}; {seconds:.0f} s.",
        "",
    ]
    for table in made:
        lines += [f"## {tables.escape(table.title)}", "", tables.escape(table.note), "", table.markdown(), ""]
    return "\n".join(lines)


def insert(found: Material, document: Path) -> None:
    """Put what was measured between the marks of a document.

    Raises:
        ReportError: the document has no marks.
    """
    text = document.read_text("utf-8")
    if _BEGIN not in text or _END not in text:
        raise ReportError(f"{document} has no lines {_BEGIN} and {_END} to write between")
    others = {each["name"]: overlay.published(each["published"]) for each in found.said["datasets"]}
    made = make_tables(found, summary.points(found.rows, found.columns), others)
    # Means stand in report.md; what a document is about is the comparison, where there is one.
    left_out = {"published", "means"} if any(table.name == "paired" for table in made) else {"published"}
    kept = [table for table in made if table.name not in left_out]
    inner = f"{_BEGIN}\n\n`{found.said['command']}`: {figures(found, kept)}\n{_END}"
    whole = re.sub(f"{_BEGIN}.*?{_END}", lambda _: inner, text, flags=re.DOTALL)
    write_whole(str(document), whole.encode(), overwrite=True)


def html(
    found: Material,
    points: Sequence[summary.Point],
    others: Mapping[str, Sequence[Mapping[str, Any]]],
    made: Sequence[tables.Table],
    pictures: Sequence[strips.Strip],
) -> str:
    """Write the page; what is not ours in it is text, never markup or script."""
    import jinja2  # noqa: PLC0415 - an extra

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined
    )
    script = (HERE / "page.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html").render(
        said=found.said,
        tables=made,
        style=(HERE / "page.css").read_text("utf-8"),
        script=script,
        digest=digest,
        data=embed(_data(found, points, others, pictures)),
        rows=len(found.rows),
        good=sum(1 for row in found.rows if not row["error"]),
    )


def embed(value: Any) -> str:
    """Write JSON that can stand inside a script element: no character of it can end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(
    found: Material,
    points: Sequence[summary.Point],
    others: Mapping[str, Sequence[Mapping[str, Any]]],
    pictures: Sequence[strips.Strip],
) -> dict[str, Any]:
    return {
        "metrics": [
            {"name": column, "unit": each["unit"], "says": each["says"]}
            for each in found.said["metrics"]
            for column in each["columns"]
            if any(column in point.values for point in points)
        ],
        "metric": found.said["report"].get("metric", ""),
        "zoom": found.said["report"].get("zoom", 0),
        "points": [
            {
                "dataset": point.dataset,
                "codec": point.codec if point.mode == "whole" else f"{point.codec}, {point.mode}",
                "setting": point.setting,
                "n": point.n,
                "bytes": round(point.values["bytes"].mean, 1),
                "bpp": point.values["bpp"].mean,
                "values": {
                    column: [value.mean, value.low, value.high]
                    for column, value in point.values.items()
                    if column in found.columns and point.of_all(column)
                },
            }
            for point in points
            if point.n and not point.failed
        ],
        "others": [
            {
                "dataset": dataset,
                "codec": each["codec"],
                "setting": each["setting"],
                "source": each["source"],
                "values": each["values"],
            }
            for dataset, group in [*others.items(), *_everywhere(found, points)]
            for each in group
        ],
        "strips": [strip.embedded() for strip in pictures],
        "budgets": found.said["report"].get("budgets", list(strips.BUDGETS)),
        "around": [strips.LEAST, strips.OVER],
    }


def _everywhere(
    found: Material, points: Sequence[summary.Point]
) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Give foreign points with every dataset: their files do not say which they are of."""
    return [(dataset, found.foreign) for dataset in dict.fromkeys(point.dataset for point in points)]


__all__ = ["Material", "ReportError", "build", "embed", "gather", "insert"]
