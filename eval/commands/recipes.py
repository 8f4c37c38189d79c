"""``python -m eval recipes``: what the recipe layer reads and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from eval.measure.recipes import by_tool, measure, totals
from eval.options import example, folder_argument, json_option
from promptcodec.vision.formats import SUFFIXES

HEAD = """| tool | files | checked fields | ours | sd-parsers | verbatim / brotli | fields / brotli |
|---|---|---|---|---|---|---|"""


@click.command(epilog=example("python -m eval recipes ../shared/data/metadata_samples --json"))
@folder_argument
@json_option
def command(folder: Path, *, as_json: bool) -> None:
    """Count bytes and right fields of recipes.

    The recipe of every picture below FOLDER is read and coded. Fields are checked against a table of
    hand-checked ones, and so are those of sd-parsers where it is installed. See docs/guide/recipes.md.
    """
    rows = [measure(path) for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    tools = list(by_tool(rows))
    for row in rows:
        row["file"] = str(Path(row["file"]).relative_to(folder))
    if as_json:
        click.echo(json.dumps({"files": rows, "by_tool": tools, "totals": totals(rows)}, ensure_ascii=False))
    else:
        print_table(tools)
        click.echo(json.dumps(totals(rows)))


def print_table(tools: Iterable[Mapping[str, Any]]) -> None:
    """Print Markdown."""
    print(HEAD)
    for tool in tools:
        cells = [tool["tool"], *(tool[key] for key in ("n", "checked", "ours", "sd_parsers"))]
        ratios = [
            f"{tool[key]:.3f}" if tool[key] else "" for key in ("verbatim_to_brotli", "fields_to_brotli")
        ]
        print("| " + " | ".join(map(str, [*cells, *ratios])) + " |")
