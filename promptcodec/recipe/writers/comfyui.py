"""ComfyUI's API graph: the file's own, or the plain text-to-image graph."""

from __future__ import annotations

import json
from typing import Any

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.passes import guidance_of
from promptcodec.recipe.readers import loras
from promptcodec.recipe.readers.comfyui.carried import find_graph
from promptcodec.recipe.samplers import comfyui_names
from promptcodec.recipe.writers.names import file_name, stem


def own_graph(recipe: Recipe) -> dict[str, Any] | None:
    """Give the graph that the recipe was read from, where it was kept: its nodes, and nothing beside them."""
    texts = {key: text for chunk in recipe.chunks for key, text in chunk.texts().items()}
    graph = find_graph(texts) or {}
    return {name: node for name, node in graph.items() if "class_type" in node} or None


def write(recipe: Recipe) -> str:
    """Write an API graph: the file's own where it has one, else the plain text-to-image graph."""
    return json.dumps(own_graph(recipe) or _plain_graph(recipe), indent=2, ensure_ascii=False)


def _plain_graph(recipe: Recipe) -> dict[str, Any]:
    settings, model = recipe.settings, recipe.model
    graph: dict[str, Any] = {
        "4": _node("CheckpointLoaderSimple", ckpt_name=file_name(model.name or "")),
        "5": _node(
            "EmptyLatentImage", width=settings.width or 512, height=settings.height or 512, batch_size=1
        ),
    }
    source, clip = _add_loras(graph, recipe)
    sampler, scheduler = _names(recipe)
    guidance = guidance_of(recipe)
    positive: list[Any] = ["6", 0]
    if guidance.distilled is not None:
        graph["1"] = _node("FluxGuidance", conditioning=positive, guidance=guidance.distilled)
        positive = ["1", 0]
    graph |= {
        "6": _node("CLIPTextEncode", clip=clip, text=loras.without_calls(settings.prompt or "")),
        "7": _node("CLIPTextEncode", clip=clip, text=settings.negative or ""),
        "3": _node(
            "KSampler", model=source, positive=positive, negative=["7", 0], latent_image=["5", 0],
            seed=0 if settings.seed is None else settings.seed,
            steps=20 if settings.steps is None else settings.steps,
            cfg=7 if guidance.plain is None else guidance.plain,
            sampler_name=sampler, scheduler=scheduler,
            denoise=1 if settings.denoise is None or settings.hires else settings.denoise,
        ),
        "8": _node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": _node("SaveImage", images=["8", 0], filename_prefix="ComfyUI"),
    }  # fmt: skip
    if model.vae:
        graph["2"] = _node("VAELoader", vae_name=file_name(model.vae))
        graph["8"]["inputs"]["vae"] = ["2", 0]
    return graph


def _add_loras(graph: dict[str, Any], recipe: Recipe) -> tuple[list[Any], list[Any]]:
    """Add a loader for each LoRA; give where model and CLIP come from behind them."""
    calls = {stem(call.name): call for call in loras.calls(recipe.settings.prompt or "")}
    listed = {stem(addon.name): addon for addon in recipe.model.loras}
    source: list[Any] = ["4", 0]
    clip: list[Any] = ["4", 1]
    for number, name in enumerate([*listed, *(calls.keys() - listed.keys())], 10):
        addon, call = listed.get(name), calls.get(name)
        weight = addon.weight if addon else call and call.weight
        weight = 1 if weight is None else weight
        graph[str(number)] = _node(
            "LoraLoader",
            model=source,
            clip=clip,
            lora_name=file_name(addon.name if addon else name),
            strength_model=weight,
            strength_clip=call.text_weight if call and call.text_weight is not None else weight,
        )
        source, clip = [str(number), 0], [str(number), 1]
    return source, clip


def _names(recipe: Recipe) -> tuple[str, str]:
    """Name sampler and scheduler; names that only a node of somebody's knows stay in a graph of ComfyUI's."""
    settings = recipe.settings
    names = comfyui_names(settings.sampler, settings.scheduler)
    own = recipe.platform.tool == "comfyui"
    sampler, scheduler = (settings.sampler, settings.scheduler) if own else (None, None)
    return names.sampler or sampler or "euler", names.scheduler or scheduler or "normal"


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}
