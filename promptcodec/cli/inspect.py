"""``promptcodec inspect``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import click

from promptcodec.cli import batch, options, ready, report
from promptcodec.cli.find import STREAMS, find
from promptcodec.cli.recipe import show_fields


def show(result: dict[str, Any]) -> str:
    """Make the lines a person reads."""
    from promptcodec.reading import cut_words  # noqa: PLC0415 - heavy

    size, original = ((result[f"{of}width"], result[f"{of}height"]) for of in ("", "original_"))
    reduced = "" if original == size else " reduced from {}x{}".format(*original)
    lines = [
        "stream version {version}: {width}x{height}{reduced}, {bytes} bytes, {bpp:.5f} bpp, "
        "{overhead_bytes} bytes of overhead".format(reduced=reduced, **result)
    ]
    lines += [
        "  {type:<10} {coder:<8} {bytes:>6} bytes at {offset}{critical}{error}".format(
            **{
                **part,
                "coder": part["coder"] or "?",
                "critical": ", critical" if part["critical"] else "",
                "error": ": cannot be read" if "error" in part else "",
            }
        )
        for part in result["parts"]
    ]
    if result.get("cut_in") is not None:
        lines.append(f"  cut, {result['cut_bytes']} bytes: {cut_words(result['cut_in'])}")
    lines += [f"  {part['error']}" for part in result["parts"] if "error" in part]
    if result["text"] is not None:
        lines += ["", result["text"]]
    if result["recipe"] is not None:
        lines += ["", *show_fields(result["recipe"]["fields"])]
        lines += [
            f"metadata {report.printable(chunk['key'])} ({chunk['carrier']}): {len(chunk['text'])} characters"
            for chunk in result["recipe"]["chunks"]
        ]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class InspectTask:
    """One stream to show."""

    source: str
    partial: bool
    dictionary: str | None


def inspect_one(task: InspectTask) -> dict[str, Any]:
    """Read what a stream holds; give the JSON object of it."""
    from promptcodec import reading  # noqa: PLC0415 - workers and --help start light

    dictionaries = batch.read_dictionaries(task.dictionary)
    data = batch.read_input(task.source)
    shown = reading.inspect(data, partial=task.partial, dictionaries=dictionaries)
    return {"file": task.source, "ok": True, **shown} | batch.dictionary_used(task.dictionary, [data])


@click.command(
    "inspect",
    epilog="\b\nExamples:\n"
    "  promptcodec inspect photo.pxt\n"
    "  promptcodec inspect --json photo.pxt | jq -r .text\n"
    "  promptcodec inspect streams/ --json | jq -r '[.file, .bytes] | @tsv'",
)
@click.argument("inputs", nargs=-1, required=True, metavar="FILE...")
@click.option("--partial", is_flag=True, help="Show what is whole of a stream that was cut.")
@options.dictionary_option
@options.jobs_option
@options.json_option
def command(
    inputs: tuple[str, ...],
    partial: bool,  # noqa: FBT001 - click calls by keyword
    dictionary: str | None,
    jobs: int | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show what streams hold: bytes by part, the description, the recipe.

    FILE is a stream, a folder, a pattern or - for standard input.
    """
    selection = find(inputs, STREAMS, "streams")
    tasks = [InspectTask(source.path, partial, dictionary) for source in selection.sources]
    several = len(tasks) > 1

    def note(result: dict[str, Any]) -> None:
        if not as_json:
            head = f"{report.printable(result['file'])}\n" if several else ""
            report.say(f"{head}{show(result)}" + "\n" * several, lines=True)

    workers = options.resolve_jobs(jobs, len(tasks))
    sys.exit(
        batch.run(
            tasks,
            inspect_one,
            lambda _: "",
            jobs=workers,
            as_json=as_json,
            ready=ready.READING,
            note=note,
            selection=selection,
        )
    )
