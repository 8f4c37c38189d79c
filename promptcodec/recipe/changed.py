"""What a text that was written for a tool does not say as the recipe does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptcodec.recipe.model import Addon, Recipe
from promptcodec.recipe.passes import guidance_of, second_size, second_strength
from promptcodec.recipe.readers import loras
from promptcodec.recipe.samplers import Names, a1111_names, comfyui_names
from promptcodec.recipe.writers.a1111 import FAMILY
from promptcodec.recipe.writers.names import stem

_SERVICES = {"midjourney", "novelai"}  # their models are no files
_LONGEST = 40


def changed(recipe: Recipe, again: Recipe | None, tool: str) -> tuple[str, ...]:
    """Say what differs between a recipe and what is read in its place, one line for each kind.

    Args:
        recipe: what was written.
        again: what is read from the text, None where it holds too little to be known.
        tool: whose form it is.
    """
    before = meant(recipe, tool)
    if again is None:
        few = [f"{name} {_short(old)}" for name, old in before.items() if old and name not in _LONG]
        return (f"so few settings that {tool} may not read them: {', '.join(few)}",) if few else ()
    after = meant(again, tool)
    both = [(name, old, after.get(name)) for name, old in before.items() if old != after.get(name)]
    left_out = [name if name in _LONG else f"{name} {_short(old)}" for name, old, new in both if new is None]
    invented = [f"{name} {_short(new)}" for name, old, new in both if old is None]
    other = [f"{name} {_short(new)} for {_short(old)}" for name, old, new in both if None not in (old, new)]
    return tuple(
        f"{says}: {', '.join(names)}"
        for says, names in (
            (f"left out, as the form of {tool} has no place for it", left_out),
            ("put in, as the recipe does not say", invented),
            (f"otherwise than in the recipe, as {tool} does not know it", other),
            (f"as in the recipe, though {tool} has no such name", list(_unnamed(recipe, tool))),
            ("to be added by you, as the recipe does not hold it", list(_missing(recipe, tool))),
        )
        if names
    )


_LONG = ("prompt", "negative", "second pass", "size of the second pass", "strength of the second pass")


def meant(recipe: Recipe, tool: str) -> dict[str, Any]:
    """Give what a recipe means by names that tools share, as ``tool`` has it; None where it does not say."""
    settings, model = recipe.settings, recipe.model
    prompt = settings.prompt or ""
    guidance = tuple(value for value in guidance_of(recipe) if value not in (None, 1))
    sampler, scheduler = _samplers(recipe, tool)
    strength = None if settings.hires or settings.denoise == 1 else settings.denoise
    values: dict[str, Any] = {
        "prompt": " ".join(loras.without_calls(prompt).split()) or None,
        "negative": " ".join((settings.negative or "").split()) or None,
        "seed": settings.seed,
        "steps": settings.steps,
        "guidance": guidance or None,
        "sampler": sampler,
        "scheduler": scheduler,
        "width": settings.width,
        "height": settings.height,
        "strength": strength,
        "model": stem(model.name) if model.name else None,
        "VAE": stem(model.vae) if model.vae else None,
        "LoRAs": _addons((*model.loras, *(Addon(call.name, call.weight) for call in loras.calls(prompt)))),
        "hypernetworks": ", ".join(loras.hypernetworks(prompt)) or None,
        "ControlNets": _addons(model.controlnets),
        "second pass": True if settings.hires else None,
    }
    if settings.hires and tool == "a1111":
        values["size of the second pass"] = second_size(settings)
        second = second_strength(settings)
        values["strength of the second pass"] = None if second == 1 else second
        values["steps of the second pass"] = settings.hires.get("steps")
    return values


def _samplers(recipe: Recipe, tool: str) -> Names:
    settings = recipe.settings
    named = {"a1111": a1111_names, "comfyui": comfyui_names}.get(tool, Names)
    names = named(settings.sampler, settings.scheduler)
    return Names(names.sampler or settings.sampler, names.scheduler or settings.scheduler)


def _unnamed(recipe: Recipe, tool: str) -> Iterator[str]:
    """Give the names that A1111 does not know; those of its own family stand as they are."""
    if tool != "a1111" or recipe.platform.tool in FAMILY:
        return
    hires = recipe.settings.hires
    both = ("", recipe.settings.sampler, recipe.settings.scheduler)
    for of_what, *given in (both, (" of the second pass", hires.get("sampler"), hires.get("scheduler"))):
        named = a1111_names(*given)
        for kind, name, known in zip(("sampler", "scheduler"), given, named, strict=True):
            if name and not known:
                yield f"{kind}{of_what} {_short(name)}"
    if hires.get("upscaler") in ("area", "bislerp"):  # ways of ComfyUI's alone
        yield f"upscaler {hires['upscaler']}"


def _addons(addons: tuple[Addon, ...]) -> str | None:
    named = {stem(addon.name): addon.weight for addon in reversed(addons)}
    return (
        ", ".join(f"{name} {1 if weight is None else weight}" for name, weight in sorted(named.items()))
        or None
    )


def _missing(recipe: Recipe, tool: str) -> Iterator[str]:
    """Say what a tool needs to run and nobody knows."""
    settings = recipe.settings
    if tool == "a1111" and settings.hires and second_size(settings) is None:
        yield "the size of the second pass"
    if tool != "comfyui":
        return
    if not recipe.model.name or recipe.platform.tool in _SERVICES:
        yield "the model"
    if not settings.hires and settings.denoise not in (None, 1):
        yield "the picture that it was made from"


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return " and ".join(map(str, value))
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
