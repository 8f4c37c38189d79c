"""``promptcodec archive repair``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from promptcodec.archive.care.known import known_ids
from promptcodec.archive.care.repair import repair
from promptcodec.cli import batch, options, report


@click.command(
    "repair",
    epilog="\b\nExamples:\n  promptcodec archive repair pictures.pxa -o saved.pxa",
)
@click.argument("path", metavar="A")
@click.option("-o", "--output", required=True, metavar="NEW", help="The archive to make; it must not exist.")
@options.json_option
def command(path: str, output: str, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Write all that can be read of the damaged archive A into a new one, and say what cannot.

    A stays as it is, and need not be one that opens. The exit code is 1 where pictures are lost.
    """
    with batch.naming(path):
        outcome = repair(Path(path), Path(output), known_ids(Path(path)))
    lost = [id_.hex() for id_ in outcome.lost]
    if as_json:
        report.emit({"file": path, "out": output, "ok": not lost, "saved": outcome.saved, "lost": lost})
    else:
        report.say(f"{output}  {outcome.saved} pictures saved")
        for id_ in lost:
            report.say(f"{id_} is lost")
    sys.exit(1 if lost else 0)
