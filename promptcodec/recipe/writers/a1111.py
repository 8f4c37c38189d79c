"""The parameters text of A1111's web UI and Forge."""

from __future__ import annotations

import json
from typing import Any

from promptcodec.recipe.model import Number, Recipe, Settings
from promptcodec.recipe.passes import guidance_of, second_strength, without_guidance
from promptcodec.recipe.readers import loras
from promptcodec.recipe.samplers import Names, a1111_names
from promptcodec.recipe.writers.names import stem

FAMILY = {"a1111-webui", "forge", "sd-next", "civitai"}
# How a latent is made larger, in ComfyUI and in A1111.
_UPSCALERS = {
    "nearest-exact": "Latent (nearest-exact)", "bilinear": "Latent", "bicubic": "Latent (bicubic)",
    "lanczos": "Lanczos",
}  # fmt: skip
_FEWEST = 3  # with fewer settings A1111 takes their line for a part of the prompt


def write(recipe: Recipe) -> str:
    """Write the text; what the recipe does not say is not in it."""
    settings, model = recipe.settings, recipe.model
    tool = recipe.platform.tool
    names = Names(None, None) if tool in FAMILY else a1111_names(settings.sampler, settings.scheduler)
    guidance = guidance_of(recipe)
    pairs: dict[str, Any] = {
        "Steps": settings.steps,
        "Sampler": names.sampler or settings.sampler,
        "Schedule type": names.scheduler or settings.scheduler,
        "CFG scale": guidance.plain,
        "Distilled CFG Scale": guidance.distilled,
        "Seed": settings.seed,
        "Size": _size(settings.width, settings.height),
        "Model hash": model.hash,
        "Model": model.name and stem(model.name),
        "VAE": model.vae,
        **_strength_and_second_pass(settings),
        "Lora hashes": ", ".join(f"{stem(lora.name)}: {lora.hash}" for lora in model.loras if lora.hash)
        or None,
    }
    for number, net in enumerate(model.controlnets):
        weight = "" if net.weight is None else f", Weight: {net.weight}"
        pairs[f"ControlNet {number}"] = f"Model: {net.name}{weight}"
    extra = without_guidance(recipe.extra)
    pairs |= {key: value for key, value in extra.items() if isinstance(value, (str, int, float))}
    pairs["Version"] = recipe.platform.version if tool in {*FAMILY, "comfyui"} else None
    written = [f"{key}: {_quote(str(value))}" for key, value in pairs.items() if value is not None]
    negative = f"\nNegative prompt: {settings.negative}" if settings.negative else ""
    line = "\n" + ", ".join(written) if len(written) >= _FEWEST else ""
    return f"{_with_calls(recipe)}{negative}{line}"


def _strength_and_second_pass(settings: Settings) -> dict[str, Any]:
    hires = settings.hires
    if not hires:
        return {"Denoising strength": None if settings.denoise == 1 else settings.denoise}
    names = a1111_names(hires.get("sampler"), hires.get("scheduler"))
    upscaler = hires.get("upscaler")
    sampler = names.sampler or hires.get("sampler")
    return {
        "Denoising strength": second_strength(settings),
        "Hires upscale": hires.get("scale"),
        "Hires resize": None if hires.get("scale") else _size(hires.get("width"), hires.get("height")),
        "Hires steps": hires.get("steps"),
        "Hires sampler": None if hires.get("sampler") == settings.sampler else sampler,
        "Hires schedule type": names.scheduler or hires.get("scheduler"),
        "Hires CFG Scale": hires.get("guidance"),
        "Hires upscaler": _UPSCALERS.get(upscaler, stem(upscaler)) if isinstance(upscaler, str) else None,
    }


def _size(width: Number | None, height: Number | None) -> str | None:
    return f"{width}x{height}" if width and height else None


def _with_calls(recipe: Recipe) -> str:
    """Give the prompt with a call of every LoRA."""
    prompt = recipe.settings.prompt or ""
    called = {stem(call.name) for call in loras.calls(prompt)}
    missing = [lora for lora in recipe.model.loras if stem(lora.name) not in called]
    calls = (f"<lora:{stem(lora.name)}:{1 if lora.weight is None else lora.weight}>" for lora in missing)
    return " ".join(filter(None, (prompt, *calls)))


def _quote(value: str) -> str:
    """Quote a value that would be taken apart, as A1111 does."""
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ",:\n") else value
