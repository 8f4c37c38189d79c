"""Hugging Face spaces that run diffusers: JSON named after diffusers' arguments."""

from __future__ import annotations

from collections.abc import Mapping

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import loras
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.texts import objects

_KEYS: Keys = {
    **PLAIN,
    "steps": ("num_inference_steps",),
    "model": ("Model", "model"),
    "hash": ("Model hash", "model_hash"),
}


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it where one of the arguments' names says so."""
    for values in objects(texts):
        if {"num_inference_steps", "guidance_scale"} & set(values):
            addons = loras.listed(values.get("loras"))
            known = ("loras",) if addons else ()
            return to_recipe("huggingface-space", values, _KEYS, known=known, loras=addons)
    return None
