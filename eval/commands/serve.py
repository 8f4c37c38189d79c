"""``python -m eval serve``: how a server bears many clients, and being killed."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import click

from eval.measure.serving import Load, measure
from eval.measure.serving_searches import searches
from eval.options import COUNT, FILE, example


@click.command(epilog=example("python -m eval serve pictures.pxa"))
@click.argument("archive", type=FILE)
@click.option("--cached", type=COUNT, default=2000, show_default=True, help="Renders that are cached.")
@click.option("--mixed", type=COUNT, default=20_000, show_default=True, help="Requests of the mixture.")
@click.option("--connections", type=COUNT, default=64, show_default=True, help="At a time.")
def command(archive: Path, cached: int, mixed: int, connections: int) -> None:
    """Measure a server over ARCHIVE, which is not written.

    One JSON object a line: one picture that all clients want at once; tiles; cached renders; pictures that
    clients have already; memory over a mixture of renders, tiles and JSON; what a server leaves that is
    killed while it draws; how long another one takes to go on with its jobs; the list, the gallery and
    searches of a server that has just started. The client runs on the same machine.
    """
    for row in itertools.chain(measure(archive, Load(cached, mixed, connections)), searches(archive)):
        click.echo(json.dumps(row))
