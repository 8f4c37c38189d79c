"""``promptcodec recipe export``."""

from __future__ import annotations

import click

from promptcodec.cli import batch, options, report
from promptcodec.cli.recipe_show import metadata_of
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, check_apart, check_free
from promptcodec.recipe.write import WRITERS, export


@click.command(
    "export",
    short_help="Write it for a tool.",
    epilog="\b\nExamples:\n"
    "  promptcodec recipe export picture.pxt --to a1111\n"
    "  promptcodec recipe export picture.png --to comfyui -o graph.json",
)
@click.argument("file", metavar="FILE")
@click.option("--to", "tool", type=click.Choice(tuple(WRITERS)), required=True, help="Whose form.")
@click.option("-o", "--output", default=STDIO, help="A file, or - for stdout (the default).")
@options.overwrite_option
@options.dictionary_option
def command(file: str, tool: str, output: str, overwrite: bool, dictionary: str | None) -> None:  # noqa: FBT001
    """Write the recipe of FILE, an image or a stream, in the form of a tool: a text, never a picture.

    What the form has no place for, and what it needs and the recipe does not say, is named on standard error.
    """
    with batch.naming(file):
        check_apart((output,), (file, dictionary))
        metadata = metadata_of(file, dictionary)
        check_free(output, overwrite=overwrite)
        if metadata.recipe is None:
            raise UsageError("it carries no generation recipe, so there is nothing to export")
        exported = export(metadata.recipe, tool)
        batch.write_output(output, (exported.text + "\n").encode(), overwrite=overwrite)
        for notice in exported.notices:
            report.warn(f"{file}: {notice}")
