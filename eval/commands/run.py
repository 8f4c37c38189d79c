"""``python -m eval run``: a study, or what is left of it."""

from __future__ import annotations

import json
import os
import platform
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from eval import datasets, metrics, report
from eval.commands import MISSING, say
from eval.commands.report import foreign_option
from eval.lab import rows, runner
from eval.lab.study import Study, read
from eval.missing import NOT_REACHED, NOT_RUN, Unavailable
from eval.options import COUNT, FOLDER, PATH, example, output_option
from eval.versions import packages
from promptcodec.cli.report import say as print_line
from promptcodec.files import write_whole

# Rows that failed and are named.
_NAMED = 10


@click.command(
    epilog=example("python -m eval run eval/studies/equal-bytes.toml -o out/equal-bytes --limit 4")
)
@click.argument("study_file", type=PATH, metavar="STUDY.toml")
@output_option(text="Folder of the results; a run that was stopped goes on in it.")
@click.option("--limit", type=COUNT, help="Pictures in all, from the datasets in turn.")
@click.option(
    "--jobs", type=COUNT, default=runner.processors, help="Pictures at a time; all processors where not said."
)
@click.option(
    "--data",
    type=FOLDER,
    help="Where the study's folders are; else PROMPTCODEC_TEST_DATA, ../shared/data beside the checkout.",
)
@foreign_option
@click.pass_obj
def command(
    words: list[str],
    study_file: Path,
    out: Path,
    limit: int | None,
    jobs: int,
    data: Path | None,
    foreign: tuple[Path, ...],
) -> int:
    """Run a study, or what is left of it.

    Its report is written too. A run may be stopped at any time, by any means: the same command goes on where
    it was. Exit codes: 0 ok; 1 some rows failed; 2 usage or a bad study; 4 nothing could run.
    """
    study = read(study_file)
    # What starts from here may look for weights there too, from any folder.
    os.environ["PROMPTCODEC_TEST_DATA"] = str((data or datasets.data_folder()).resolve())
    start = time.monotonic()
    result = runner.run(study, out, limit=limit, jobs=jobs, data=data)
    account = account_of(study, result, words, time.monotonic() - start)
    for each in result.not_run:
        say(f"{each['what']} {each['name']}: {NOT_RUN}{each['reason']}")
    if all(row["error"].startswith(NOT_RUN) for row in result.rows):
        say(nothing_ran(result))
        return MISSING
    missing = write_results(out, result, account)
    missing += report.build(report.gather(out, foreign))
    for name, reason in result.failed_metrics.items():
        say(f"metric {name} failed on some pictures: {reason}")
    for text in missing:
        say(f"not written: {text}; pip install 'promptcodec[eval]' has it")
    return summarise(result.rows, out)


def nothing_ran(result: runner.Result) -> str:
    """Say that no row of a study could be done, and for lack of what."""
    lacking = [what for what in ("dataset", "codec") if any(each["what"] == what for each in result.not_run)]
    why = f": the reasons stand above, by {' and '.join(lacking)}" if lacking else ": it has no pictures"
    return f"there was nothing to run{why}; no report was written"


def account_of(study: Study, result: runner.Result, words: Sequence[str], seconds: float) -> dict[str, Any]:
    """Give what a report has to know of a run besides its rows."""
    machine = f"{runner.processors()} processors, {platform.machine()}, Python {platform.python_version()}"
    return {
        "title": study.title,
        "question": study.question,
        "text": study.text,
        "report": dict(study.report),
        "command": shlex.join(["python", "-m", "eval", *words]),
        "machine": machine,
        "seconds": seconds,
        "columns": result.metric_columns,
        "metrics": _definitions(study.metrics),
        "datasets": [
            {"name": each["name"], "published": list(each.get("published", ()))} for each in study.datasets
        ],
        "pictures": result.pictures,
        "features": result.features,
        "not_run": result.not_run,
        "failed": result.failed_metrics,
        "versions": packages() | {f"codec {name}": version for name, version in result.versions.items()},
    }


def write_results(out: Path, result: runner.Result, account: dict[str, Any]) -> list[str]:
    """Write tables, CompressAI's JSON and the run's account; give what could not be written, and why."""
    columns = (*rows.COLUMNS, *result.metric_columns)
    rows.write_csv(out / "results.csv", result.rows, columns)
    missing = []
    try:
        rows.write_parquet(out / "results.parquet", result.rows, columns)
    except ImportError as error:
        missing.append(f"results.parquet: {error}")
    rows.write_compressai(out / "compressai", result.rows, account["machine"])
    write_whole(str(out / report.RUN), json.dumps(account, indent=1).encode(), overwrite=True)
    return missing


def summarise(table: Sequence[rows.Row], out: Path) -> int:
    """Say how many rows there are and which failed; give the exit code."""
    good = sum(1 for row in table if not row["error"])
    kinds = {NOT_RUN: 0, NOT_REACHED: 0, "": 0}
    failed = []
    for row in table:
        if row["error"]:
            kind = next(kind for kind in kinds if row["error"].startswith(kind))
            kinds[kind] += 1
            failed += [] if kind else [row]
    for row in failed[:_NAMED]:
        say(f"failed: {row['dataset']}: {row['image']}: {row['codec']} {row['setting']}: {row['error']}")
    left = f"{kinds[NOT_REACHED]} settings not reached, {kinds[NOT_RUN]} not run, {len(failed)} failed"
    print_line(f"{out / 'report.html'}: {good} rows, {left}")
    return 1 if failed else 0 if good else MISSING


def _definitions(names: Sequence[str]) -> list[dict[str, Any]]:
    definitions = []
    for name in names:
        try:
            metric = metrics.find(name)
        except Unavailable:
            continue
        definitions.append(
            {
                "name": name,
                "kind": metric.kind,
                "columns": [] if metric.kind == "set" else list(metric.columns_or_name),
                "unit": metric.unit,
                "better": metric.better,
                "says": metric.says,
            }
        )
    return definitions
