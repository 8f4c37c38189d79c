"""Graphs without a sampler: pictures that a service drew for a node, or no generation at all."""

from __future__ import annotations

from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.readers.comfyui import models, prompts, sampling, sizes, strings
from promptcodec.recipe.readers.comfyui.follow import scalar
from promptcodec.recipe.readers.comfyui.graph import Graph, Node, is_end
from promptcodec.recipe.readers.comfyui.names import NEGATIVE, POSITIVE, side_of
from promptcodec.recipe.values import number, text, whole

_PROMPTS = ("prompt", "positive_prompt")


def recipe_of(graph: Graph, platform: Platform) -> Recipe:
    """Read the node that asks a service for a picture; without one the recipe knows nothing."""
    starts = sampling.ends_of(graph) or list(graph)[:1]
    reached = [name for start in starts for name in sampling.upstream(graph, start)]
    asking = next((name for name in reached if _asks(graph[name])), None)
    if asking is None:
        return _alone(graph, platform)
    inputs = graph[asking].inputs
    positive, negative = (prompts.words_of(graph, asking, side) for side in (POSITIVE, NEGATIVE))
    model = next((text(inputs.get(name)) for name in ("model", "model_name") if name in inputs), None)
    width, height = sizes.own_size(graph, graph[asking])
    settings = Settings(
        prompt=positive.joined(),
        negative=negative.joined(),
        seed=whole(scalar(graph, inputs.get("seed"), sampling.SEEDS)),
        steps=whole(sampling.setting(graph, asking, sampling.STEPS)),
        guidance=number(sampling.setting(graph, asking, (*sampling.GUIDANCE, "guidance"))),
        width=width,
        height=height,
    )
    return Recipe(
        platform,
        ModelInfo(model),
        settings,
        unknown=tuple(f"prompt (behind {kind})" for kind in positive.unknown[:1]),
    )


def _alone(graph: Graph, platform: Platform) -> Recipe:
    """Read what a graph without a sampler leaves no choice about: its only text, its only checkpoint."""
    encoders = [node for node in graph.values() if "clip" in node.inputs]
    values = [node.inputs.get(name) for node in encoders for name in strings.TEXTS]
    words = {value for value in values if isinstance(value, str) and value.strip()}
    loaded = {text(node.inputs.get(name)) for node in graph.values() for name in models.SURE} - {None}
    sided = any(side_of(name) == NEGATIVE for node in graph.values() for name in node.inputs)
    prompt = words.pop() if len(words) == 1 and not sided else None
    name = loaded.pop() if len(loaded) == 1 else None
    unknown = {"prompt (no sampler leads to a picture)": prompt, "seed": None, "model": name}
    return Recipe(
        platform,
        ModelInfo(name),
        Settings(prompt=prompt),
        unknown=tuple(reason for reason, value in unknown.items() if value is None),
    )


def _asks(node: Node) -> bool:
    """Say whether a node makes a picture of words alone: it encodes nothing, and writes nothing."""
    names = node.inputs.keys()
    return any(name in names for name in _PROMPTS) and "clip" not in names and not is_end(node)
