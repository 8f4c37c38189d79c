"""SwarmUI: ``sui_image_params`` inside the JSON of ``parameters`` or of an EXIF text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import loras
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.texts import objects
from promptcodec.recipe.values import number, text

_KEYS: Keys = {
    **PLAIN,
    "negative": ("negativeprompt",),
    "guidance": ("cfgscale",),
    "sampler": ("sampler", "comfyuisampler", "autowebuisampler"),
    "scheduler": ("scheduler", "comfyuischeduler"),
    "denoise": ("initimagecreativity",),
    "version": ("swarm_version",),
    "size": (),
}
_KNOWN = ("loras", "loraweights", "refinerupscale", "refinerupscalemethod", "refinercontrolpercentage")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it."""
    for whole_text in objects(texts):
        values = whole_text.get("sui_image_params")
        if isinstance(values, dict):
            return _read(values, whole_text)
    return None


def _read(values: Mapping[str, Any], whole_text: Mapping[str, Any]) -> Recipe:
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
        loras=loras.listed(values.get("loras"), values.get("loraweights")),
        hires={key: value for key, value in hires.items() if value is not None},
    )


def _model_hash(models: Any) -> str | None:
    for item in models if isinstance(models, list) else ():
        if isinstance(item, dict) and item.get("param") == "model":
            return text(item.get("hash"))
    return None
