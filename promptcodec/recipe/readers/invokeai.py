"""InvokeAI's generations: ``Dream`` command line, ``sd-metadata``, ``invokeai_metadata``, a graph alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from promptcodec.recipe.model import Addon, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.readers.invokeai_graph import read_graph
from promptcodec.recipe.values import first, load_object, number, others, text, whole

_DREAM = re.compile(r'^\s*"((?:[^"\\]|\\.)*)"\s*(.*)$', re.DOTALL)
_OPTION = re.compile(r"(?:^|\s)(--?[A-Za-z_]+)[ =]?([^\s-][^\s]*|-\d\S*)?")
_NEGATIVE = re.compile(r"\[([^\[\]]*)\]")
_KNOWN = {
    "positive_prompt", "negative_prompt", "width", "height", "seed", "cfg_scale", "steps", "scheduler",
    "model",
    "vae", "loras", "controlnets", "app_version", "strength", "guidance",
}  # fmt: skip


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read the newest form that is there."""
    values = load_object(texts.get("invokeai_metadata"))
    graph = _graph(texts)
    if values:
        return _filled(_metadata(values), graph)
    values = load_object(texts.get("sd-metadata"))
    if values:
        return _sd_metadata(values)
    dream = _dream(texts["Dream"]) if "Dream" in texts else None
    return dream or graph


def _graph(texts: Mapping[str, str]) -> Recipe | None:
    """Read what ran, or else the editor's workflow."""
    for key in ("invokeai_graph", "invokeai_workflow"):
        values = load_object(texts.get(key))
        recipe = read_graph(values) if values else None
        if recipe:
            return recipe
    return None


def _filled(recipe: Recipe, graph: Recipe | None) -> Recipe:
    """Take from the graph what the metadata of the editor's nodes leaves out."""
    if graph is None or recipe.settings.prompt is not None:
        return recipe
    settings = {
        field.name: getattr(graph.settings, field.name)
        for field in fields(Settings)
        if getattr(recipe.settings, field.name) in (None, {})
    }
    model = recipe.model if recipe.model.name else graph.model
    return replace(recipe, settings=replace(recipe.settings, **settings), model=model)


def _named(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(value: Any) -> str | None:
    return text(first(_named(value), ("name", "model_name"))) or text(value)


def _addons(items: Any, inner: str) -> tuple[Addon, ...]:
    addons = []
    for item in items if isinstance(items, list) else ():
        model = _named(item).get(inner) or _named(item).get("model")
        name = _name(model)
        if name:
            weight = number(first(_named(item), ("weight", "control_weight")))
            addons.append(Addon(name, weight, text(_named(model).get("hash"))))
    return tuple(addons)


def _metadata(values: Mapping[str, Any]) -> Recipe:
    model = values.get("model")
    settings = Settings(
        prompt=text(values.get("positive_prompt")),
        negative=text(values.get("negative_prompt")),
        sampler=text(values.get("scheduler")),
        steps=whole(values.get("steps")),
        guidance=number(first(values, ("cfg_scale", "guidance"))),
        seed=whole(values.get("seed")),
        width=whole(values.get("width")),
        height=whole(values.get("height")),
        denoise=number(values.get("strength")),
    )
    model_info = ModelInfo(
        _name(model),
        text(_named(model).get("hash")),
        _name(values.get("vae")),
        _addons(values.get("loras"), "lora"),
        _addons(values.get("controlnets"), "control_model"),
    )
    extra = others(values, _KNOWN)
    distilled = number(values.get("guidance"))
    if distilled is not None:
        extra["distilled_guidance"] = distilled
    return Recipe(Platform("invokeai", text(values.get("app_version"))), model_info, settings, extra)


def _sd_metadata(values: Mapping[str, Any]) -> Recipe:
    image = _named(values.get("image"))
    prompt = image.get("prompt")
    if isinstance(prompt, list):  # parts with weights
        prompt = " ".join(str(_named(part).get("prompt", "")) for part in prompt)
    positive, negative = _split(str(prompt or ""))
    settings = Settings(
        prompt=positive,
        negative=negative,
        sampler=text(image.get("sampler")),
        steps=whole(image.get("steps")),
        guidance=number(image.get("cfg_scale")),
        seed=whole(image.get("seed")),
        width=whole(image.get("width")),
        height=whole(image.get("height")),
        denoise=number(image.get("strength")),
    )
    model = ModelInfo(text(values.get("model_weights")), text(values.get("model_hash")))
    known = {"prompt", "sampler", "steps", "cfg_scale", "seed", "width", "height", "strength"}
    return Recipe(
        Platform("invokeai", text(values.get("app_version"))), model, settings, others(image, known)
    )


def _dream(command: str) -> Recipe | None:
    match = _DREAM.match(command)
    if not match:
        return None
    positive, negative = _split(match[1].replace('\\"', '"'))
    options = {option[1]: option[2] or "" for option in _OPTION.finditer(match[2])}

    def option(*names: str) -> str | None:
        return next((options[name] for name in names if name in options), None)

    settings = Settings(
        prompt=positive,
        negative=negative,
        sampler=text(option("-A", "--sampler")),
        steps=whole(option("-s", "--steps")),
        guidance=number(option("-C", "--cfg_scale")),
        seed=whole(option("-S", "--seed")),
        width=whole(option("-W", "--width")),
        height=whole(option("-H", "--height")),
        denoise=number(option("-f", "--strength")),
    )
    return Recipe(Platform("invokeai"), settings=settings)


def _split(prompt: str) -> tuple[str | None, str | None]:
    """Take the negative prompt, which stands in brackets, out of a prompt."""
    negative = ", ".join(part.strip() for part in _NEGATIVE.findall(prompt))
    return text(_NEGATIVE.sub("", prompt).strip()), text(negative)
