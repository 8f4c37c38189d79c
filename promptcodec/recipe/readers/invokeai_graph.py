"""InvokeAI's graphs as recipes: what ran (``invokeai_graph``), or the editor's workflow alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Addon, ModelInfo, Number, Platform, Recipe, Settings
from promptcodec.recipe.readers.invokeai_nodes import Graph, graph_of
from promptcodec.recipe.values import first, number, text, whole

_DRAWS = re.compile(
    r"(?:\w*_)?(?:denoise|denoise_latents|text_to_image|t2l|l2l|txt2img|img2img|inpaint)(?:_meta\w*)?"
)
_POSITIVE = ("positive_conditioning", "positive_text_conditioning", "conditioning")
_NEGATIVE = ("negative_conditioning", "negative_text_conditioning")
_MOST_PASSES = 16


def read_graph(value: Mapping[str, Any]) -> Recipe | None:
    """Read the recipe of a graph or a workflow, None where nothing in it draws."""
    graph = graph_of(value)
    drawing = [node for node in graph.nodes if _DRAWS.fullmatch(graph.kind(node))]
    if not drawing:
        return None
    node = _first_pass(graph, drawing)
    noise = next(iter(graph.sources(node, ("noise",))), node)

    def get(*names: str) -> Any:
        candidates = (graph.value(place, name) for name in names for place in (node, noise))
        return next((item for item in candidates if item is not None), None)

    prompt, negative = _prompt(graph, node, _POSITIVE), _prompt(graph, node, _NEGATIVE)
    start = number(graph.value(node, "denoising_start"))
    settings = Settings(
        prompt=prompt or text(get("prompt", "positive_prompt")),
        negative=negative or text(get("negative_prompt")),
        sampler=text(get("scheduler")),
        steps=whole(get("steps", "num_steps")),
        guidance=number(get("cfg_scale", "guidance", "guidance_scale")),
        seed=whole(get("seed")),
        width=whole(get("width")),
        height=whole(get("height")),
        denoise=round(1 - start, 6) if start else None,
    )
    unknown = () if settings.prompt else ("prompt",)
    return Recipe(Platform("invokeai"), _model(graph, node), settings, unknown=unknown)


def _first_pass(graph: Graph, drawing: list[str]) -> str:
    """Choose the pass behind which no other stands."""
    others = set(drawing)
    for node in drawing[:_MOST_PASSES]:
        if not others & (set(graph.behind(node)) - {node}):
            return node
    return drawing[0]


def _prompt(graph: Graph, node: str, fields: tuple[str, ...]) -> str | None:
    """Join the prompts behind an input: of the nearest nodes that have one, through nodes that collect."""
    prompts: list[str] = []
    todo = graph.sources(node, fields)
    for place in todo:
        if "prompt" in graph.nodes[place] or graph.sources(place, ("prompt",)):
            prompt = text(graph.value(place, "prompt"))
            prompts += [prompt] if prompt else []
        else:
            todo += [source for source in graph.into(place) if source not in todo]
    return "\n".join(dict.fromkeys(prompts)) or None


def _model(graph: Graph, drawing: str) -> ModelInfo:
    name = digest = vae = None
    loras: list[Addon] = []
    nets: list[Addon] = []
    for node in graph.behind(drawing):
        kind, fields = graph.kind(node), graph.nodes[node]
        if "lora" in kind:
            loras += _addons(graph.value(node, "lora"), graph.value(node, "weight"))
        elif "controlnet" in kind or "t2i_adapter" in kind:
            net = first(fields, ("control_model", "t2i_adapter_model"))
            nets += _addons(net, first(fields, ("control_weight", "weight")))
        elif "vae" in kind:
            vae = vae or _name(graph.value(node, "vae_model"))
        elif name is None and "model" in kind:
            model = graph.value(node, "model")
            name, digest = _name(model), _hash(model)
    return ModelInfo(name, digest, vae, tuple(loras), tuple(nets))


def _addons(model: Any, weight: Number | None) -> list[Addon]:
    name = _name(model)
    return [Addon(name, number(weight), _hash(model))] if name else []


def _name(model: Any) -> str | None:
    return text(first(model, ("name", "model_name", "key"))) if isinstance(model, dict) else text(model)


def _hash(model: Any) -> str | None:
    return text(model.get("hash")) if isinstance(model, dict) else None
