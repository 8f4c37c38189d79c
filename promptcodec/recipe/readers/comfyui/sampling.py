"""The samplers of a ComfyUI graph, known by the look of their inputs, and how each was set.

Node classes are open: nothing here depends on knowing one, only on the names of inputs that nodes share.
"""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Number
from promptcodec.recipe.readers.comfyui.graph import Graph, inputs_of, link_of, walk_back
from promptcodec.recipe.values import number, text, whole

SEEDS = ("seed", "noise_seed", "seed_value", "seed_num", "value", "int", "number")
_CONTROL = ("noise", "guider", "sampler", "sigmas")
_MOST_PASSES = 16


def passes_of(graph: Graph) -> list[str]:
    """List the samplers on the way to the pictures that are saved, first pass first."""
    samplers = [node for node in graph if _is_sampler(graph, node)]
    ends = [node for node in graph if {"images", "filename_prefix"} <= inputs_of(graph, node).keys()]
    starts = ends or samplers[:_MOST_PASSES]
    reached = [node for node, _ in walk_back(graph, starts) if _is_sampler(graph, node)]
    wanted = set((reached or samplers)[:_MOST_PASSES])
    depth = {node: sum(other in wanted for other, _ in walk_back(graph, [node])) for node in wanted}
    order = {node: place for place, node in enumerate(graph)}
    return sorted(wanted, key=lambda node: (depth[node], order[node]))


def _is_sampler(graph: Graph, node: str) -> bool:
    names = set(inputs_of(graph, node))
    timed = names & {"steps", "sigmas", "seed", "noise_seed", "noise"}
    steered = names & {"guider", "positive", "conditioning", "text_embeds"}
    return (
        len(timed) >= 2
        and bool(steered)
        and bool(names & {"latent_image", "latent", "samples", "text_embeds"})
    )


def setting(graph: Graph, sampler: str, names: tuple[str, ...]) -> Any:
    """Find a setting at the sampler, at what controls it, or behind a link in its place."""
    todo, seen = [sampler], {sampler}
    for node in todo:
        inputs = inputs_of(graph, node)
        for name in names:
            value = inputs.get(name)
            link = link_of(graph, value)
            if link and name not in _CONTROL and (linked := _scalar(graph, link[0], names)) is not None:
                return linked
            if value is not None and not isinstance(value, (list, dict)):
                return value
        for name in _CONTROL:
            link = link_of(graph, inputs.get(name))
            if link and link[0] not in seen:
                seen.add(link[0])
                todo.append(link[0])
    return None


def _scalar(graph: Graph, start: str, names: tuple[str, ...]) -> Any:
    """Give the first plain value behind a link: one of that name, a ``value``, or an only one."""
    for node, _ in walk_back(graph, [start]):
        inputs = inputs_of(graph, node)
        plain = {
            k: v for k, v in inputs.items() if isinstance(v, (int, float, str)) and not isinstance(v, bool)
        }
        for name in (*names, "value", "int", "float", "string", "number"):
            if name in plain:
                return plain[name]
        if len(plain) == 1:
            return next(iter(plain.values()))
    return None


def guidance_of(graph: Graph, sampler: str) -> Number | None:
    """Give a sampler's guidance, distilled where it has no other."""
    value = setting(graph, sampler, ("cfg", "cfg_scale", "cfg_conds"))
    return distilled_guidance(graph, sampler) if value is None else number(value)


def distilled_guidance(graph: Graph, sampler: str) -> Number | None:
    """Give the guidance that distilled models take as a part of the conditioning."""
    for node, _ in walk_back(graph, [sampler]):
        if "guidance" in inputs_of(graph, node):
            return number(inputs_of(graph, node)["guidance"])
    return None


def size_of(graph: Graph, sampler: str) -> tuple[int | None, int | None]:
    """Give width and height of the latent that a sampler starts from, where the graph says them."""
    inputs = inputs_of(graph, sampler)
    latent = link_of(graph, inputs.get("latent_image", inputs.get("samples", inputs.get("image_embeds"))))
    if not latent:
        return None, None
    for node, _ in walk_back(graph, [latent[0]]):
        own = inputs_of(graph, node)
        if "width" in own and "height" in own:
            sides = [
                whole(_scalar(graph, link[0], (name,)) if (link := link_of(graph, own[name])) else own[name])
                for name in ("width", "height")
            ]
            if all(sides):
                return sides[0], sides[1]
        dimensions = own.get("dimensions") or own.get("resolution")
        if isinstance(dimensions, str) and (size := _parse_size(dimensions)):
            return size
        if "pixels" in own or "image" in own:  # from a picture: its size is not in the graph
            return None, None
    return None, None


def _parse_size(dimensions: str) -> tuple[int, int] | None:
    sides = [whole(word) for word in dimensions.replace("x", " ").split()]
    numbers = [side for side in sides if side]
    return (numbers[0], numbers[1]) if len(numbers) >= 2 else None


def hires_of(graph: Graph, passes: list[str]) -> dict[str, Any]:
    """Say what the second pass did, where there is one behind the first."""
    base, later = passes[0], passes[1:]
    second = next((node for node in later if base in {up for up, _ in walk_back(graph, [node])}), None)
    if second is None:
        return {}
    hires: dict[str, Any] = {
        "steps": whole(setting(graph, second, ("steps",))),
        "denoise": number(setting(graph, second, ("denoise",))),
        "sampler": text(setting(graph, second, ("sampler_name",))),
    }
    for node, _ in walk_back(graph, [second]):
        inputs = inputs_of(graph, node)
        if node != base and "upscale_method" in inputs:
            hires["scale"] = number(inputs.get("scale_by"))
            hires["width"], hires["height"] = whole(inputs.get("width")), whole(inputs.get("height"))
        hires["upscaler"] = hires.get("upscaler") or _upscaler(inputs)
    return {key: value for key, value in hires.items() if value is not None}


def _upscaler(inputs: Mapping[str, Any]) -> str | None:
    name = text(inputs.get("model_name"))
    return ntpath.basename(name) if name and "ckpt_name" not in inputs else text(inputs.get("upscale_method"))
