"""``promptcodec archive verify``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from promptcodec.archive.care.known import known_ids
from promptcodec.archive.care.verify import Finding, verify
from promptcodec.cli import batch, options, report


def result_of(finding: Finding) -> dict[str, Any]:
    """Make the JSON object of a finding."""
    result: dict[str, Any] = {"id": finding.id.hex() if finding.id else None, "name": finding.name}
    if finding.error is None:
        return result | {"ok": True, "error": None}
    return result | {"ok": False, "error": report.error_object(None, finding.error)["error"]}


def show(finding: Finding, path: str) -> str:
    """Make the line a person reads of something that is wrong."""
    assert finding.error is not None
    what = " ".join(filter(None, (finding.id.hex(), finding.name))) if finding.id else path
    return f"{what}: {report.message(finding.error)}"


@click.command(
    "verify",
    epilog="\b\nExamples:\n"
    "  promptcodec archive verify pictures.pxa\n"
    "  promptcodec archive verify pictures.pxa --json | jq -r 'select(.ok | not).id'",
)
@click.argument("path", metavar="A")
@options.json_option
def command(path: str, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Check the archive A for damage: its structure, every checksum, every stream.

    Only what is wrong is shown, and --json has a line for every picture. Where an index is beside the
    archive, it names pictures of which nothing is left. The exit code is 1 where anything is damaged.
    """
    sound = damaged = savable = faults = 0
    with batch.naming(path):
        for finding in verify(Path(path), known_ids(Path(path))):
            faults += finding.error is not None and finding.id is None
            sound += finding.error is None
            damaged += finding.error is not None and finding.id is not None
            savable += finding.savable
            if as_json:
                report.emit(result_of(finding))
            elif finding.error and not finding.savable:
                report.say(show(finding, path))
    counts = [f"{sound} pictures are whole"]
    counts += [f"{damaged} are damaged or cannot be reached"] if damaged else []
    counts += [f"`promptcodec archive repair` saves {savable} of these"] if savable else []
    report.warn(f"{path}: {', '.join(counts)}")
    sys.exit(1 if damaged or faults else 0)
