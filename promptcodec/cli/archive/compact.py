"""``promptcodec archive compact``."""

from __future__ import annotations

from pathlib import Path

import click

from promptcodec.archive import store
from promptcodec.archive.care.compact import compact, table_of
from promptcodec.cli import batch, options, report


@click.command(
    "compact",
    epilog="\b\nExamples:\n"
    "  promptcodec archive compact pictures.pxa\n"
    "  promptcodec archive compact pictures.pxa --train",
)
@click.argument("path", metavar="A")
@click.option("--train", is_flag=True, help="Code texts with a table of the archive's own, where that pays.")
@options.json_option
def command(path: str, train: bool, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Make the file of the archive A smaller: many records to a page, and no room between.

    --train makes a table of texts that the archive holds often. What is taken out of the archive never needs
    it. An interrupt leaves the archive as it was, or compacted. Meanwhile it needs about as much room again.
    """
    with batch.naming(path), store.open(path, write=True) as archive:
        before = Path(path).stat().st_size
        table = table_of(archive) if train else None
        compact(archive, table)
        after = Path(path).stat().st_size
    if train and table is None:
        report.warn(f"{path}: a table of its own texts would not make it smaller")
    if as_json:
        report.emit({"file": path, "ok": True, "bytes_before": before, "bytes": after})
    else:
        report.say(f"{path}  {before} -> {after} B")
