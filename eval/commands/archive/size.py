"""``python -m eval archive size``: bytes and gets of an archive beside what else could keep its records."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from eval.measure import archive_size
from eval.measure.archive_rivals import RIVALS
from eval.options import FILE, PATH, SeveralCommand, example, json_option
from eval.tables import markdown

NAMES = [rival.name for rival in RIVALS]


@click.command(
    cls=SeveralCommand, epilog=example("python -m eval archive size --archive out/archive/100k.pxa")
)
@click.option("--archive", type=FILE, required=True, help="Made by `archive build`.")
@click.option(
    "--rivals", multiple=True, type=click.Choice(NAMES), default=NAMES, help="What else keeps the records."
)
@click.option("--work", type=PATH, help="Folder for what is written meanwhile; the system's by default.")
@json_option
def command(archive: Path, rivals: tuple[str, ...], work: Path | None, *, as_json: bool) -> None:
    """Measure the bytes of an archive over its payload, and the time of a random get.

    The payload is bare streams, ids of 16 bytes, paths as UTF-8 and times of 8 bytes. Other containers get
    the same records; of those that keep no ids the payload is without them. Gets come from the page cache,
    from a container that is open already; "open_ms" says how long that took.
    """
    with tempfile.TemporaryDirectory(dir=work) as folder:
        rows = list(archive_size.rows(archive, Path(folder), rivals))
    click.echo(json.dumps(rows) if as_json else markdown(rows))
