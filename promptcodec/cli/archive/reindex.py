"""``promptcodec archive reindex``."""

from __future__ import annotations

import click

from promptcodec.cli import batch, options, report


@click.command("reindex", epilog="\b\nExamples:\n  promptcodec archive reindex pictures.pxa")
@click.argument("path", metavar="A")
@options.jobs_option
@options.json_option
def command(path: str, jobs: int | None, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Make the index of the archive A anew.

    Searching does so by itself where the index is missing, damaged or of an older version. What was measured
    of pictures when they were added is taken over from the old index.
    """
    from promptcodec.archive import store  # noqa: PLC0415 - --help starts light
    from promptcodec.archive.indexing import documents, index  # noqa: PLC0415 - --help starts light
    from promptcodec.cli.archive.indexing import progress, reader  # noqa: PLC0415

    with (
        batch.naming(path),
        store.open(path) as archive,
        index.rebuild(archive, read=reader(jobs), progress=progress()) as own,
    ):
        count = documents.size(own.base)
        if as_json:
            report.emit({"file": path, "ok": True, "index": str(own.path), "records": count})
        else:
            report.say(f"{report.printable(str(own.path))}  {count:,} pictures")
