"""SwarmUI: ``sui_image_params`` inside the JSON of ``parameters``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Addon, Recipe
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.values import load_object, number, text

_KEYS: Keys = {
    **PLAIN,
    "negative": ("negativeprompt",),
    "guidance": ("cfgscale",),
    "denoise": ("initimagecreativity",),
    "version": ("swarm_version",),
    "size": (),
}
_KNOWN = ("loras", "loraweights", "refinerupscale", "refinerupscalemethod", "refinercontrolpercentage")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it."""
    whole_text = load_object(texts.get("parameters")) or load_object(texts.get("UserComment")) or {}
    values = whole_text.get("sui_image_params")
    if not isinstance(values, dict):
        return None
    hires = {
        "scale": number(values.get("refinerupscale")),
        "upscaler": text(values.get("refinerupscalemethod")),
        "denoise": number(values.get("refinercontrolpercentage")),
    }
    return to_recipe(
        "swarmui",
        values,
        _KEYS,
        known=_KNOWN,
        digest=_model_hash(whole_text.get("sui_models")),
        loras=_loras(values.get("loras"), values.get("loraweights")),
        hires={key: value for key, value in hires.items() if value is not None},
    )


def _model_hash(models: Any) -> str | None:
    for item in models if isinstance(models, list) else ():
        if isinstance(item, dict) and item.get("param") == "model":
            return text(item.get("hash"))
    return None


def _loras(names: Any, weights: Any) -> tuple[Addon, ...]:
    """Pair names with weights, each a list or a text with commas."""
    names = names.split(",") if isinstance(names, str) else names
    weights = weights.split(",") if isinstance(weights, str) else weights
    if not isinstance(names, list):
        return ()
    weights = weights if isinstance(weights, list) else []
    padded = [*weights, *[None] * (len(names) - len(weights))]
    return tuple(
        Addon(name, number(weight))
        for name, weight in zip(names, padded, strict=False)
        if isinstance(name, str)
    )
