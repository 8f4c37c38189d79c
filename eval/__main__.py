"""The comparison laboratory: run a study, report it, list what there is.

    python -m eval run STUDY.toml -o DIR [--limit N] [--jobs N] [--data DIR] [--foreign FILE]
    python -m eval report DIR [--foreign FILE] [--into DOCUMENT]
    python -m eval list [--json]

A run may be stopped at any time, by any means: the same command goes on where it was. Exit codes: 0 ok; 1
some rows failed; 2 usage or a bad study; 4 nothing could run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval import codecs, datasets, metrics, report, rows, runner, study
from eval.helper import Helper, StepError
from eval.missing import NOT_REACHED, NOT_RUN, Unavailable
from eval.versions import packages
from promptcodec.cli.report import printable
from promptcodec.files import write_whole

_PROBE_SECONDS = 120


def run(options: argparse.Namespace) -> int:
    """Run a study and report it."""
    asked = study.read(options.study)
    # What starts from here may look for weights there too, from any folder.
    os.environ["PROMPTCODEC_TEST_DATA"] = str((options.data or datasets.data_folder()).resolve())
    out: Path = options.out
    start = time.monotonic()
    result = runner.run(asked, out, limit=options.limit, jobs=options.jobs, data=options.data)
    seconds = time.monotonic() - start
    columns = (*rows.COLUMNS, *result.metric_columns)
    machine = f"{runner.processors()} processors, {platform.machine()}, Python {platform.python_version()}"
    said = {
        "title": asked.title,
        "question": asked.question,
        "text": asked.text,
        "report": dict(asked.report),
        "command": shlex.join(["python", "-m", "eval", *options.words]),
        "machine": machine,
        "seconds": seconds,
        "columns": result.metric_columns,
        "metrics": [_said(name) for name in asked.metrics if _known(name)],
        "datasets": [
            {"name": each["name"], "published": list(each.get("published", ()))} for each in asked.datasets
        ],
        "pictures": result.pictures,
        "features": result.features,
        "not_run": result.not_run,
        "failed": result.failed_metrics,
        "versions": {
            **packages(),
            **{f"codec {name}": version for name, version in result.versions.items()},
        },
    }
    rows.write_csv(out / "results.csv", result.rows, columns)
    missing = []
    try:
        rows.write_parquet(out / "results.parquet", result.rows, columns)
    except ImportError as error:
        missing.append(f"results.parquet: {error}")
    rows.write_compressai(out / "compressai", result.rows, machine)
    write_whole(str(out / report.RUN), json.dumps(said, indent=1).encode(), overwrite=True)
    missing += report.build(report.gather(out, options.foreign))
    for each in result.not_run:
        _say(f"{each['what']} {each['name']}: {NOT_RUN}{each['reason']}")
    for name, reason in result.failed_metrics.items():
        _say(f"metric {name} failed on some pictures: {reason}")
    for text in missing:
        _say(f"not written: {text}; pip install 'promptcodec[eval]' has it")
    return _code(result.rows, out)


def _code(found: Sequence[rows.Row], out: Path) -> int:
    good = sum(1 for row in found if not row["error"])
    kinds = {NOT_RUN: 0, NOT_REACHED: 0, "": 0}
    for row in found:
        if row["error"]:
            kinds[next(kind for kind in kinds if row["error"].startswith(kind))] += 1
    for row in [row for row in found if row["error"] and not row["error"].startswith((NOT_RUN, NOT_REACHED))][
        :10
    ]:
        _say(f"failed: {row['dataset']}: {row['image']}: {row['codec']} {row['setting']}: {row['error']}")
    left = f"{kinds[NOT_REACHED]} settings not reached, {kinds[NOT_RUN]} not run, {kinds['']} failed"
    print(printable(f"{out / 'report.html'}: {good} rows, {left}"))
    return 1 if kinds[""] else 0 if good else 4


def make_report(options: argparse.Namespace) -> int:
    """Report a run anew."""
    found = report.gather(options.folder, options.foreign)
    for text in report.build(found):
        _say(f"not written: {text}")
    if options.into:
        report.insert(found, options.into)
    print(options.folder / "report.html")
    return 0


def list_all(options: argparse.Namespace) -> int:
    """List kinds of datasets and codecs, metrics and whether they run, studies."""
    found: list[dict[str, Any]] = [
        {"what": "dataset", "name": name, "says": each[2], "reason": None}
        for name, each in datasets.KINDS.items()
    ]
    found += [
        {"what": "codec", "name": name, "says": each[2], "reason": None}
        for name, each in codecs.KINDS.items()
    ]
    with Helper(_PROBE_SECONDS) as helper:
        for name, metric in metrics.registry().items():
            reason = None
            try:
                helper.call("probe_metric", name)
            except (Unavailable, StepError) as error:
                reason = str(error)
            found.append({"what": "metric", "name": name, "says": metric.says, "reason": reason})
    for path in sorted(study.STUDIES.glob("*.toml")):
        said = study.read(path)
        found.append(
            {"what": "study", "name": f"eval/studies/{path.name}", "says": said.title, "reason": None}
        )
    for each in found:
        if options.json:
            print(json.dumps(each))
        else:
            state = f" ({NOT_RUN}{each['reason']})" if each["reason"] else ""
            print(printable(f"{each['what']:8} {each['name']:34} {each['says']}{state}"))
    return 0


def _said(name: str) -> dict[str, Any]:
    metric = metrics.find(name)
    columns = [] if metric.kind == "set" else list(metric.columns_or_name)
    return {
        "name": name,
        "kind": metric.kind,
        "columns": columns,
        "unit": metric.unit,
        "better": metric.better,
        "says": metric.says,
    }


def _known(name: str) -> bool:
    try:
        metrics.find(name)
    except Unavailable:
        return False
    return True


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr, flush=True)


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m eval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    each = commands.add_parser("run", help="run a study, or what is left of it")
    each.add_argument("study", type=Path, metavar="STUDY.toml")
    each.add_argument("-o", "--out", type=Path, required=True, metavar="DIR")
    each.add_argument("--limit", type=_count, help="pictures in all, from the datasets in turn")
    each.add_argument("--jobs", type=_count, default=runner.processors(), help="pictures at a time")
    each.add_argument(
        "--data", type=Path, help="where the study's folders are (PROMPTCODEC_TEST_DATA, ../shared/data)"
    )
    each.add_argument(
        "--foreign", type=Path, action="append", default=[], help="a results file of CompressAI to overlay"
    )
    each.set_defaults(do=run)
    each = commands.add_parser("report", help="report a run anew")
    each.add_argument("folder", type=Path, metavar="DIR")
    each.add_argument(
        "--foreign", type=Path, action="append", default=[], help="a results file of CompressAI to overlay"
    )
    each.add_argument(
        "--into", type=Path, metavar="DOCUMENT", help="write the tables between the marks of a document"
    )
    each.set_defaults(do=make_report)
    each = commands.add_parser("list", help="list datasets, codecs, metrics and studies")
    each.add_argument("--json", action="store_true", help="one object a line")
    each.set_defaults(do=list_all)
    options = parser.parse_args(words)
    options.words = list(sys.argv[1:] if words is None else words)
    try:
        code: int = options.do(options)
    except (study.StudyError, report.ReportError, runner.BusyError, OSError) as error:
        _say(f"python -m eval: {error}")
        return 2
    except KeyboardInterrupt:
        _say("stopped; the same command goes on from here")
        return 130
    return code


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
