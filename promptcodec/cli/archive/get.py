"""``promptcodec archive get``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import click

from promptcodec.archive import store
from promptcodec.archive.lookup import look_up
from promptcodec.archive.transfer.streams import standing_alone
from promptcodec.cli import batch, options
from promptcodec.cli.find import Source
from promptcodec.cli.plan import destinations, resolve_output
from promptcodec.errors import PromptcodecError, UsageError
from promptcodec.files import STDIO, check_apart


@dataclass(frozen=True, slots=True)
class GetTask:
    """One stream to take out.

    Attributes:
        source: what the picture was called.
        id: what that means, or why it means nothing.
        out: a file or ``-``.
    """

    source: str
    id: bytes | PromptcodecError
    out: str


def show(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    return "" if result["out"] == STDIO else f"{result['out']}  {result['bytes']} B"


@click.command(
    "get",
    epilog="\b\nExamples:\n"
    "  promptcodec archive get pictures.pxa 27badc98 -o kite.pxt\n"
    "  promptcodec archive get pictures.pxa kite.jpg beach.jpg -o streams/\n"
    "  promptcodec archive get pictures.pxa kite.jpg -o - | promptcodec decode - -o kite.png",
)
@click.argument("path", metavar="A")
@click.argument("names", nargs=-1, required=True, metavar="ID...")
@options.output_option
@options.overwrite_option
@options.json_option
def command(
    path: str,
    names: tuple[str, ...],
    output: str | None,
    overwrite: bool,  # noqa: FBT001 - click calls by keyword
    as_json: bool,  # noqa: FBT001
) -> None:
    """Take streams out of the archive A: files that stand alone.

    ID is the start of an id, four digits or more, or the name or the path of a picture where only one
    has it. In a folder each file is called by its whole id.
    """
    out = resolve_output(output, ())
    batch.check_stdout(out, as_json=as_json)
    with batch.naming(path), store.open(path) as archive:
        ids = look_up(archive, names)
        sources = [Source(name, name) for name in ids]
        files = [f"{id_.hex() if isinstance(id_, bytes) else name}.pxt" for name, id_ in ids.items()]
        targets = destinations(sources, files, out, in_folder=len(ids) > 1)
        check_apart(targets, (path,))

        def take(task: GetTask) -> dict[str, Any]:
            if isinstance(task.id, PromptcodecError):
                raise task.id
            record = archive.get(task.id)
            if record is None:
                raise UsageError("it was removed meanwhile")
            data = standing_alone(record.stream)
            batch.write_output(task.out, data, overwrite=overwrite)
            return {"file": task.source, "out": task.out, "ok": True, "id": task.id.hex(), "bytes": len(data)}

        tasks = [GetTask(name, ids[name], target) for name, target in zip(ids, targets, strict=True)]
        sys.exit(batch.run(tasks, take, show, jobs=1, as_json=as_json))
