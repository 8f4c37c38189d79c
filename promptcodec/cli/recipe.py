"""``promptcodec recipe show`` and ``promptcodec recipe export``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from promptcodec.cli import batch, options, report
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, check_free

if TYPE_CHECKING:
    from promptcodec.recipe import Found

_FORMATS = ("a1111", "comfyui", "invokeai", "diffusers")


def show_fields(said: dict[str, Any]) -> Iterator[str]:
    """Make the lines a person reads of a recipe's fields."""
    for part, values in said.items():
        yield f"{part}:"
        for key, value in values.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"  {key}: {shown}"


def look_into(file: str, dictionary: str | None) -> Found:
    """Read the recipe of a stream or of an image file."""
    from promptcodec import bitstream  # noqa: PLC0415 - heavy
    from promptcodec.bitstream.container import MAGIC  # noqa: PLC0415
    from promptcodec.layers import recipe as layer  # noqa: PLC0415
    from promptcodec.layers.registry import BY_NAME  # noqa: PLC0415
    from promptcodec.recipe import Found, look  # noqa: PLC0415
    from promptcodec.recipe.origin import Origin  # noqa: PLC0415

    data = batch.read_input(file)
    if not data.startswith(MAGIC):
        return look(data)
    parts = {part.type: part.payload for part in bitstream.read(data).parts}
    payload = parts.get(BY_NAME["recipe"].id)
    dictionaries = batch.read_dictionaries(dictionary)
    return Found(layer.decode(payload, dictionaries=dictionaries) if payload else None, Origin())


@click.group(
    "recipe",
    short_help="Show or export how a picture was generated.",
    epilog="\b\nExamples:\n"
    "  promptcodec recipe show picture.png\n"
    "  promptcodec recipe export picture.pxt --to comfyui -o graph.json",
)
def command() -> None:
    """Show or export the generation recipe that an image file or a stream carries."""


@command.command("show", short_help="Show it.")
@click.argument("file", metavar="FILE")
@options.dictionary_option
@options.json_option
def show(file: str, dictionary: str | None, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Show the recipe of FILE, an image or a stream: platform, model, settings, and what else was said."""
    from promptcodec.layers.recipe import to_json  # noqa: PLC0415 - heavy

    with batch.naming(file):
        found = look_into(file, dictionary)
        for said in found.warnings:
            report.warn(f"{file}: {said}")
        if as_json:
            recipe = to_json(found.recipe) if found.recipe else None
            report.emit({"file": file, "ok": True, "recipe": recipe, "marks": found.origin.to_json()})
        else:
            report.say("\n".join(_lines(found)), lines=True)


def _lines(found: Found) -> Iterator[str]:
    from promptcodec.recipe.model import fields_of  # noqa: PLC0415

    if found.recipe is None:
        yield "no recipe"
    else:
        yield from show_fields(fields_of(found.recipe))
    if found.origin.c2pa:
        yield "a C2PA manifest is there; its signature was not checked"
    if found.origin.source:
        yield f"IPTC digital source type: {found.origin.source}"


@command.command(
    "export",
    short_help="Write it for a tool.",
    epilog="\b\nExamples:\n"
    "  promptcodec recipe export picture.pxt --to a1111\n"
    "  promptcodec recipe export picture.png --to comfyui -o graph.json",
)
@click.argument("file", metavar="FILE")
@click.option("--to", "tool", type=click.Choice(_FORMATS), required=True, help="Whose form.")
@click.option("-o", "--output", default=STDIO, help="A file, or - for stdout (the default).")
@options.overwrite_option
@options.dictionary_option
def export(file: str, tool: str, output: str, overwrite: bool, dictionary: str | None) -> None:  # noqa: FBT001
    """Write the recipe of FILE, an image or a stream, in the form of a tool: a text, never a picture."""
    from promptcodec.recipe.write import WRITERS  # noqa: PLC0415 - heavy

    with batch.naming(file):
        check_free(output, overwrite=overwrite)
        found = look_into(file, dictionary)
        if found.recipe is None:
            raise UsageError("it carries no generation recipe, so there is nothing to export")
        batch.write_output(output, (WRITERS[tool](found.recipe) + "\n").encode(), overwrite=overwrite)
