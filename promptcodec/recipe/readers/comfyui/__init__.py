"""ComfyUI: the recipe of its API graph, or of an editor's workflow alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.readers.comfyui import models, prompts, sampling
from promptcodec.recipe.readers.comfyui.graph import Graph, find_graph
from promptcodec.recipe.values import number, text, whole

_PLATFORM = Platform("comfyui")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read a graph from PNG chunks, from EXIF as save nodes write it, or from the workflow alone."""
    graph = find_graph(texts)
    return from_graph(graph) if graph else None


def from_graph(graph: Graph) -> Recipe:
    """Make the recipe of a graph: of its first sampling pass; later ones are ``hires``."""
    passes = sampling.passes_of(graph)
    if not passes:
        names, loras = models.models_of(graph, list(graph))
        settings = Settings(prompt="\n".join(prompts.all_texts(graph)) or None)
        return Recipe(_PLATFORM, ModelInfo(name=names[0] if names else None, loras=loras), settings)
    base = passes[0]
    prompt, negative = prompts.prompts_of(graph, base)
    width, height = sampling.size_of(graph, base)
    settings = Settings(
        prompt=prompt,
        negative=negative,
        sampler=text(sampling.setting(graph, base, ("sampler_name", "sampler"))),
        scheduler=text(sampling.setting(graph, base, ("scheduler",))),
        steps=whole(sampling.setting(graph, base, ("steps",))),
        guidance=sampling.guidance_of(graph, base),
        seed=whole(sampling.setting(graph, base, sampling.SEEDS)),
        width=width,
        height=height,
        denoise=number(sampling.setting(graph, base, ("denoise",))),
        hires=sampling.hires_of(graph, passes),
    )
    names, loras = models.models_of(graph, [base])
    nets = models.controlnets_of(graph, base)
    model = ModelInfo(names[0] if names else None, None, models.vae_of(graph), loras, nets)
    extra: dict[str, Any] = {"models": names[1:]} if names[1:] else {}
    distilled = sampling.distilled_guidance(graph, base)
    if distilled is not None and distilled != settings.guidance:
        extra["distilled_guidance"] = distilled
    return Recipe(_PLATFORM, model, settings, extra)
