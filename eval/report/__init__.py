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

from eval.lab.rows import Row, read_csv
from eval.report import bd_rate, overlay, plots, ratios, strips, summary, tables
from promptcodec.errors import UsageError
from promptcodec.files import write_whole

HERE = Path(__file__).parent
RUN = "run.json"
_BEGIN, _END = "<!-- measured -->", "<!-- /measured -->"


class ReportError(UsageError):
    """A report cannot be made of a folder; the message says why."""


@dataclass(frozen=True)
class Material:
    """What a report is made of: rows, their metrics' columns, and the run's own account of itself."""

    folder: Path
    rows: Sequence[Row]
    columns: Sequence[str]
    run: Mapping[str, Any]
    foreign: Sequence[Mapping[str, Any]]


def gather(folder: Path, foreign: Sequence[Path] = ()) -> Material:
    """Read what a run left.

    Raises:
        ReportError: the folder holds no run, or a foreign file is none.
    """
    try:
        run = json.loads((folder / RUN).read_text("utf-8"))
        rows, _ = read_csv(folder / "results.csv")
        paths = [*map(Path, run["report"].get("foreign", ())), *foreign]
        return Material(folder, rows, run["columns"], run, overlay.foreign(paths))
    except FileNotFoundError as error:
        raise ReportError(
            f"{error.filename} is not there; `python -m eval run STUDY -o {folder}` makes it"
        ) from None
    except (KeyError, ValueError) as error:
        raise ReportError(f"{folder}: {error}") from None


def build(material: Material) -> list[str]:
    """Write report.html, report.md, plots/ and strips/ beside the run's results.

    Returns:
        What could not be written, and why.
    """
    missing = []
    points = summary.points(material.rows, material.columns)
    shown = material.run["report"]
    others = {
        each["name"]: overlay.published(each["published"])
        for each in material.run["datasets"]
        if each["published"]
    }
    built = make_tables(material, points, others)
    write_whole(
        str(material.folder / "report.md"),
        markdown(material, built).encode("utf-8", "replace"),
        overwrite=True,
    )
    pictures = strips.collect(material.folder, material.run["pictures"], material.rows)
    try:
        page = html(material, points, others, built, pictures)
        write_whole(str(material.folder / "report.html"), page.encode("utf-8", "replace"), overwrite=True)
    except ImportError as error:
        missing.append(f"report.html: {error}")
    metric = shown.get("metric")
    if metric in material.columns:
        try:
            units = {column: each["unit"] for each in material.run["metrics"] for column in each["columns"]}
            label = f"{metric} ({units[metric]})" if units.get(metric) else metric
            plots.draw(points, metric, label, material.folder / "plots", others, shown.get("zoom"))
        except ImportError as error:
            missing.append(f"plots/: {error}")
    strips.sheets(material.folder / "strips", pictures, shown.get("budgets", strips.BUDGETS))
    return missing


def make_tables(
    material: Material, points: Sequence[summary.Point], others: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[tables.Table]:
    """Make all tables."""
    better = {column: each["better"] for each in material.run["metrics"] for column in each["columns"]}
    columns = [column for column in material.columns if any(column in point.values for point in points)]
    shown = material.run["report"]
    not_run = list(material.run["not_run"])
    built = tables.means(points, columns)
    baseline = shown.get("baseline")
    if baseline:
        compared = summary.differences(material.rows, columns, baseline)
        built = tables.paired(compared, columns, baseline, better) + built
        rated = shown.get("bd_rate", shown.get("metric"))
        try:
            counted = shown.get("bd_settings", ())
            rates = bd_rate.bd_rates(material.rows, rated, baseline, counted) if rated in columns else []
        except ImportError as error:
            rates = []
            not_run.append({"what": "table", "name": "BD-rate", "reason": str(error)})
        if any(each.value is not None for each in rates):
            built.append(tables.rates(rates, rated, baseline, counted))
        shares = [column for column in shown.get("ratios", ()) if column in columns]
        built += [ratios.ratios(material.rows, column, baseline) for column in shares]
    distances = set_distances(material)
    if distances:
        built.append(tables.sets(distances))
    if not_run or material.run["failed"]:
        built.append(tables.not_run(not_run, material.run["failed"]))
    listed = [each for group in others.values() for each in group] + list(material.foreign)
    if listed:
        built.append(tables.published(listed))
    return built


def set_distances(material: Material) -> list[dict[str, Any]]:
    """Compare the kept features of every dataset, codec and setting with those of the originals."""
    from eval.metrics.sets import DISTANCES  # noqa: PLC0415 - only here

    names = [each["name"] for each in material.run["metrics"] if each["kind"] == "set"]
    groups: dict[tuple[str, ...], list[Path]] = {}
    for each in material.run["features"]:
        key = tuple(each[name] for name in ("dataset", "codec", "mode", "setting"))
        groups.setdefault(key, []).append(material.folder / each["file"])
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
        group = dict(zip(("dataset", "codec", "mode", "setting"), key, strict=True))
        distances += [
            group | {"metric": name, "value": DISTANCES[name](*pair), "patches": len(pair[0])}
            for name in names
        ]
    return distances


def markdown(material: Material, built: Sequence[tables.Table]) -> str:
    """Write the report as Markdown."""
    run = material.run
    lines = [
        f"# {tables.escape(run['title'])}",
        "",
        tables.escape(run["question"].strip()),
        "",
        "```sh",
        run["command"],
        "```",
        "",
    ]
    lines += [figures(material, built), "## Metrics", ""]
    lines += [f"* `{each['name']}`: {tables.escape(each['says'])}" for each in run["metrics"]]
    lines += ["", "## Versions", ""]
    lines += [
        f"* {tables.escape(name)}: {tables.escape(version)}" for name, version in run["versions"].items()
    ]
    return "\n".join(lines) + "\n"


def figures(material: Material, built: Sequence[tables.Table]) -> str:
    """Write what was measured: how many rows in what time, and the tables."""
    good = sum(1 for row in material.rows if not row["error"])
    seconds = material.run["seconds"]
    lines = [
        f"{good} of {len(material.rows)} rows have a picture; {material.run['machine']}; {seconds:.0f} s.",
        "",
    ]
    for table in built:
        lines += [f"## {tables.escape(table.title)}", "", tables.escape(table.note), "", table.markdown(), ""]
    return "\n".join(lines)


def insert(material: Material, document: Path) -> None:
    """Put what was measured between the marks of a document.

    Raises:
        ReportError: the document has no marks.
    """
    text = document.read_text("utf-8")
    if _BEGIN not in text or _END not in text:
        raise ReportError(f"{document} has no lines {_BEGIN} and {_END} to write between")
    others = {each["name"]: overlay.published(each["published"]) for each in material.run["datasets"]}
    built = make_tables(material, summary.points(material.rows, material.columns), others)
    # Means stand in report.md; what a document is about is the comparison, where there is one.
    left_out = {"published", "means"} if any(table.name == "paired" for table in built) else {"published"}
    kept = [table for table in built if table.name not in left_out]
    inner = f"{_BEGIN}\n\n`{material.run['command']}`: {figures(material, kept)}\n{_END}"
    whole = re.sub(f"{_BEGIN}.*?{_END}", lambda _: inner, text, flags=re.DOTALL)
    write_whole(str(document), whole.encode(), overwrite=True)


def html(
    material: Material,
    points: Sequence[summary.Point],
    others: Mapping[str, Sequence[Mapping[str, Any]]],
    built: Sequence[tables.Table],
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
        run=material.run,
        tables=built,
        style=(HERE / "page.css").read_text("utf-8"),
        script=script,
        digest=digest,
        data=embed(_data(material, points, others, pictures)),
        rows=len(material.rows),
        good=sum(1 for row in material.rows if not row["error"]),
    )


def embed(value: Any) -> str:
    """Write JSON that can stand inside a script element: no character of it can end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(
    material: Material,
    points: Sequence[summary.Point],
    others: Mapping[str, Sequence[Mapping[str, Any]]],
    pictures: Sequence[strips.Strip],
) -> dict[str, Any]:
    return {
        "metrics": [
            {"name": column, "unit": each["unit"], "says": each["says"]}
            for each in material.run["metrics"]
            for column in each["columns"]
            if any(column in point.values for point in points)
        ],
        "metric": material.run["report"].get("metric", ""),
        "zoom": material.run["report"].get("zoom", 0),
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
                    if column in material.columns and point.of_all(column)
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
            for dataset, group in [*others.items(), *_everywhere(material, points)]
            for each in group
        ],
        "strips": [strip.embedded() for strip in pictures],
        "budgets": material.run["report"].get("budgets", list(strips.BUDGETS)),
        "around": [strips.LEAST, strips.OVER],
    }


def _everywhere(
    material: Material, points: Sequence[summary.Point]
) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Give foreign points with every dataset: their files do not say which they are of."""
    return [(dataset, material.foreign) for dataset in dict.fromkeys(point.dataset for point in points)]


__all__ = ["Material", "ReportError", "build", "embed", "gather", "insert"]
