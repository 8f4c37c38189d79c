"""The size of the latent that a sampler starts from."""

from __future__ import annotations

import re
from typing import Any

from promptcodec.recipe.readers.comfyui.follow import scalar
from promptcodec.recipe.readers.comfyui.graph import Graph, Link, Node
from promptcodec.recipe.readers.comfyui.names import output_name
from promptcodec.recipe.readers.comfyui.sampling import takes_picture, upstream
from promptcodec.recipe.values import whole

Size = tuple[int | None, int | None]
_SIDES = (("width", "height"), ("empty_latent_width", "empty_latent_height"))
_STRETCHED = ("stretch", "crop", "fill / crop", "pad")
_OVER = ("width_override", "height_override")
_PRESETS = ("dimension", "resolution", "ratio", "size", "preset")
_SIZE = re.compile(r"(?<!\d)(\d{2,5})\s*[x\u00d7*]\s*(\d{2,5})(?!\d)")
_SWAPS = ("invert", "swap_dimensions", "swap")


def size_of(graph: Graph, sampler: str) -> Size:
    """Give width and height of the latent that a sampler starts from, where the graph says them."""
    node = graph[sampler]
    if not takes_picture(node):  # it only says how to sample: what uses it takes the latent
        users = (
            name for name, user in graph.items() if any(link.node == sampler for _, link in user.links())
        )
        sampler = next((name for name in users if takes_picture(graph[name])), sampler)
    for name in reversed(upstream(graph, sampler)[:-1]):
        node = graph[name]
        shrunk = "image" in node.inputs and not _is_fixed(node)
        size = (None, None) if shrunk else own_size(graph, node)
        if size[0] and size[1]:
            return size
        latents = any(name.startswith(("latent", "samples")) for name, _ in node.links())
        if "image" in node.inputs and not latents:  # its size is not in the graph
            return None, None
    node = graph[sampler]
    return (None, None) if "upscale_method" in node.inputs else own_size(graph, node)


def _is_fixed(node: Node) -> bool:
    """Say whether a node gives pictures of just the sides it names; others keep proportions."""
    inputs = node.inputs
    stretched = inputs.get("keep_proportion", inputs.get("method")) in (False, *_STRETCHED)
    return {"upscale_method", "crop"} <= inputs.keys() or stretched or isinstance(inputs["image"], str)


def own_size(graph: Graph, node: Node) -> Size:
    """Give the size that a node names: by sides that are not 0, by a preset."""
    over = tuple(whole(scalar(graph, node.inputs.get(side), (side,))) for side in _OVER)
    if all(over):
        return over[0], over[1]
    preset = _preset(node)
    if preset:
        return preset
    for pair in _SIDES:
        if all(side in node.inputs for side in pair):
            width, height = (_side(graph, node.inputs[side], side) for side in pair)
            return width, height
    return None, None


def _side(graph: Graph, value: Any, name: str) -> int | None:
    """Give a side, also where a node that it links to only knows both as one text."""
    if isinstance(value, Link) and value.node in graph:
        node = graph[value.node]
        preset = _preset(node)
        if preset:
            output = output_name(node, value.slot)
            first = output.startswith("w") if output[:1] in ("w", "h") else "width" in name
            return preset[0] if first else preset[1]
    return whole(scalar(graph, value, (name, name.removeprefix("empty_latent_"))))


def _preset(node: Node) -> tuple[int, int] | None:
    """Read texts such as ``832 x 1216 (portrait)``."""
    for name, value in node.inputs.items():
        named = isinstance(value, str) and any(word in name.lower() for word in _PRESETS)
        if named and (match := _SIZE.search(value)):
            sides = int(match[1]), int(match[2])
            swapped = any(node.inputs.get(swap) in (True, "On", "on") for swap in _SWAPS)
            return sides[::-1] if swapped else sides
    return None
