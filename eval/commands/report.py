"""``python -m eval report``."""

from __future__ import annotations

from pathlib import Path

import click

from eval import report
from eval.commands import say
from eval.options import FILE, example, folder_argument

foreign_option = click.option(
    "--foreign", type=FILE, multiple=True, help="A results file of CompressAI to overlay; may be repeated."
)


@click.command(epilog=example("python -m eval report out/equal-bytes --foreign theirs.json"))
@folder_argument
@foreign_option
@click.option("--into", type=FILE, metavar="DOCUMENT", help="Write the tables between a document's marks.")
def command(folder: Path, foreign: tuple[Path, ...], into: Path | None) -> None:
    """Report a run, which FOLDER holds, anew."""
    material = report.gather(folder, foreign)
    for text in report.build(material):
        say(f"not written: {text}")
    if into:
        report.insert(material, into)
    click.echo(folder / "report.html")
