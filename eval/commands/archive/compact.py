"""``python -m eval archive compact``: what compacting saves, without and with a table of its texts."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from eval.datasets import data_folder
from eval.measure import archive_compact
from eval.options import COUNT, FILE, PATH, example, json_option
from eval.tables import markdown


@click.command(epilog=example("python -m eval archive compact --real out/archive/real.db --count 10000"))
@click.option("--real", type=FILE, help="Made by `archive make`; streams of the embedded captioner.")
@click.option("--count", type=COUNT, default=10_000, show_default=True, help="Streams of each kind, at most.")
@click.option(
    "--data", type=PATH, default=data_folder, help="Holds text/ with captions; ../shared/data by default."
)
@click.option("--work", type=PATH, help="Folder for what is written meanwhile; the system's by default.")
@json_option
def command(real: Path | None, count: int, data: Path, work: Path | None, *, as_json: bool) -> None:
    """Measure the bytes of archives of words before and after "compact" and "compact --train".

    Words are people's long captions, some of which the shipped tables were trained on; prompts of sources
    that no table has seen; and those of the embedded captioner, beside a texture layer.
    """
    with tempfile.TemporaryDirectory(dir=work) as folder:
        rows = [
            row
            for name, given in archive_compact.texts(data, real, count).items()
            for row in archive_compact.rows(name, given, Path(folder))
        ]
    click.echo(json.dumps(rows) if as_json else markdown(rows))
