"""A user's own workflow: its places for words, pictures, seed and size, by title or by what they feed."""

from __future__ import annotations

import copy
import json
from typing import Any

from promptcodec.errors import UsageError
from promptcodec.files import read_file
from promptcodec.generators.comfyui.workflow import Graph, Wanted, title

_TITLES = frozenset({"positive", "negative", "image", "control"})
_SIDES = ("width", "height")
_THROUGH = ("positive", "negative", "conditioning", "conditioning_1")


def read(path: str) -> Graph:
    """Read a workflow file.

    Raises:
        UsageError: it cannot be read, or is no graph in API format.
    """
    try:
        graph = json.loads(read_file(path))
    except UsageError as error:
        raise UsageError(f"the workflow {path} {error}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the workflow {path} is no JSON: {error}") from None
    if not isinstance(graph, dict) or not graph or not all(map(_is_node, graph.values())):
        raise UsageError(
            f"the workflow {path} is no graph in API format: save it with Workflow, Export (API) in ComfyUI"
        )
    _places(graph, path)
    return graph


def _is_node(node: Any) -> bool:
    return (
        isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs"), dict)
    )


def takes(graph: Graph) -> frozenset[str]:
    """Say which pictures a workflow takes: ``image``, ``control``."""
    return frozenset(_places(graph, "")) & {"image", "control"}


def checkpoint(graph: Graph) -> str:
    """Give the checkpoint or diffusion model that a workflow loads, ``""`` where it is not seen."""
    names = (node["inputs"].get(key) for key in ("ckpt_name", "unet_name") for node in graph.values())
    return next((name for name in names if isinstance(name, str)), "")


def build(own: Graph, wanted: Wanted, *, checkpoint: str) -> Graph:
    """Fill a user's workflow.

    Args:
        own: the graph, which is not changed.
        wanted: as for the shipped one; pictures that the graph takes are given.
        checkpoint: the one that was asked for, ``""`` keeps the graph's.
    """
    graph = copy.deepcopy(own)
    places = _places(graph, "")
    texts = {"positive": wanted.positive, "negative": wanted.negative}
    for place, text in texts.items():
        if place in places:
            _set_text(graph[places[place]]["inputs"], text)
    for place, value in (("image", wanted.image), ("control", wanted.control)):
        if place in places:
            graph[places[place]]["inputs"]["image"] = value
    for node in graph.values():
        node["inputs"] |= _settings(node, wanted, frozenset(places))
        if checkpoint and "ckpt_name" in node["inputs"]:
            node["inputs"]["ckpt_name"] = checkpoint
    return graph


def _settings(node: dict[str, Any], wanted: Wanted, places: frozenset[str]) -> dict[str, Any]:
    """Give the inputs of a node that are set wherever they stand as numbers: seed, size, how much counts."""
    kind, inputs = node["class_type"], node["inputs"]
    values: dict[str, Any] = {"seed": wanted.seed, "noise_seed": wanted.seed}
    if "image" in places:
        values["denoise"] = wanted.denoise
    if "control" in places and kind.startswith("ControlNetApply"):
        values["strength"] = wanted.weight
    if kind.startswith("Empty"):
        values |= dict(zip(_SIDES, wanted.size, strict=True))
    return {key: value for key, value in values.items() if isinstance(inputs.get(key), (int, float))}


def _set_text(inputs: dict[str, Any], text: str) -> None:
    key = next((key for key in ("text", "value", "string", "prompt") if key in inputs), "text")
    inputs[key] = text


def _places(graph: Graph, path: str) -> dict[str, str]:
    """Find the nodes that are filled: titled as the place, or by class and by what they feed.

    Raises:
        UsageError: there is no place for words.
    """
    places = {place: name for name, node in graph.items() if (place := title(node)) in _TITLES}
    samplers = [node for node in graph.values() if {"positive", "negative"} <= set(node["inputs"])]
    for place in ("positive", "negative"):
        for node in samplers if place not in places else ():
            name = _encoder(graph, node["inputs"][place])
            if name and name not in places.values():
                places[place] = name
    loaders = [name for name, node in graph.items() if node["class_type"] == "LoadImage"]
    if not {"image", "control"} & set(places) and len(loaders) == 1:
        places["image"] = loaders[0]
    if "positive" not in places:
        raise UsageError(
            f"the workflow {path} has no place for words: give a text node the title positive, or let a "
            "sampler have a CLIPTextEncode"
        )
    return places


def _encoder(graph: Graph, link: Any) -> str:
    """Follow a conditioning back to the node that encodes its text, ``""`` where there is none."""
    seen: set[str] = set()
    while isinstance(link, list) and link and link[0] in graph and link[0] not in seen:
        name = str(link[0])
        seen.add(name)
        inputs = graph[name]["inputs"]
        if isinstance(inputs.get("text"), str):
            return name
        side = "negative" if len(link) > 1 and link[1] == 1 and "negative" in inputs else ""
        keys = (side, *_THROUGH) if side else _THROUGH
        link = next((inputs[key] for key in keys if isinstance(inputs.get(key), list)), None)
    return ""
