"""``python -m eval speed``: how long encoding and decoding take, by stage, and beside other codecs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from eval.images import listed
from eval.measure.speed import measure
from eval.options import COUNT, example, folder_argument, json_option, limit_option
from promptcodec.errors import UsageError


@click.command(epilog=example("python -m eval speed ../shared/data/eval/kodak --limit 6"))
@folder_argument
@limit_option
@click.option("--rounds", type=COUNT, default=3, show_default=True, help="How often each thing is done.")
@json_option
def command(folder: Path, limit: int | None, rounds: int, *, as_json: bool) -> None:
    """Measure how long encoding and decoding take.

    CPU milliseconds of one core, medians over the pictures of FOLDER and the rounds: by stage, budget and
    effort, with the compiled core and the pure one, in processes that go on and in fresh ones; characters a
    second of the text coder; other codecs on the same pictures in the same run. See
    docs/measurements/speed.md.
    """
    paths = listed(folder, limit)
    if not paths:
        raise UsageError(f"{folder} holds no picture")
    report = measure(paths, rounds)
    click.echo(json.dumps(report) if as_json else "\n".join(_page(report)))


def _page(report: Mapping[str, Any]) -> Iterator[str]:
    """Write Markdown tables."""
    for what in ("encode", "decode"):
        rows = report[what]
        effort = what == "encode"
        stages = list(rows[0]["stages"])
        heads = ["core", "budget", *(["effort"] if effort else []), "pictures/s", "ms"]
        yield f"{what.capitalize()}:\n"
        yield from _table(
            [*heads, *(["without captioner"] if effort else []), *stages],
            [
                [
                    row["core"],
                    _budget(row),
                    *([row["effort"] or "default"] if effort else []),
                    row["per_second"],
                    row["ms"],
                    *([row["without_captioner_ms"]] if effort else []),
                    *row["stages"].values(),
                ]
                for row in rows
            ],
        )
    yield "A fresh process:\n"
    yield from _table(["command", "ms"], [[f"`{row['command']}`", row["ms"]] for row in report["cold"]])
    yield "Texts, token PPM:\n"
    yield from _table(
        ["core", "characters/s coded", "characters/s read"],
        [[row["core"], row["encode_per_second"], row["decode_per_second"]] for row in report["text"]],
    )
    yield "Other codecs, encoding:\n"
    yield from _table(
        ["codec", "speed", "ms", "times ours", "bytes"],
        [
            [row["codec"], row["speed"], f"needs {row['missing']}", "-", "-"]
            if "missing" in row
            else [row["codec"], f"{row['speed']} ({_options(row)})", row["ms"], row["ratio"], row["bytes"]]
            for row in report["rivals"]
        ],
    )
    yield "Peak memory:\n"
    yield from _table(["core", "MB"], [[row["core"], row["peak_mb"] or "-"] for row in report["memory"]])
    yield f"{report['pictures']} pictures, {report['rounds']} rounds."


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    yield from (f"| {' | '.join(map(str, row))} |" for row in rows)
    yield ""


def _budget(row: Mapping[str, Any]) -> str:
    text = f"{row['budget']} B" if row["budget"] else "none"
    return f"{text}, contours" if "structure" in row["layers"] else text


def _options(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row["options"].items())
