"""Easy Diffusion: a text chunk for each setting, JSON, or a line for each setting, as in its ``.txt`` files.

From its published format; not checked on files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import loras
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.texts import COMMENTS, objects
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
# The labels of lines, of which some are its alone; oldest files have none before the prompt.
# Source: TASK_TEXT_MAPPING of its ``save_utils.py``.
_LABELS = {
    "Prompt", "Negative Prompt", "Seed", "Stable Diffusion model", "Sampler", "Width", "Height", "Steps",
    "Guidance Scale",
}  # fmt: skip
_PROMPTS = ("Prompt", "Negative Prompt")
_OWN_LABELS = {"Negative Prompt", "Stable Diffusion model", "Guidance Scale"}
_OLDEST = {"Prompt", "Width", "Height", "Seed"}  # what stood there from the start
_FEWEST_LABELS = 3
_MOST_LINES = 1024
_LINE = re.compile(r"([A-Z][A-Za-z ]{2,30}): ?(.*)")
_LORAS = ("use_lora_model", "LoRA model", "LoRA")
_WEIGHTS = ("lora_alpha", "LoRA Strength", "LoRA alpha")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it where it names a model in its way."""
    forms: list[Mapping[str, Any]] = [*objects(texts), texts]
    values = next((form for form in forms if any(mark in form for mark in _KEYS["model"])), None)
    values = values or next(_in_lines(texts), None)
    if not values:
        return None
    names, weights = (
        _plain(next((values[key] for key in keys if key in values), None)) for keys in (_LORAS, _WEIGHTS)
    )
    return to_recipe(
        "easy-diffusion", values, _KEYS, known=(*_LORAS, *_WEIGHTS), loras=loras.listed(names, weights)
    )


def _in_lines(texts: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Give the values of texts with a line for each."""
    for key in COMMENTS:
        lines = texts.get(key, "").splitlines()[:_MOST_LINES]
        values = _of_lines(lines)
        known = _LABELS & set(values)
        oldest = lines[:1] and not lines[0].startswith("Prompt:")
        if len(known) > _FEWEST_LABELS and _OWN_LABELS & known and (not oldest or known >= _OLDEST):
            yield values


def _of_lines(lines: list[str]) -> dict[str, str]:
    """Read lines with labels; one without a label goes on with the prompt before it."""
    values: dict[str, str] = {}
    label = "Prompt"
    for line in lines:
        match = _LINE.fullmatch(line)
        if match and (match[1] in _LABELS or label not in _PROMPTS):
            label = match[1]
            values[label] = match[2]
        elif label in _PROMPTS:
            values[label] = f"{values[label]}\n{line}" if label in values else line
    return {label: value.strip() for label, value in values.items()}


def _plain(value: Any) -> Any:
    """Read a list that stands in a text chunk of its own: in JSON, or as Python writes it."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        return load_array(value) or load_array(value.replace("'", '"')) or value
    return value
