"""Find the generation recipe in an image file: its metadata, and the readers tried in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from promptcodec.recipe.carriers import read_carriers
from promptcodec.recipe.model import Chunk, Recipe
from promptcodec.recipe.origin import Origin, origin_of
from promptcodec.recipe.readers import READERS
from promptcodec.recipe.stealth import read_stealth


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an image file says about how it was made.

    Attributes:
        recipe: its generation recipe, None where it carries none that can be read.
        origin: whether it says that it was generated.
        warnings: what was there and could not be read; one line.
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
    recipe = from_chunks(carried.chunks)
    if recipe is None and data[:4] in (b"\x89PNG", b"RIFF"):
        hidden = read_stealth(data)
        if hidden:
            recipe = from_chunks((*carried.chunks, Chunk("stealth", "", hidden)))
    warnings = carried.warnings
    keys = {key for reader in READERS for key in reader.keys}
    suspects = sorted(keys & {chunk.key for chunk in carried.chunks})
    if recipe is None and suspects and not warnings:
        warnings = (f"the metadata {', '.join(suspects)} could not be read as a recipe",)
    return Metadata(recipe, origin_of(carried), warnings)


def from_chunks(chunks: tuple[Chunk, ...]) -> Recipe | None:
    """Read a recipe from metadata chunks, which it keeps; None where no reader knows them."""
    texts: dict[str, str] = {}
    for chunk in chunks:
        for key, text in chunk.texts().items():
            texts.setdefault(key, text)
    recipe = from_texts(texts)
    return replace(recipe, chunks=chunks) if recipe else None


def from_texts(texts: Mapping[str, str]) -> Recipe | None:
    """Read a recipe from texts by their keys."""
    return next((recipe for reader in READERS if (recipe := reader.read(texts))), None)
