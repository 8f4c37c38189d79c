"""``promptcodec verify``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import click

from promptcodec.cli import batch, options, ready
from promptcodec.cli.find import STREAMS, find


@dataclass(frozen=True, slots=True)
class VerifyTask:
    """One stream to verify."""

    source: str
    dictionary: str | None


def verify_one(task: VerifyTask) -> dict[str, Any]:
    """Read every part of a stream; give the JSON object of the result."""
    from promptcodec import reading  # noqa: PLC0415 - workers and --help start light

    data = batch.read_input(task.source)
    outline = reading.verify(data, dictionaries=batch.read_dictionaries(task.dictionary))
    parts = [{key: part[key] for key in ("type", "coder", "bytes")} for part in outline["parts"]]
    return {
        "file": task.source,
        "ok": True,
        "version": outline["version"],
        "bytes": outline["bytes"],
        "parts": parts,
    } | batch.dictionary_used(task.dictionary, [data])


def show(result: dict[str, Any]) -> str:
    """Make the line a person reads."""
    parts = ", ".join(f"{part['type']} {part['bytes']}" for part in result["parts"])
    return f"{result['file']}  ok, version {result['version']}, {result['bytes']} B  ({parts})"


@click.command(
    "verify",
    epilog="\b\nExamples:\n"
    "  promptcodec verify photo.pxt\n"
    "  promptcodec verify archive/ --jobs 4 --json | jq -r 'select(.ok | not).file'",
)
@click.argument("inputs", nargs=-1, required=True, metavar="FILE...")
@options.dictionary_option
@options.jobs_option
@options.json_option
def command(
    inputs: tuple[str, ...],
    dictionary: str | None,
    jobs: int | None,
    as_json: bool,  # noqa: FBT001 - click calls by keyword
) -> None:
    """Read every part of streams, without drawing a picture.

    FILE is a stream, a folder, a pattern or - for standard input. Parts of a kind this version
    does not know are passed over, unless they are critical.
    """
    selection = find(inputs, STREAMS, "streams")
    tasks = [VerifyTask(source.path, dictionary) for source in selection.sources]
    workers = options.resolve_jobs(jobs, len(tasks))
    sys.exit(
        batch.run(
            tasks,
            verify_one,
            show,
            jobs=workers,
            as_json=as_json,
            ready=ready.READING,
            selection=selection,
        )
    )
