"""TensorArt: ``generation_data``, beside ComfyUI's graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from promptcodec.recipe.model import Addon, Recipe
from promptcodec.recipe.readers import comfyui
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.values import load_object, number, text

_KEYS: Keys = {
    **PLAIN,
    "negative": ("negativePrompt",),
    "guidance": ("cfgScale",),
    "sampler": ("ksamplerName", "samplerName"),
    "scheduler": ("schedule", "scheduleName"),
    "vae": ("sdVae",),
    "model": (),
}
_LORAS = ("LORA", "LYCORIS", "LOCON", "DORA")
_BASES = ("BASE_MODEL", "CHECKPOINT")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it; its seed may be -1, the one that was drawn stands in the graph."""
    values = load_object(texts.get("generation_data"))
    if values is None:
        return None
    listed = values.get("models")
    models = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    base = values.get("baseModel")
    if not isinstance(base, dict):
        base = next((item for item in models if item.get("type") in _BASES), {})
    recipe = to_recipe(
        "tensorart",
        values,
        _KEYS,
        known=("baseModel",) if set(base) <= {"modelFileName", "hash"} else (),
        model=_name(base),
        digest=text(base.get("hash")),
        loras=tuple(
            Addon(name, number(item.get("weight")), text(item.get("hash")))
            for item in models
            if item.get("type") in _LORAS and (name := _name(item))
        ),
    )
    seed = recipe.settings.seed
    graph = comfyui.read(texts)
    if (seed is None or seed < 0) and graph:
        return replace(recipe, settings=replace(recipe.settings, seed=graph.settings.seed))
    return recipe


def _name(model: Mapping[str, Any]) -> str | None:
    return text(model.get("modelFileName")) or text(model.get("label"))
