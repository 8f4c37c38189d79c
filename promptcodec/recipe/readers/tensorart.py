"""TensorArt: ``generation_data``, beside ComfyUI's graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import comfyui
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.values import load_object, text

_KEYS: Keys = {
    **PLAIN,
    "negative": ("negativePrompt",),
    "guidance": ("cfgScale",),
    "sampler": ("ksamplerName", "samplerName"),
    "scheduler": ("schedule",),
    "vae": ("sdVae",),
    "model": (),
}


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it; its seed may be -1, the one that was drawn stands in the graph."""
    values = load_object(texts.get("generation_data"))
    if values is None:
        return None
    base = values.get("baseModel")
    base = base if isinstance(base, dict) else {}
    recipe = to_recipe(
        "tensorart",
        values,
        _KEYS,
        known=("baseModel",) if set(base) <= {"modelFileName", "hash"} else (),
        model=text(base.get("modelFileName")) or text(base.get("label")),
        digest=text(base.get("hash")),
    )
    seed = recipe.settings.seed
    graph = comfyui.read(texts)
    if (seed is None or seed < 0) and graph:
        return replace(recipe, settings=replace(recipe.settings, seed=graph.settings.seed))
    return recipe
