"""A recipe in A1111's words, run again: its prompts are syntax, its settings are given.

The recipe chooses among what the server lists, and nothing else: no path, no address, no other setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptcodec.errors import Notice
from promptcodec.generators import Conditions
from promptcodec.generators.sdapi.dialects import DIALECTS
from promptcodec.generators.sdapi.requests import Facts, Request, checkpoint
from promptcodec.generators.shown import shown
from promptcodec.recipe import ModelInfo, Recipe
from promptcodec.recipe.samplers import a1111_names

_TOOLS = ("a1111-webui", "forge", "sd-next")
_OVERRIDES = {"Clip skip": "CLIP_stop_at_last_layers", "ENSD": "eta_noise_seed_delta"}
_NOISE = {"CPU": "CPU", "GPU": "GPU", "NV": "NV"}
_VARIATION = {"Variation seed": "subseed", "Variation seed strength": "subseed_strength"}
_LEAST_SIDE, _MOST_SIDE, _MOST_STEPS, _MOST_SCALE = 64, 4096, 150, 4


def runnable(conditions: Conditions, kind: str) -> bool:
    """Whether a recipe is trusted and can be run there."""
    recipe = conditions.recipe
    return recipe is not None and conditions.trust_recipe and not _obstacle(recipe, kind)


def not_run(conditions: Conditions, kind: str) -> Notice | None:
    """Say that a recipe is not run, and what would let it; None where it is, or never could be nor was to."""
    recipe = conditions.recipe
    why = _obstacle(recipe, kind) if recipe else ""
    if recipe is None or conditions.trust_recipe == (not why):
        return None
    if why:
        return Notice(f"drawn from words and layers, the recipe is not run again: {why}")
    model = shown(recipe.model.name or "unknown")
    return Notice(
        f"drawn from words and layers, not by its recipe with the model {model}; it runs only where the "
        "recipe is trusted",
        hint="--trust-recipe runs it",
    )


def _obstacle(recipe: Recipe, kind: str) -> str:
    """Say why a recipe cannot be run there; ``""`` where it can."""
    if recipe.platform.tool not in _TOOLS:
        return f"a recipe of {shown(recipe.platform.tool)} cannot be run by such a server"
    if not DIALECTS[kind].recipes:
        return f"{DIALECTS[kind].title} does not read the prompts of A1111's recipes"
    return "" if recipe.settings.prompt else "the recipe holds no prompt"


def plan(
    recipe: Recipe,
    conditions: Conditions,
    facts: Facts,
    samplers: Sequence[str],
    networks: Sequence[str] | None,
) -> Request:
    """Say what to ask for.

    Args:
        recipe: of ``conditions``, trusted.
        conditions: the size and the seed stand in where the recipe has none.
        facts: with the recipe's checkpoint.
        samplers: what the server lists.
        networks: its LoRAs; None where it does not tell.
    """
    settings = recipe.settings
    width, height = settings.width or conditions.size[0], settings.height or conditions.size[1]
    size = _side(width), _side(height)
    seed = conditions.seed if settings.seed is None else settings.seed
    sampler, scheduler = _sampler(recipe, samplers)
    extra = recipe.extra
    overridden: dict[str, Any] = {
        name: extra[key] for key, name in _OVERRIDES.items() if isinstance(extra.get(key), int)
    }
    if extra.get("RNG") in _NOISE:
        overridden["randn_source"] = _NOISE[extra["RNG"]]
    body: dict[str, Any] = {
        "prompt": settings.prompt or "",
        "negative_prompt": settings.negative or "",
        "seed": seed,
        "width": size[0],
        "height": size[1],
        "steps": min(settings.steps or 0, _MOST_STEPS) or None,
        "cfg_scale": settings.guidance,
        "sampler_name": sampler,
        "scheduler": scheduler,
        **{name: extra[key] for key, name in _VARIATION.items() if isinstance(extra.get(key), (int, float))},
        **_second_pass(recipe),
    }
    body = {key: value for key, value in body.items() if value is not None} | checkpoint(facts)
    if overridden:
        body["override_settings"] = body.get("override_settings", {}) | overridden
        body["override_settings_restore_afterwards"] = True
    differences = tuple(_differences(recipe, facts, sampler, networks, rounded=(width, height) != size))
    return Request(
        "/sdapi/v1/txt2img",
        body,
        seed,
        _final_size(size, recipe),
        differences=differences,
        regenerated=True,
    )


def summary(request: Request, facts: Facts) -> str:
    """Say what is run, for whoever watches."""
    names = ("steps", "sampler_name", "scheduler", "cfg_scale", "seed")
    settings = ", ".join(f"{name} {shown(str(request.body[name]))}" for name in names if name in request.body)
    return f"runs the recipe with {shown(facts.title) or 'the loaded model'}: {settings}"


def _side(side: int) -> int:
    return min(max(round(side / 8) * 8, _LEAST_SIDE), _MOST_SIDE)


def _sampler(recipe: Recipe, there: Sequence[str]) -> tuple[str | None, str | None]:
    """Give the sampler as the server lists it, and the scheduler beside it."""
    settings = recipe.settings
    if settings.sampler in there:
        return settings.sampler, settings.scheduler
    names = a1111_names(settings.sampler, settings.scheduler)
    return (names.sampler, names.scheduler) if names.sampler in there else (None, settings.scheduler)


def _second_pass(recipe: Recipe) -> dict[str, Any]:
    hires = recipe.settings.hires
    if not hires:
        return {}
    fields = {
        "enable_hr": True,
        "hr_scale": _scale(hires),
        "hr_resize_x": hires.get("width"),
        "hr_resize_y": hires.get("height"),
        "hr_upscaler": hires.get("upscaler"),
        "hr_second_pass_steps": hires.get("steps"),
        "denoising_strength": hires.get("denoise", recipe.settings.denoise),
    }
    return {key: value for key, value in fields.items() if value is not None}


def _scale(hires: Mapping[str, Any]) -> float | None:
    scale = hires.get("scale")
    return min(max(scale, 1), _MOST_SCALE) if isinstance(scale, (int, float)) else None


def _final_size(size: tuple[int, int], recipe: Recipe) -> tuple[int, int]:
    hires = recipe.settings.hires
    width, height, scale = hires.get("width"), hires.get("height"), _scale(hires)
    if isinstance(width, int) and isinstance(height, int):
        return width, height
    if scale is not None:
        return int(size[0] * scale), int(size[1] * scale)
    return size


def _differences(
    recipe: Recipe, facts: Facts, sampler: str | None, networks: Sequence[str] | None, *, rounded: bool
) -> Iterator[str]:
    settings = recipe.settings
    if settings.sampler and sampler is None:
        yield f"the server knows no sampler {shown(settings.sampler)}, its own is used"
    if settings.scheduler and not DIALECTS[facts.kind].schedulers:
        yield f"the schedule {shown(settings.scheduler)} is not given, the server takes none"
    if rounded:
        yield "its sides are no multiples of 8, or out of range"
    if settings.denoise is not None and not settings.hires:
        yield "it was drawn over another picture, which the recipe does not hold"
    if {"sampler", "scheduler", "guidance"} & set(settings.hires):
        yield "its second pass had a sampler of its own, and is drawn with that of the first"
    yield from _other_models(recipe.model, facts, networks)


def _other_models(model: ModelInfo, facts: Facts, networks: Sequence[str] | None) -> Iterator[str]:
    if not (model.name or model.hash):
        yield f"the recipe names no model, the server's own is used: {shown(facts.title) or 'unknown'}"
    if model.controlnets:
        yield "its control nets are not run: their pictures are not in the recipe"
    if model.vae:
        yield f"the VAE {shown(model.vae)} is not chosen, the server's own is used"
    for addon in model.loras if networks is not None else ():
        if addon.name not in (networks or ()):
            yield f"the server has no LoRA {shown(addon.name)}"
