"""``python -m eval archive sheets``: the first results of searches, for somebody to judge."""

from __future__ import annotations

import json
from pathlib import Path

import click

from eval.measure import archive_queries, archive_search, archive_sheets
from eval.options import FILE, example, folder_argument, json_option, output_option


@click.command(
    epilog=example(
        "python -m eval archive sheets ../shared/data/train --archive out/archive/train.pxa "
        "-o out/archive/sheets.jpg"
    )
)
@folder_argument
@click.option("--archive", type=FILE, required=True, help="Made by `archive build` of its pictures.")
@output_option(text="The first sheet; others get a number.")
@json_option
def command(folder: Path, archive: Path, out: Path, *, as_json: bool) -> None:
    """Draw the first ten results of each search that a person would type.

    Searches are those of the kind "sheet" in eval/archive_queries.txt. The pictures of the archive lie in
    FOLDER.
    """
    with archive_search.opened(archive) as (find, _):
        shown = archive_sheets.draw(
            archive_queries.queries("sheet"),
            lambda text: [result.record.name for result in find(text)],
            folder,
            out,
        )
    click.echo(json.dumps(shown) if as_json else "\n".join(f"{key}: {len(shown[key])}" for key in shown))
