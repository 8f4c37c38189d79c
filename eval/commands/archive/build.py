"""``python -m eval archive build``: an archive and its index, to be measured."""

from __future__ import annotations

import json
from pathlib import Path

import click

from eval.measure import archive_build
from eval.measure.archive_pack import Pack
from eval.options import COUNT, FILE, example, json_option, output_option
from eval.tables import markdown


@click.command(
    epilog=example(
        "python -m eval archive build out/archive/full.db -o out/archive/100k.pxa",
        "python -m eval archive build out/archive/full.db -o out/archive/1m.pxa --times 10",
    )
)
@click.argument("streams", type=FILE)
@output_option(text="File of the archive.")
@click.option("--count", type=COUNT, help="Use so many of the streams.")
@click.option("--times", type=COUNT, default=1, show_default=True, help="How often each, under other ids.")
@json_option
def command(streams: Path, out: Path, count: int | None, times: int, *, as_json: bool) -> None:
    """Put STREAMS into an archive, compact it, and make its index; say what each step took.

    With --times above 1 the index reads each stream once, however often it is there: its time and its memory
    then say nothing of real archives.
    """
    with Pack(streams) as pack:
        items = list(pack.items(count))
    rows = list(archive_build.build(out, items, times))
    click.echo(json.dumps(rows) if as_json else markdown(rows))
