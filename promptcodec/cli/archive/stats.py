"""``promptcodec archive stats``."""

from __future__ import annotations

import click

from promptcodec.archive import store
from promptcodec.archive.care.stats import stats
from promptcodec.cli import batch, options, report


@click.command("stats", epilog="\b\nExamples:\n  promptcodec archive stats pictures.pxa --json")
@click.argument("path", metavar="A")
@options.json_option
def command(path: str, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Count the bytes of the archive A.

    The overhead of a record is what the file has beside the bare streams and, for each picture, an id of 16
    bytes, the path where it was first, and a time of 8 bytes. The index is a file of its own.
    """
    with batch.naming(path), store.open(path) as archive:
        counted = stats(archive)
    if as_json:
        report.emit(
            {
                "file": path,
                "ok": True,
                "records": counted.records,
                "bytes": counted.bytes,
                "payload_bytes": counted.payload_bytes,
                "named_bytes": counted.named_bytes,
                "overhead_per_record": round(counted.overhead_per_record, 4),
                "journal": counted.journal,
            }
        )
        return
    lines = [
        f"{path}  {counted.records} pictures in {counted.bytes} B",
        f"  streams         {counted.payload_bytes:>12} B",
        f"  ids and paths   {counted.named_bytes:>12} B",
        f"  all else        {counted.overhead_per_record:>12.2f} B a picture",
    ]
    if counted.journal:
        lines.append(f"  {counted.journal} changes are not compacted: `promptcodec archive compact` does it")
    report.say("\n".join(lines), lines=True)
