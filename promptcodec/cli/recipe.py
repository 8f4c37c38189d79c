"""``promptcodec recipe show`` and ``promptcodec recipe export``."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import click

from promptcodec.cli import batch, options, report
from promptcodec.errors import UsageError
from promptcodec.files import STDIO, check_apart, check_free
from promptcodec.recipe import Metadata, read_metadata
from promptcodec.recipe.origin import Origin
from promptcodec.recipe.write import WRITERS
from promptcodec.recipe.write import export as export_recipe


def show_fields(fields: dict[str, Any]) -> Iterator[str]:
    """Make the lines a person reads of a recipe's fields."""
    for part, values in fields.items():
        yield f"{part}:"
        for key, value in values.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"  {key}: {shown}"


def metadata_of(file: str, dictionary: str | None) -> Metadata:
    """Read what a stream or an image file says about how it was made."""
    from promptcodec import bitstream  # noqa: PLC0415 - heavy
    from promptcodec.bitstream.container import MAGIC  # noqa: PLC0415
    from promptcodec.layers import recipe as layer  # noqa: PLC0415
    from promptcodec.layers.registry import BY_NAME  # noqa: PLC0415

    data = batch.read_input(file)
    if not data.startswith(MAGIC):
        metadata = read_metadata(data)
        if metadata.recipe is None and metadata.origin == Origin():
            _check_picture(data)
        return metadata
    parts = {part.type: part.payload for part in bitstream.read(data).parts}
    payload = parts.get(BY_NAME["recipe"].id)
    dictionaries = batch.read_dictionaries(dictionary)
    batch.warn_of_unused(dictionary, [data])
    return Metadata(layer.decode(payload, dictionaries=dictionaries) if payload else None, Origin())


def _check_picture(data: bytes) -> None:
    """Raise ImageError for a file that is no picture; a damaged one is one."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - heavy

    from promptcodec.errors import ImageError  # noqa: PLC0415
    from promptcodec.vision import formats  # noqa: PLC0415

    if formats.with_extra(data) is not None:
        return
    try:
        with warnings.catch_warnings(), suppress(Image.DecompressionBombError, ValueError, OverflowError):
            warnings.simplefilter("ignore")
            Image.open(io.BytesIO(data)).close()
    except UnidentifiedImageError:
        other = formats.other(data)
        what = f"it is {other}" if other else "it is neither a picture nor a stream"
        raise ImageError(f"{what}, so it carries no recipe" if data else "the file is empty") from None


@click.group(
    "recipe",
    no_args_is_help=False,
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
        metadata = metadata_of(file, dictionary)
        for warning in metadata.warnings:
            report.warn(f"{file}: {warning}")
        if as_json:
            recipe = to_json(metadata.recipe) if metadata.recipe else None
            report.emit({"file": file, "ok": True, "recipe": recipe, "marks": metadata.origin.to_json()})
        else:
            report.say("\n".join(_lines(metadata)), lines=True)


def _lines(metadata: Metadata) -> Iterator[str]:
    from promptcodec.recipe.model import fields_of  # noqa: PLC0415

    if metadata.recipe is None:
        yield "no recipe"
    else:
        yield from show_fields(fields_of(metadata.recipe))
    if metadata.origin.c2pa:
        yield "a C2PA manifest is there; its signature was not checked"
    if metadata.origin.source:
        yield f"IPTC digital source type: {metadata.origin.source}"
    if metadata.origin.generator:
        yield f"made or signed with: {metadata.origin.generator}"
    if metadata.origin.label:
        yield f"label: {metadata.origin.label}"


@command.command(
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
def export(file: str, tool: str, output: str, overwrite: bool, dictionary: str | None) -> None:  # noqa: FBT001
    """Write the recipe of FILE, an image or a stream, in the form of a tool: a text, never a picture.

    What the form has no place for, and what it needs and the recipe does not say, is named on standard error.
    """
    with batch.naming(file):
        check_apart((output,), (file, dictionary))
        metadata = metadata_of(file, dictionary)
        check_free(output, overwrite=overwrite)
        if metadata.recipe is None:
            raise UsageError("it carries no generation recipe, so there is nothing to export")
        exported = export_recipe(metadata.recipe, tool)
        batch.write_output(output, (exported.text + "\n").encode(), overwrite=overwrite)
        for notice in exported.notices:
            report.warn(f"{file}: {notice}")
