"""``python -m eval archive search``: how quickly an archive is searched, and in how much memory."""

from __future__ import annotations

import json
from pathlib import Path

import click

from eval.measure import archive_search
from eval.options import FILE, SeveralCommand, example, json_option
from eval.tables import markdown


@click.command(
    cls=SeveralCommand,
    epilog=example(
        "python -m eval archive search --archive out/archive/100k.pxa",
        "python -m eval archive search --archive out/archive/1m.pxa --kinds words word --each",
    ),
)
@click.option("--archive", type=FILE, required=True, help="Made by `archive build`.")
@click.option(
    "--kinds", multiple=True, type=click.Choice(archive_search.KINDS), default=archive_search.KINDS,
    help="Of searches.",
)  # fmt: skip
@click.option("--each", is_flag=True, help="A table of every search, too.")
@json_option
def command(archive: Path, kinds: tuple[str, ...], *, each: bool, as_json: bool) -> None:
    """Measure the searches of eval/archive_queries.txt, and searches for pictures like another.

    Each kind has a process of its own: "peak_mb" is the most memory that it had. A search is timed from its
    text to its results with their records and reasons.
    """
    rows = list(archive_search.rows(archive, kinds))
    if as_json:
        click.echo(json.dumps(rows))
        return
    click.echo(markdown([{key: row[key] for key in row if key != "each"} for row in rows]))
    for row in rows if each else ():
        click.echo(f"\n{row['kind']}:\n\n{markdown(row['each'])}")
