"""Easy Diffusion: a text chunk for each setting, or JSON. From its published format; not checked on files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.values import load_object

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
    "model": ("use_stable_diffusion_model", "Stable Diffusion model"),
    "vae": ("use_vae_model", "VAE model"),
}


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it where it names a model in its way."""
    packed = load_object(texts.get("UserComment")) or load_object(texts.get("parameters")) or {}
    forms: tuple[Mapping[str, Any], ...] = (packed, texts)
    values = next((form for form in forms if any(mark in form for mark in _KEYS["model"])), None)
    return to_recipe("easy-diffusion", values, _KEYS) if values else None
