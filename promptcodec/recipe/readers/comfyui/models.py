"""The models of a ComfyUI graph: checkpoints, LoRAs and ControlNets upstream of a sampler."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from promptcodec.recipe.model import Addon
from promptcodec.recipe.readers.comfyui import prompts
from promptcodec.recipe.readers.comfyui.follow import choices, scalar
from promptcodec.recipe.readers.comfyui.graph import MOST_VISITS, Graph, Link, Node
from promptcodec.recipe.readers.comfyui.names import is_pipe, output_name
from promptcodec.recipe.values import number, text, whole

SUFFIXES = (".safetensors", ".ckpt", ".gguf", ".pt", ".pth", ".sft", ".bin")
SURE = ("ckpt_name", "base_ckpt_name", "unet_name")
_LOADED = (*SURE, "model_name", "checkpoint", "model_path", "model", "value")
_MODELS = re.compile(r"model_?[a-d\d]{0,2}|opt_model|base_model|unet|model_override|optional_model")
_OTHER_MODELS = re.compile(
    r"(?:.*_)?(?:upscale|style|sam|bbox|clip|vae|motion|refiner|face|llm|vision|control|ip_?adapter|textbox|"
    r"text|chatglm\d?|depth|pose|seg\w*|lora|bg|prev|florence\d?|joy\w*|noise|patch)_model"
)
_ONWARD = ("lora", "loras", "lora_stack", "optional_lora_stack", "prev_lora", "NEXT_LORA", "lora_params")
_TAGGED = ("populated_text", "lora_syntax", "loras", "text", "prompt", "wildcard_text", "lora_text")
_TAG = re.compile(r"<lora:([^<>:]+)(?::(-?[\d.]+))?[^<>]*>")
_LORA = re.compile(r"lora_name((?:_\d+)?)|hypernetwork_name|lora((?:_\d+)?)|lora(_\d+)_name|lora(\d+)")
_STACKS = ("controlnet_stack", "cnet_stack", "optional_controlnet_stack", "control_net_stack")
_NET = re.compile(r"controlnet(_\d{1,2})")
_MOST_NETS = 8
_MOST_APPLIED = 32
NONE = ("none", "", "baked vae", "(use same)", "default (model)")


def models_of(graph: Graph, sampler: str) -> tuple[list[str], tuple[Addon, ...]]:
    """Find checkpoints and LoRAs upstream of a sampler's model input, or of its guider's or its pipe's."""
    names: list[str] = []
    loras: list[Addon] = []
    todo: list[tuple[str, str]] = [(sampler, "model")]
    seen = set(todo)
    text_behind = prompts.reader(graph)
    for name, want in todo:
        node = graph[name]
        loras += _loras(graph, node, text_behind)
        if name != sampler:
            names += [loaded for loaded in _checkpoints(graph, node) if loaded not in names]
        for link in _onward(graph, node, want):
            output = output_name(graph[link.node], link.slot) if link.node in graph else ""
            step = link.node, output if output.endswith("_model") else "model"
            if link.node in graph and step not in seen and len(seen) < MOST_VISITS:
                seen.add(step)
                todo.append(step)
    loras += [lora for hook in _hooks(graph, sampler) for lora in _loras(graph, hook, text_behind)]
    weighted = {lora.name for lora in loras if lora.weight is not None}  # others only pass its name on
    loras = [lora for lora in loras if lora.weight is not None or lora.name not in weighted]
    return names, tuple(dict.fromkeys(loras))


def _hooks(graph: Graph, sampler: str) -> Iterator[Node]:
    """Give the nodes upstream of a sampler that add LoRAs to a prompt, or to a part of the steps."""
    nodes = (graph[name] for name in _all_upstream(graph, sampler))
    return (node for node in nodes if "hook" in node.kind.lower() and "lora_name" in node.inputs)


def _onward(graph: Graph, node: Node, want: str) -> Iterator[Link]:
    """Give the links that a model comes through: by name, else inside a pipe or through a switch."""
    links = dict(node.links())
    exact = [links[name] for name in (want, want.removeprefix("base_")) if name in links]
    named = exact[:1] or _model_links(node)
    chosen = choices(graph, node) if not named else None
    if named:
        yield from named
    elif chosen is not None:
        yield from (links[name] for name in chosen if name in links)
    else:
        yield from (link for name, link in links.items() if is_pipe(name))
    yield from (links[name] for name in _ONWARD if name in links)


def _model_links(node: Node) -> list[Link]:
    """Give the links a node takes models by; wrappers of one model name theirs after it."""
    links = dict(node.links())
    named = [link for name, link in links.items() if _MODELS.fullmatch(name.lower())]
    return (
        named
        or [
            link
            for name, link in links.items()
            if name.endswith("_model") and not _OTHER_MODELS.fullmatch(name.lower())
        ][:1]
    )


def _checkpoints(graph: Graph, node: Node) -> Iterator[str]:
    """Give the checkpoint that a node loads: what takes a model loads a part to add to it."""
    if _model_links(node) or ("lora" in node.kind.lower() and not node.inputs.keys() & set(SURE)):
        return
    loads = "load" in node.kind.lower()  # some name a folder or an archive's entry
    for key in _LOADED:
        name = text(scalar(graph, node.inputs.get(key), (key,)))
        is_name = key in SURE or (name or "").endswith(SUFFIXES) or (loads and key != "value")
        if name and is_name and name.lower() not in NONE:
            yield name
            return


def _loras(graph: Graph, node: Node, text_behind: Callable[[Any], str]) -> Iterator[Addon]:
    """Give the LoRAs that a node adds: by its own inputs, as a list, or as tags in a text."""
    for key, value in node.inputs.items():
        if isinstance(value, dict) and isinstance(value.get("lora"), str):
            if value.get("on", True):
                yield from _addon(value["lora"], value.get("strength"))
        elif key == "loras" and isinstance(value, list):
            yield from _listed(value)
        elif match := _LORA.fullmatch(key):
            place = next((part for part in match.groups() if part), "")
            if _is_on(node, place) and isinstance(name := scalar(graph, value, (key,)), str):
                yield from _addon(name, scalar(graph, _weight(node, place), ()))
    yield from _tagged(node, text_behind)


def _tagged(node: Node, text_behind: Callable[[Any], str]) -> Iterator[Addon]:
    """Give the LoRAs that stand as tags in a text, in what was used of it before its template."""
    listed = isinstance(node.inputs.get("loras"), list)
    for key in () if listed else _TAGGED:
        value = node.inputs.get(key)
        if isinstance(value, (str, Link)):
            words = text_behind(value)
            yield from (addon for tag in _TAG.finditer(words) for addon in _addon(tag[1], tag[2]))
        if key == "populated_text" and value:
            return


def _listed(items: list[Any]) -> Iterator[Addon]:
    for item in items:
        if isinstance(item, dict) and isinstance(item.get("name"), str) and item.get("active", True):
            yield from _addon(item["name"], item.get("strength"))


def _is_on(node: Node, place: str) -> bool:
    """Say whether a stack uses what it has of this number: ``_2``, ``""`` where there is only one."""
    inputs = node.inputs
    count = whole(inputs.get("lora_count", inputs.get("num_loras", inputs.get("num_controlnet"))))
    beyond = bool(place) and count is not None and int(place.strip("_")) > count
    off = inputs.get(f"switch{place}", "On") in ("Off", False) or inputs.get("toggle", True) is False
    return not (beyond or off)


def _weight(node: Node, place: str) -> Any:
    simple = node.inputs.get("input_mode") == "simple"
    names = (
        "strength_model", f"lora_wt{place}" if simple else f"model_str{place}", f"model_weight{place}",
        f"strength{place}", f"lora{place}_strength", f"lora{place}_model_strength", "lora_model_strength",
        "lora_strength", "strength", f"weight{place}",
    )  # fmt: skip
    return next((node.inputs[name] for name in names if name in node.inputs), None)


def _addon(name: str, weight: Any) -> Iterator[Addon]:
    if name.lower() not in NONE:
        yield Addon(name, number(weight))


def controlnets_of(graph: Graph, sampler: str) -> tuple[Addon, ...]:
    """Find the ControlNets upstream of a sampler."""
    nodes = (graph[name] for name in _all_upstream(graph, sampler))
    applied = ((node, link) for node in nodes for link in _net_links(graph, node))
    nets = [net for node, link in islice(applied, _MOST_APPLIED) for net in _nets(graph, node, link)]
    return tuple(dict.fromkeys(nets))[:_MOST_NETS]


def _net_links(graph: Graph, node: Node) -> Iterator[Link]:
    """Give the links by which a node applies a ControlNet or a stack of them; others pass them on."""
    names = ("control_net",) if node.inputs.keys() & {"strength", "image"} else ()
    if _is_on(node, "") and not any(map(_NET.fullmatch, node.inputs)):
        names = (*names, *_STACKS)
    links = (node.inputs.get(name) for name in names)
    yield from (link for link in links if isinstance(link, Link) and link.node in graph)


def _nets(graph: Graph, node: Node, link: Link) -> list[Addon]:
    """List the ControlNets of a stack, or the one that a node applies."""
    if node.inputs.get("control_net") != link:
        return _stacked(graph, link.node)
    loaders = (graph[name].inputs.get("control_net_name") for name in _all_upstream(graph, link.node))
    loaded = (text(scalar(graph, value, ("control_net_name",))) for value in loaders)
    weight = number(scalar(graph, node.inputs.get("strength"), ("strength",)))
    return [Addon(net, weight) for net in islice(filter(None, loaded), 1)]


def _stacked(graph: Graph, start: str) -> list[Addon]:
    """List the ControlNets that are on in a stack and in those behind it."""
    nets = []
    for name in _all_upstream(graph, start):
        stack = graph[name]
        for key, value in stack.inputs.items():
            match = _NET.fullmatch(key)
            net = text(scalar(graph, value, (key,))) if match and _is_on(stack, match[1]) else None
            if match and net and net.lower() not in NONE:
                weights = (f"controlnet_strength{match[1]}", f"controlnet{match[1]}_strength")
                weight = next((stack.inputs[name] for name in weights if name in stack.inputs), None)
                nets.append(Addon(net, number(scalar(graph, weight, ("strength",)))))
    return nets


def _all_upstream(graph: Graph, start: str) -> Iterator[str]:
    todo, seen = [start], {start}
    for name in todo:
        yield name
        for _, link in graph[name].links():
            if link.node in graph and link.node not in seen and len(seen) < MOST_VISITS:
                seen.add(link.node)
                todo.append(link.node)
