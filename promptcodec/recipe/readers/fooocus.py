"""Fooocus and RuinedFooocus: JSON in ``parameters``; Fooocus in A1111's style is read as that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Addon, Recipe
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.values import load_object, number, text

_FOOOCUS: Keys = {**PLAIN, "model": ("base_model",), "hash": ("base_model_hash",)}
_RUINED: Keys = {
    **PLAIN,
    "prompt": ("Prompt",),
    "negative": ("Negative",),
    "guidance": ("cfg",),
    "sampler": ("sampler_name",),
    "model": ("base_model_name",),
    "hash": ("base_model_hash",),
    "denoise": ("denoise",),
}


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read either."""
    values = load_object(texts.get("parameters")) or load_object(texts.get("UserComment"))
    if values is None:
        return None
    loras = _loras(values.get("loras"))
    if values.get("software") == "RuinedFooocus":
        known = ("loras", "software")
        return to_recipe("fooocus", values, _RUINED, known=known, loras=loras, version="RuinedFooocus")
    if texts.get("fooocus_scheme") != "fooocus" and "base_model" not in values:
        return None
    return to_recipe("fooocus", values, _FOOOCUS, known=("loras",), loras=loras)


def _loras(items: Any) -> tuple[Addon, ...]:
    """Read ``[name, weight]`` and ``[name, weight, hash]``."""
    loras = []
    for item in items if isinstance(items, list) else ():
        parts = item if isinstance(item, list) else []
        if parts and isinstance(parts[0], str):
            weight = number(parts[1]) if len(parts) > 1 else None
            loras.append(Addon(parts[0], weight, text(parts[2]) if len(parts) > 2 else None))
    return tuple(loras)
