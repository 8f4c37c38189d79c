"""``promptcodec recipe show``, and what a file says about how it was made."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import suppress

import click

from promptcodec import bitstream
from promptcodec.bitstream.container import MAGIC
from promptcodec.cli import batch, options, report
from promptcodec.cli.recipe import show_fields
from promptcodec.layers import recipe as layer
from promptcodec.layers.registry import BY_NAME
from promptcodec.recipe import Metadata, read_metadata
from promptcodec.recipe.model import fields_of
from promptcodec.recipe.origin import Origin


def metadata_of(file: str, dictionary: str | None) -> Metadata:
    """Read what a stream or an image file says about how it was made."""
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


@click.command("show", short_help="Show it.")
@click.argument("file", metavar="FILE")
@options.dictionary_option
@options.json_option
def command(file: str, dictionary: str | None, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Show the recipe of FILE, an image or a stream: platform, model, settings, and what else was said."""
    with batch.naming(file):
        metadata = metadata_of(file, dictionary)
        for warning in metadata.warnings:
            report.warn(f"{file}: {warning}")
        if as_json:
            recipe = layer.to_json(metadata.recipe) if metadata.recipe else None
            report.emit({"file": file, "ok": True, "recipe": recipe, "marks": metadata.origin.to_json()})
        else:
            report.say("\n".join(_lines(metadata)), lines=True)


def _lines(metadata: Metadata) -> Iterator[str]:
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
