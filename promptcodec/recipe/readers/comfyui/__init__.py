"""ComfyUI: the recipe of its API graph, or of an editor's workflow alone."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.readers import a1111
from promptcodec.recipe.readers.comfyui import models, prompts, sampling, services, sizes, vaes
from promptcodec.recipe.readers.comfyui.carried import find, graph_of
from promptcodec.recipe.readers.comfyui.graph import Graph
from promptcodec.recipe.readers.comfyui.names import NEGATIVE, POSITIVE
from promptcodec.recipe.values import number, whole

_PLATFORM = Platform("comfyui")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read a graph from PNG chunks, from EXIF as save nodes write it, or from the workflow alone."""
    api, workflow = find(texts)
    graph = graph_of(api, workflow)
    if not graph:
        return None
    recipe = from_graph(graph)
    beside = a1111.read(texts)
    if beside is None or beside.platform.tool != _PLATFORM.tool:  # it may be of another picture
        return recipe
    return _hashed(_completed(recipe, beside), beside)


def from_graph(graph: Graph) -> Recipe:
    """Make the recipe of a graph: of its first sampling pass; later ones are ``hires``."""
    chain = sampling.chain_of(graph)
    if chain is None:
        return services.recipe_of(graph, _PLATFORM)
    end, passes = chain
    base = passes[0]
    positive, negative = (prompts.words_of(graph, base, side) for side in (POSITIVE, NEGATIVE))
    width, height = sizes.size_of(graph, base)
    seed = whole(sampling.setting(graph, base, sampling.SEEDS))
    settings = Settings(
        prompt=positive.joined(),
        negative=negative.joined(),
        sampler=sampling.sampler_of(graph, base),
        scheduler=sampling.scheduler_of(graph, base),
        steps=whole(sampling.setting(graph, base, sampling.STEPS)),
        guidance=sampling.guidance_of(graph, base),
        seed=None if seed is None or seed < 0 else seed,  # below 0: to be drawn
        width=width,
        height=height,
        denoise=number(sampling.setting(graph, base, ("denoise",))),
        hires=sampling.hires_of(graph, passes),
    )
    names, loras = models.models_of(graph, base)
    nets = models.controlnets_of(graph, base)
    model = ModelInfo(names[0] if names else None, None, vaes.vae_of(graph, end), loras, nets)
    extra: dict[str, Any] = {"models": names[1:]} if names[1:] else {}
    distilled = sampling.distilled_guidance(graph, base)
    if distilled is not None and number(sampling.setting(graph, base, sampling.GUIDANCE)) != distilled:
        extra["distilled_guidance"] = distilled
    unknown = (
        *_unknown("prompt", positive.unknown),
        *_unknown("negative", negative.unknown),
        *(name for name in ("seed", "steps") if getattr(settings, name) is None),
        *(() if names else ("model",)),
    )
    return Recipe(_PLATFORM, model, settings, extra, unknown=unknown)


def _completed(recipe: Recipe, beside: Recipe) -> Recipe:
    """Take what the graph does not tell from the text that a node wrote beside it."""
    names = {reason: reason.split()[0] for reason in recipe.unknown}
    given = {name: getattr(beside.settings, name) for name in names.values() if name != "model"}
    given = {name: value for name, value in given.items() if value is not None}
    model = recipe.model
    if "model" in names.values() and beside.model.name:
        model = replace(model, name=beside.model.name, hash=beside.model.hash)
        given["model"] = model
    left = tuple(reason for reason, name in names.items() if name not in given)
    given.pop("model", None)
    return replace(recipe, model=model, settings=replace(recipe.settings, **given), unknown=left)


def _hashed(recipe: Recipe, beside: Recipe) -> Recipe:
    """Take the hash of the model, which no graph has, where the text names the same model and seed."""
    same = (
        _stem(recipe.model.name) == _stem(beside.model.name) and recipe.settings.seed == beside.settings.seed
    )
    if not same or recipe.model.hash:
        return recipe
    return replace(recipe, model=replace(recipe.model, hash=beside.model.hash))


def _stem(name: str | None) -> str:
    base = ntpath.basename(name or "")
    return base.rpartition(".")[0] if base.endswith(models.SUFFIXES) else base


def _unknown(name: str, kinds: list[str]) -> tuple[str, ...]:
    return (f"{name} (behind {', '.join(kinds[:3])})",) if kinds else ()
