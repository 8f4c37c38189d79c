"""``promptcodec inspect``."""

from __future__ import annotations

from typing import Any

import click

from promptcodec.cli import batch, options, report
from promptcodec.cli.recipe import show_fields


def show(result: dict[str, Any]) -> str:
    """Make the lines a person reads."""
    original = (result["original_width"], result["original_height"])
    reduced = (
        "" if original == (result["width"], result["height"]) else " reduced from {}x{}".format(*original)
    )
    lines = [
        "stream version {version}: {width}x{height}{reduced}, {bytes} bytes, {bpp:.5f} bpp, "
        "{overhead_bytes} bytes of overhead".format(reduced=reduced, **result)
    ]
    lines += [
        "  {type:<10} {coder:<8} {bytes:>6} bytes at {offset}{critical}".format(
            **{**part, "coder": part["coder"] or "?", "critical": ", critical" if part["critical"] else ""}
        )
        for part in result["parts"]
    ]
    if result["text"] is not None:
        lines += ["", result["text"]]
    if result["recipe"] is not None:
        lines += ["", *show_fields(result["recipe"]["fields"])]
        lines += [
            f"metadata {report.printable(chunk['key'])} ({chunk['carrier']}): {len(chunk['text'])} characters"
            for chunk in result["recipe"]["chunks"]
        ]
    return "\n".join(lines)


@click.command(
    "inspect",
    short_help="Show what a stream holds.",
    epilog="\b\nExamples:\n"
    "  promptcodec inspect photo.pxt\n"
    "  promptcodec inspect --json photo.pxt | jq -r .text",
)
@click.argument("file", metavar="FILE")
@click.option("--partial", is_flag=True, help="Show what is there of a stream cut at a part boundary.")
@options.dictionary_option
@options.json_option
def command(
    file: str,
    partial: bool,  # noqa: FBT001 - click calls by keyword
    dictionary: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show what a stream holds: bytes by part, the description, the recipe."""
    from promptcodec import reading  # noqa: PLC0415 - heavy

    with batch.naming(file):
        dictionaries = batch.read_dictionaries(dictionary)
        result = reading.inspect(batch.read_input(file), partial=partial, dictionaries=dictionaries)
        if as_json:
            report.emit(result)
        else:
            report.say(show(result), lines=True)
