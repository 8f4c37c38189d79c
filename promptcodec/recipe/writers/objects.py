"""JSON objects: InvokeAI's metadata, the arguments of a diffusers pipeline."""

from __future__ import annotations

import json
from typing import Any

from promptcodec.recipe.model import Number, Recipe
from promptcodec.recipe.passes import guidance_of
from promptcodec.recipe.readers import loras


def invokeai(recipe: Recipe) -> str:
    """Write ``invokeai_metadata``."""
    settings, model = recipe.settings, recipe.model
    guidance = guidance_of(recipe)
    return _dumped(
        {
            "positive_prompt": _prompt(recipe),
            "negative_prompt": settings.negative,
            "width": settings.width,
            "height": settings.height,
            "seed": settings.seed,
            "cfg_scale": guidance.plain,
            "guidance": guidance.distilled,
            "steps": settings.steps,
            "scheduler": settings.sampler,
            "strength": _strength(recipe),
            "model": {"name": model.name, "hash": model.hash}
            if model.hash
            else model.name and {"name": model.name},
            "vae": model.vae and {"name": model.vae},
            "loras": [{"model": {"name": lora.name}, "weight": lora.weight} for lora in model.loras],
            "controlnets": [
                {"control_model": {"name": net.name}, "control_weight": net.weight}
                for net in model.controlnets
            ],
        }
    )


def diffusers(recipe: Recipe) -> str:
    """Write the arguments of a diffusers pipeline, named as it names them, and what else to load.

    Pipelines of distilled models take the distilled guidance as ``guidance_scale``, other guidance as
    ``true_cfg_scale``.
    """
    settings, model = recipe.settings, recipe.model
    plain, distilled = guidance_of(recipe)
    return _dumped(
        {
            "prompt": _prompt(recipe),
            "negative_prompt": settings.negative,
            "num_inference_steps": settings.steps,
            "guidance_scale": plain if distilled is None else distilled,
            "true_cfg_scale": None if distilled is None or plain == 1 else plain,
            "width": settings.width,
            "height": settings.height,
            "strength": _strength(recipe),
            "seed": settings.seed,
            "sampler": settings.sampler,
            "scheduler": settings.scheduler,
            "model": model.name,
            "model_hash": model.hash,
            "vae": model.vae,
            "loras": [[lora.name, lora.weight] for lora in model.loras],
        }
    )


def _prompt(recipe: Recipe) -> str | None:
    prompt = recipe.settings.prompt
    return prompt and loras.without_calls(prompt)


def _strength(recipe: Recipe) -> Number | None:
    """Give the strength of an image-to-image run; that of a second pass is none."""
    return None if recipe.settings.hires else recipe.settings.denoise


def _dumped(values: dict[str, Any]) -> str:
    kept = {key: value for key, value in values.items() if value not in (None, [], "")}
    return json.dumps(kept, indent=2, ensure_ascii=False)
