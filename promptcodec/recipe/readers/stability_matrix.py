"""Stability Matrix: ``parameters-json``, beside A1111's ``parameters``."""

from __future__ import annotations

from collections.abc import Mapping

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers.flat_json import Keys, to_recipe
from promptcodec.recipe.values import load_object

_KEYS: Keys = {
    "prompt": ("PositivePrompt",),
    "negative": ("NegativePrompt",),
    "sampler": ("Sampler",),
    "steps": ("Steps",),
    "guidance": ("CfgScale",),
    "seed": ("Seed",),
    "width": ("Width",),
    "height": ("Height",),
    "model": ("ModelName",),
    "hash": ("ModelHash",),
}


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it."""
    values = load_object(texts.get("parameters-json"))
    if values is None or "PositivePrompt" not in values:
        return None
    unset = {key for key, value in values.items() if value in (0, False)}
    return to_recipe("stability-matrix", values, _KEYS, known=unset)
