"""``promptcodec archive remove``."""

from __future__ import annotations

import click

from promptcodec.archive import store
from promptcodec.archive.lookup import look_up
from promptcodec.cli import batch, options, report
from promptcodec.errors import PromptcodecError


@click.command(
    "remove",
    epilog="\b\nExamples:\n"
    "  promptcodec archive remove pictures.pxa 27badc98\n"
    "  promptcodec archive remove pictures.pxa kite.jpg beach.jpg",
)
@click.argument("path", metavar="A")
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@options.json_option
def command(path: str, names: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Remove pictures from the archive A, all that are named or none, and overwrite their bytes there.

    ID is as for get. Copies of the file, and what the disk itself keeps of it, are not touched. The index
    keeps their words until reindex.
    """
    with batch.naming(path), store.open(path, write=True) as archive:
        ids = []
        for id_ in look_up(archive, names).values():
            if isinstance(id_, PromptcodecError):
                raise id_
            ids.append(id_)
        archive.remove(ids)
    if as_json:
        report.emit({"file": path, "ok": True, "removed": [id_.hex() for id_ in ids]})
    else:
        report.say(f"{path}  {len(ids)} removed")
