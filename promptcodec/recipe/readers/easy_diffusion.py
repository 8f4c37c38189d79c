"""Easy Diffusion: a text chunk for each setting, or JSON. From its published format; not checked on files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import loras
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.texts import objects
from promptcodec.recipe.values import load_array

_KEYS: Keys = {
    **PLAIN,
    "prompt": ("prompt", "Prompt"),
    "negative": ("negative_prompt", "Negative Prompt"),
    "sampler": ("sampler_name", "Sampler"),
    "scheduler": ("scheduler_name",),
    "steps": ("num_inference_steps", "Steps"),
    "guidance": ("guidance_scale", "Guidance Scale"),
    "seed": ("seed", "Seed"),
    "width": ("width", "Width"),
    "height": ("height", "Height"),
    "denoise": ("prompt_strength", "Prompt Strength"),
    "model": ("use_stable_diffusion_model", "Stable Diffusion model", "Stable Diffusion Model"),
    "vae": ("use_vae_model", "VAE model"),
}
_LORAS = ("use_lora_model", "LoRA model", "LoRA")
_WEIGHTS = ("lora_alpha", "LoRA Strength", "LoRA alpha")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it where it names a model in its way."""
    forms: list[Mapping[str, Any]] = [*objects(texts), texts]
    values = next((form for form in forms if any(mark in form for mark in _KEYS["model"])), None)
    if not values:
        return None
    names, weights = (
        _plain(next((values[key] for key in keys if key in values), None)) for keys in (_LORAS, _WEIGHTS)
    )
    return to_recipe(
        "easy-diffusion", values, _KEYS, known=(*_LORAS, *_WEIGHTS), loras=loras.listed(names, weights)
    )


def _plain(value: Any) -> Any:
    """Read a list that stands in a text chunk of its own: in JSON, or as Python writes it."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        return load_array(value) or load_array(value.replace("'", '"')) or value
    return value
