"""Fooocus, its fork MRE and RuinedFooocus: JSON in ``parameters`` or a comment.

Fooocus in A1111's style is read as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import loras
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.texts import objects
from promptcodec.recipe.values import text

_FOOOCUS: Keys = {**PLAIN, "model": ("base_model",), "hash": ("base_model_hash",)}
_MRE: Keys = {
    **PLAIN,
    "model": ("base_model", "base_model_name"),
    "hash": ("base_model_hash",),
    "guidance": ("cfg", "guidance_scale"),
    "denoise": ("denoise", "img2img_denoise"),
}
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
# Keys of MRE's that no other tool has together.
_MRE_MARKS = {
    "real_prompt",
    "positive_prompt_strength",
    "sharpness",
    "refiner_model",
    "start_step",
    "l1",
    "w1",
}
# How the log of Fooocus names what its files have under other keys.
_LOG = {
    "Prompt": "prompt", "Negative Prompt": "negative_prompt", "Seed": "seed", "Resolution": "resolution",
    "Sampler": "sampler", "Scheduler": "scheduler", "Guidance Scale": "guidance_scale", "Steps": "steps",
    "Base Model": "base_model", "Base Model Hash": "base_model_hash", "VAE": "vae", "Version": "version",
}  # fmt: skip


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read any of them."""
    for values in objects(texts):
        recipe = _read(values, texts.get("fooocus_scheme", ""))
        if recipe:
            return recipe
    return None


def _read(values: Mapping[str, Any], scheme: str) -> Recipe | None:
    if "Base Model" in values and "Resolution" in values:
        values = {_LOG.get(key, key): value for key, value in values.items()}
    used, numbered = loras.keyed(values)
    addons = loras.listed(values.get("loras")) or numbered
    known = ("loras", "software", *used)
    if text(values.get("software")) == "RuinedFooocus":
        return to_recipe("fooocus", values, _RUINED, known=known, loras=addons, version="RuinedFooocus")
    if "base_model_name" in values and "Prompt" in values:
        return to_recipe("fooocus", values, _RUINED, known=known, loras=addons)
    model = "base_model" in values or "base_model_name" in values
    if model and len(_MRE_MARKS & set(values)) > 1 and "cfg" in values:
        return _with_real_prompts(to_recipe("fooocus", values, _MRE, known=known, loras=addons), values)
    if scheme != "fooocus" and "base_model" not in values:
        return None
    return to_recipe("fooocus", values, _FOOOCUS, known=known, loras=addons)


def _with_real_prompts(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """Take what styles made of the prompts only where the prompts themselves are not there."""
    settings = recipe.settings
    prompt, negative = (_joined(values.get(key)) for key in ("real_prompt", "real_negative_prompt"))
    return replace(
        recipe,
        settings=replace(settings, prompt=settings.prompt or prompt, negative=settings.negative or negative),
    )


def _joined(value: Any) -> str | None:
    parts = value if isinstance(value, list) else [value]
    return text(", ".join(part for part in parts if isinstance(part, str)))
