"""``promptcodec archive create``."""

from __future__ import annotations

import click

from promptcodec.archive import store
from promptcodec.cli import batch, options, report


@click.command("create", epilog="\b\nExamples:\n  promptcodec archive create pictures.pxa")
@click.argument("path", metavar="A")
@options.json_option
def command(path: str, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Make an empty archive, the file A."""
    with batch.naming(path), store.create(path) as archive:
        if as_json:
            report.emit({"file": path, "ok": True, "uid": archive.uid.hex()})
        else:
            report.say(f"{path}  an empty archive")
