"""``promptcodec migrate``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import click

from promptcodec.cli import batch, options, ready
from promptcodec.cli.find import STREAMS
from promptcodec.cli.plan import plan
from promptcodec.files import STDIO, check_free


@dataclass(frozen=True, slots=True)
class MigrateTask:
    """One stream to migrate."""

    source: str
    out: str
    overwrite: bool
    dictionary: str | None


def migrate_one(task: MigrateTask) -> dict[str, Any]:
    """Migrate one stream; give the JSON object of the result."""
    from promptcodec import reading  # noqa: PLC0415 - workers and --help start light

    draft = batch.read_input(task.source)
    check_free(task.out, overwrite=task.overwrite)
    data = reading.migrate(draft, dictionaries=batch.read_dictionaries(task.dictionary))
    batch.write_output(task.out, data, overwrite=task.overwrite)
    version = reading.outline(data)["version"]
    result = {"file": task.source, "out": task.out, "ok": True, "bytes": len(data), "version": version}
    return result | batch.dictionary_used(task.dictionary, [data])


def show(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    if result["out"] == STDIO:
        return ""
    return f"{result['out']}  version {result['version']}, {result['bytes']} B"


@click.command(
    "migrate",
    epilog="\b\nExamples:\n"
    "  promptcodec migrate old.pxt -o new.pxt\n"
    "  promptcodec migrate drafts/ -o streams/",
)
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@options.output_option
@options.dictionary_option
@options.overwrite_option
@options.jobs_option
@options.json_option
def command(
    inputs: tuple[str, ...],
    output: str | None,
    dictionary: str | None,
    overwrite: bool,  # noqa: FBT001 - click calls by keyword
    jobs: int | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Write streams of version 0, the draft, as version 1.

    The parts stay the same bytes, so this works where the last draft wrote them; parts of earlier drafts
    are an error that names them.
    """
    selection, pairs = plan(inputs, output, STREAMS, str, as_json=as_json, read=[dictionary])
    tasks = [MigrateTask(source.path, target, overwrite, dictionary) for source, target in pairs]
    workers = options.resolve_jobs(jobs, len(tasks))
    sys.exit(
        batch.run(
            tasks,
            migrate_one,
            show,
            jobs=workers,
            as_json=as_json,
            ready=ready.READING,
            selection=selection,
        )
    )
