"""Find the generation recipe in an image file: its metadata, and the readers tried in order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from promptcodec.recipe.carriers import MAX_BYTES, Carried, read_carriers
from promptcodec.recipe.model import Chunk, Recipe, fields_of
from promptcodec.recipe.origin import Origin, origin_of
from promptcodec.recipe.readers import READERS
from promptcodec.recipe.stealth import read_stealth
from promptcodec.recipe.texts import texts_of
from promptcodec.recipe.unread import unread


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an image file says about how it was made.

    Attributes:
        recipe: its generation recipe, None where it carries none that can be read.
        origin: whether it says that it was generated.
        warnings: what was there and could not be read, one line each.
    """

    recipe: Recipe | None
    origin: Origin
    warnings: tuple[str, ...] = ()


def read(data: bytes) -> Recipe | None:
    """Give the recipe of an image file, or None where it carries none that can be read."""
    return read_metadata(data).recipe


def read_metadata(data: bytes) -> Metadata:
    """Read all that an image file says about how it was made; never raises for damaged files."""
    carried = read_carriers(data)
    recipe, warnings = _recipe(carried)
    if recipe is None and data[:4] in (b"\x89PNG", b"RIFF"):
        hidden = read_stealth(data)
        if hidden:
            carried = replace(carried, chunks=(*carried.chunks, Chunk("stealth", "", hidden)))
            recipe, warnings = _recipe(carried)
    doubt = unread(texts_of((*carried.chunks, *carried.large)), recipe)
    return Metadata(recipe, origin_of(carried), (*warnings, *((doubt,) if doubt else ())))


def _recipe(carried: Carried) -> tuple[Recipe | None, tuple[str, ...]]:
    """Read what is kept byte for byte; where more tells more, keep the fields alone and say so."""
    recipe = from_chunks(carried.chunks)
    if not carried.large:
        return recipe, carried.warnings
    whole = from_chunks((*carried.chunks, *carried.large))
    if whole is None:
        return None, carried.warnings
    if recipe and fields_of(whole) == fields_of(recipe):
        text = f"more than {MAX_BYTES} bytes of metadata; the rest is not kept"
        return recipe, carried.warnings or (text,)
    if len(json.dumps(fields_of(whole))) > MAX_BYTES:
        whole = replace(whole, extra={})
    if len(json.dumps(fields_of(whole))) > MAX_BYTES:
        return recipe, (f"a recipe of more than {MAX_BYTES} bytes is not read",)
    text = f"more than {MAX_BYTES} bytes of metadata; of the recipe its fields are kept, not the text"
    return replace(whole, chunks=()), (text,)


def from_chunks(chunks: tuple[Chunk, ...]) -> Recipe | None:
    """Read a recipe from metadata chunks, which it keeps; None where no reader knows them."""
    recipe = from_texts(texts_of(chunks))
    return replace(recipe, chunks=chunks) if recipe else None


def from_texts(texts: Mapping[str, str]) -> Recipe | None:
    """Read a recipe from texts by their keys."""
    return next((recipe for reader in READERS if (recipe := reader.read(texts))), None)
