"""Find the generation recipe in an image file: one table of readers, tried in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from promptcodec.recipe import a1111, comfyui, invokeai, jsonlike, novelai
from promptcodec.recipe.carriers import read_carriers
from promptcodec.recipe.model import Chunk, Recipe
from promptcodec.recipe.origin import Origin, origin_of
from promptcodec.recipe.stealth import read_stealth

Reader = Callable[[Mapping[str, str]], Recipe | None]

# The special before the general: sites and front ends write A1111's text or ComfyUI's graph as well.
READERS: tuple[Reader, ...] = (
    invokeai.read,
    novelai.read,
    jsonlike.swarmui,
    jsonlike.stability_matrix,
    jsonlike.tensorart,
    jsonlike.draw_things,
    jsonlike.fooocus,
    jsonlike.easy_diffusion,
    jsonlike.space,
    comfyui.read,
    a1111.read,
)
# Texts that look like one of those forms: if no reader takes them, the user should know.
_KEYS = {"parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream", "generation_data"}


@dataclass(frozen=True, slots=True)
class Found:
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
    return look(data).recipe


def look(data: bytes) -> Found:
    """Read all that an image file says about how it was made; never raises for damaged files."""
    carried = read_carriers(data)
    recipe = from_chunks(carried.chunks)
    if recipe is None and data[:4] in (b"\x89PNG", b"RIFF"):
        hidden = read_stealth(data)
        if hidden:
            recipe = from_chunks((*carried.chunks, Chunk("stealth", "", hidden)))
    warnings = carried.warnings
    suspects = sorted({chunk.key for chunk in carried.chunks if chunk.key in _KEYS})
    if recipe is None and suspects and not warnings:
        warnings = (f"the metadata {', '.join(suspects)} could not be read as a recipe",)
    return Found(recipe, origin_of(carried), warnings)


def from_chunks(chunks: tuple[Chunk, ...]) -> Recipe | None:
    """Read a recipe from metadata chunks, which it keeps; None where no reader knows them."""
    texts: dict[str, str] = {}
    for chunk in chunks:
        for key, said in chunk.texts().items():
            texts.setdefault(key, said)
    recipe = from_texts(texts)
    return replace(recipe, chunks=chunks) if recipe else None


def from_texts(texts: Mapping[str, str]) -> Recipe | None:
    """Read a recipe from texts by their keys."""
    return next((recipe for reader in READERS if (recipe := reader(texts))), None)
