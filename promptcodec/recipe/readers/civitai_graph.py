"""Civitai's generator: ComfyUI's graph with what the user had asked for beside it, in ``extraMetadata``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from promptcodec.recipe.model import Recipe, Settings
from promptcodec.recipe.readers import comfyui
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.texts import objects
from promptcodec.recipe.values import load_object

_KEYS: Keys = {
    **PLAIN,
    "negative": ("negativePrompt",),
    "guidance": ("cfgScale",),
    "denoise": ("denoise",),
    "model": ("modelName",),
}


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read the graph, and from what stands beside it what the graph does not say."""
    extra = next(filter(None, map(_extra, objects(texts, ("prompt",)))), None)
    if not extra:
        return None
    asked, graph = to_recipe("comfyui", extra, _KEYS), comfyui.read(texts)
    if graph is None:
        return asked
    settings = {
        item.name: getattr(asked.settings, item.name)
        for item in fields(Settings)
        if getattr(graph.settings, item.name) in (None, {})
    }
    missing = tuple(name for name in graph.unknown if settings.get(name.partition(" ")[0]) is None)
    return replace(
        graph,
        settings=replace(graph.settings, **settings),
        extra={**asked.extra, **graph.extra},
        unknown=missing,
    )


def _extra(graph: Mapping[str, Any]) -> dict[str, Any] | None:
    value = graph.get("extraMetadata")
    value = load_object(value) if isinstance(value, str) else value
    return value if isinstance(value, dict) and isinstance(value.get("prompt"), str) else None
