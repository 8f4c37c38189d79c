"""ComfyUI's API graph: samplers by the look of their inputs, everything else by walking links back.

A graph is ``{id: {"class_type", "inputs": {name: value or [id, output slot]}}}``. Node classes are
open: nothing here depends on knowing one, only on the names of inputs that nodes share.
"""

from __future__ import annotations

import ntpath
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from promptcodec.recipe.comfy_workflow import to_graph
from promptcodec.recipe.model import Addon, ModelInfo, Number, Platform, Recipe, Settings
from promptcodec.recipe.values import load_object, number, text, whole

Graph = Mapping[str, Any]

_MOST_VISITS = 1000  # a graph may have circles and thousands of nodes
_MOST_PASSES = 16
_MOST_NETS = 8
_MOST_DEEP = 60  # nodes between a text and what encodes it
_MOST_LINKS = 64  # of one node
_SEEDS = ("seed", "noise_seed", "seed_value", "seed_num", "value", "int", "number")
_MODELS = ("ckpt_name", "unet_name", "base_ckpt_name", "model_name", "checkpoint", "model_path", "model")
_TEXTS = (
    "Text",
    "text", "prompt", "t5xxl", "text_g", "clip_l", "text_l", "text_positive", "positive_prompt", "positive",
    "string", "value", "text_1", "wildcard_text", "populated_text",
)  # fmt: skip
_PLUMBING = {"clip", "vae", "model", "image", "pixels", "samples", "latent_image", "mask", "control_net"}
_CONTROL = ("noise", "guider", "sampler", "sigmas")
MODEL_SUFFIXES = (".safetensors", ".ckpt", ".gguf", ".pt", ".pth", ".sft", ".bin")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read a graph from PNG chunks, from EXIF as save nodes write it, or from the workflow alone."""
    graph = find_graph(texts)
    return from_graph(graph) if graph else None


def find_graph(texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Give the API graph, or what can be made of an editor's workflow."""
    workflow = load_object(texts.get("workflow"))
    candidates = [load_object(texts.get("prompt"))]
    for name in ("UserComment", "ImageDescription", "Make", "Model"):
        said = texts.get(name, "")
        label, _, rest = said.partition(":")
        if label.lower() in ("prompt", "workflow"):
            found = load_object(rest)
            if label.lower() == "prompt":
                candidates.append(found)
            else:
                workflow = workflow or found
        else:
            found = load_object(said)
            if found is not None and isinstance(found.get("prompt"), dict):
                candidates.append(found["prompt"])
            if found is not None and isinstance(found.get("workflow"), dict):
                workflow = workflow or found["workflow"]
    candidates.append(to_graph(workflow) if workflow else None)
    return next((graph for graph in candidates if graph and is_graph(graph)), None)


def is_graph(graph: Graph) -> bool:
    """Say whether it looks like a graph: some node has a class and inputs."""
    return any(
        isinstance(node, dict) and "class_type" in node and "inputs" in node for node in graph.values()
    )


def from_graph(graph: Graph) -> Recipe:
    """Make the recipe of a graph: of its first sampling pass; later ones are ``hires``."""
    passes = _passes(graph)
    platform = Platform("comfyui")
    if not passes:
        names, loras = _models(graph, list(graph))
        prompts = _unique(_all_texts(graph))
        said = Settings(prompt="\n".join(prompts) or None)
        return Recipe(platform, ModelInfo(name=names[0] if names else None, loras=loras), said)
    base = passes[0]
    names, loras = _models(graph, [base])
    vae = next(
        (text(_inputs(graph, node).get("vae_name")) for node in graph if _has(graph, node, "vae_name")), None
    )
    prompt, negative = _prompts(graph, base)
    width, height = _size(graph, base)
    settings = Settings(
        prompt=prompt,
        negative=negative,
        sampler=text(_setting(graph, base, ("sampler_name", "sampler"))),
        scheduler=text(_setting(graph, base, ("scheduler",))),
        steps=whole(_setting(graph, base, ("steps",))),
        guidance=_guidance(graph, base),
        seed=whole(_setting(graph, base, _SEEDS)),
        width=width,
        height=height,
        denoise=number(_setting(graph, base, ("denoise",))),
        hires=_hires(graph, passes),
    )
    model = ModelInfo(names[0] if names else None, None, vae, loras, _controlnets(graph, base))
    extra: dict[str, Any] = {"models": names[1:]} if names[1:] else {}
    distilled = _distilled(graph, base)
    if distilled is not None and distilled != settings.guidance:
        extra["distilled_guidance"] = distilled
    return Recipe(platform, model, settings, extra)


def _inputs(graph: Graph, node: str) -> dict[str, Any]:
    inputs = graph[node].get("inputs") if isinstance(graph.get(node), dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _has(graph: Graph, node: str, name: str) -> bool:
    return isinstance(_inputs(graph, node).get(name), str)


def _link(graph: Graph, value: Any) -> tuple[str, int] | None:
    """Give the node and the output that a value links to, None where it is no link."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
        node = str(value[0])
        if node in graph:
            return node, value[1]
    return None


def _is_sampler(graph: Graph, node: str) -> bool:
    names = set(_inputs(graph, node))
    timed = names & {"steps", "sigmas", "seed", "noise_seed", "noise"}
    steered = names & {"guider", "positive", "conditioning", "text_embeds"}
    return (
        len(timed) >= 2
        and bool(steered)
        and bool(names & {"latent_image", "latent", "samples", "text_embeds"})
    )


def _passes(graph: Graph) -> list[str]:
    """List the samplers on the way to the pictures that are saved, first pass first."""
    samplers = [node for node in graph if _is_sampler(graph, node)]
    ends = [
        node
        for node in graph
        if "images" in _inputs(graph, node) and "filename_prefix" in _inputs(graph, node)
    ]
    reached = [node for node, _ in _back(graph, ends or samplers[:_MOST_PASSES]) if _is_sampler(graph, node)]
    wanted = set((reached or samplers)[:_MOST_PASSES])
    depth = {node: sum(other in wanted for other, _ in _back(graph, [node])) for node in wanted}
    order = {node: place for place, node in enumerate(graph)}
    return sorted(wanted, key=lambda node: (depth[node], order[node]))


def _back(graph: Graph, starts: list[str]) -> Iterator[tuple[str, str]]:
    """Walk all links back, breadth first; each node once, with the name of the input that led to it."""
    todo = [(node, "") for node in starts[:_MOST_VISITS]]
    seen = {node for node, _ in todo}
    for node, by in todo:
        yield node, by
        for name, value in islice(_inputs(graph, node).items(), _MOST_LINKS):
            link = _link(graph, value)
            if link and link[0] not in seen and len(todo) < _MOST_VISITS:
                seen.add(link[0])
                todo.append((link[0], name))


def _setting(graph: Graph, sampler: str, names: tuple[str, ...]) -> Any:
    """Find a setting at the sampler, at what controls it, or behind a link in its place."""
    todo, seen = [sampler], {sampler}
    for node in todo:
        inputs = _inputs(graph, node)
        for name in names:
            value = inputs.get(name)
            link = _link(graph, value)
            if link and name not in _CONTROL and (found := _scalar(graph, link[0], names)) is not None:
                return found
            if value is not None and not isinstance(value, (list, dict)):
                return value
        for name in _CONTROL:
            link = _link(graph, inputs.get(name))
            if link and link[0] not in seen:
                seen.add(link[0])
                todo.append(link[0])
    return None


def _scalar(graph: Graph, start: str, names: tuple[str, ...]) -> Any:
    """Give the first plain value behind a link: one of that name, a ``value``, or an only one."""
    for node, _ in _back(graph, [start]):
        inputs = _inputs(graph, node)
        plain = {
            k: v for k, v in inputs.items() if isinstance(v, (int, float, str)) and not isinstance(v, bool)
        }
        for name in (*names, "value", "int", "float", "string", "number"):
            if name in plain:
                return plain[name]
        if len(plain) == 1:
            return next(iter(plain.values()))
    return None


def _guidance(graph: Graph, sampler: str) -> Number | None:
    found = _setting(graph, sampler, ("cfg", "cfg_scale", "cfg_conds"))
    if found is not None:
        return number(found)
    return _distilled(graph, sampler)


def _distilled(graph: Graph, sampler: str) -> Number | None:
    """Give the guidance that distilled models take as a part of the conditioning."""
    for node, _ in _back(graph, [sampler]):
        if "guidance" in _inputs(graph, node):
            return number(_inputs(graph, node)["guidance"])
    return None


def _prompts(graph: Graph, sampler: str) -> tuple[str | None, str | None]:
    inputs = _inputs(graph, sampler)
    for name in ("guider", "text_embeds"):
        link = _link(graph, inputs.get(name))
        if link:
            inputs = _inputs(graph, link[0])
    starts = (inputs.get(name) for name in ("positive", "conditioning", "cond1", "cond"))
    positive = _unique(
        _texts(graph, next((start for start in starts if start is not None), None), "positive")
    )
    negative = _unique(_texts(graph, inputs.get("negative"), "negative"))
    return "\n".join(positive) or None, "\n".join(negative) or None


def _texts(graph: Graph, value: Any, side: str) -> Iterator[str]:
    """Give the texts behind a conditioning link, in the order in which they are joined."""
    todo: list[Any] = [value]
    seen: set[tuple[str, int]] = set()
    while todo and len(seen) < _MOST_VISITS:
        value = todo.pop(0)
        if isinstance(value, str):
            yield value
            continue
        link = _link(graph, value)
        if not link or link in seen:
            continue
        seen.add(link)
        inputs = _inputs(graph, link[0])
        if str(graph[link[0]].get("class_type")) == "ConditioningZeroOut":
            continue
        if "positive" in inputs and "negative" in inputs:  # passes both through: the slot says which
            todo.insert(0, inputs["positive" if link[1] == 0 else "negative"])
            continue
        said = _node_texts(graph, inputs, side)
        onward = [v for k, v in inputs.items() if k not in _PLUMBING and _link(graph, v)]
        joined = [v for k, v in inputs.items() if k.startswith("conditioning") and _link(graph, v)]
        todo[:0] = [*joined, *said] if said else onward


def _node_texts(graph: Graph, inputs: Mapping[str, Any], side: str) -> list[str]:
    """Give the texts a node encodes: its own, or those behind links in their place."""
    parts = [inputs[name] for name in ("string_a", "string_b") if name in inputs]
    said = [inputs[name] for name in _TEXTS if name in inputs and name != "negative"]
    if side == "negative" and isinstance(inputs.get("negative"), str):
        said = [inputs["negative"]]
    found: list[str] = []
    for value in parts or said:
        if isinstance(value, str):
            found.append(value)
        elif (link := _link(graph, value)) is not None:
            found += _linked_text(graph, link[0], set())
    if parts and found:
        joiner = inputs.get("delimiter")
        return [(joiner if isinstance(joiner, str) else "").join(found)]
    return _unique(item for item in found if item.strip())


def _linked_text(graph: Graph, start: str, seen: set[str]) -> list[str]:
    """Give the text behind a link: of the node, or of the first before it that has one; each node once."""
    if start in seen or len(seen) == _MOST_DEEP:
        return []
    seen.add(start)
    inputs = _inputs(graph, start)
    parts = [inputs[name] for name in ("string_a", "string_b") if name in inputs]
    if parts:
        said = [
            "".join(_linked_text(graph, link[0], seen)) if (link := _link(graph, part)) else part
            for part in parts
        ]
        joiner = inputs.get("delimiter")
        return [
            (joiner if isinstance(joiner, str) else "").join(part for part in said if isinstance(part, str))
        ]
    own = [inputs[name] for name in _TEXTS if isinstance(inputs.get(name), str) and inputs[name].strip()]
    if own:
        return own[:1]
    for name, value in inputs.items():
        link = _link(graph, value)
        if link and name not in _PLUMBING and (found := _linked_text(graph, link[0], seen)):
            return found
    return []


def _all_texts(graph: Graph) -> Iterator[str]:
    for node in graph:
        if "clip" in _inputs(graph, node):
            yield from (value for name in _TEXTS if (value := text(_inputs(graph, node).get(name))))


def _unique(values: Any) -> list[str]:
    return list(dict.fromkeys(value for value in values if value.strip()))


def _models(graph: Graph, starts: list[str]) -> tuple[list[str], tuple[Addon, ...]]:
    """Find checkpoints and LoRAs upstream of the samplers' model input."""
    begin = []
    for start in starts:
        inputs = _inputs(graph, start)
        guider = _link(graph, inputs.get("guider"))
        link = _link(graph, inputs.get("model")) or (
            guider and _link(graph, _inputs(graph, guider[0]).get("model"))
        )
        begin.append(link[0] if link else start)
    names: list[str] = []
    loras: list[Addon] = []
    for node, by in _back(graph, begin):
        inputs = _inputs(graph, node)
        if by in ("clip", "vae", "latent_image", "image", "pixels", "samples", "positive", "negative"):
            continue
        for key, value in inputs.items():
            if isinstance(value, str) and (key.startswith("lora_name") or key == "hypernetwork_name"):
                number_of = key.removeprefix("lora_name")
                weight = inputs.get(
                    "strength_model", inputs.get(f"model_weight{number_of}", inputs.get("strength"))
                )
                if value != "None" and inputs.get(f"switch{number_of}", "On") != "Off":
                    loras.append(Addon(value, number(weight)))
        found = next((v for k in _MODELS if (v := text(inputs.get(k))) and v.endswith(MODEL_SUFFIXES)), None)
        if found and found not in names and "lora" not in str(graph[node].get("class_type")).lower():
            names.append(found)
    return names, tuple(dict.fromkeys(loras))


def _controlnets(graph: Graph, base: str) -> tuple[Addon, ...]:
    found: list[Addon] = []
    for node, _ in _back(graph, [base]):
        link = _link(graph, _inputs(graph, node).get("control_net"))
        if link and len(found) < _MOST_NETS:
            loaders = (text(_inputs(graph, up).get("control_net_name")) for up, _ in _back(graph, [link[0]]))
            name = next((name for name in loaders if name), None)
            if name:
                found.append(Addon(name, number(_inputs(graph, node).get("strength"))))
    return tuple(dict.fromkeys(found))


def _size(graph: Graph, base: str) -> tuple[int | None, int | None]:
    inputs = _inputs(graph, base)
    latent = _link(graph, inputs.get("latent_image", inputs.get("samples", inputs.get("image_embeds"))))
    if not latent:
        return None, None
    for node, _ in _back(graph, [latent[0]]):
        own = _inputs(graph, node)
        if "width" in own and "height" in own:
            sides = [
                whole(_scalar(graph, link[0], (name,)) if (link := _link(graph, own[name])) else own[name])
                for name in ("width", "height")
            ]
            if all(sides):
                return sides[0], sides[1]
        dimensions = own.get("dimensions") or own.get("resolution")
        if isinstance(dimensions, str) and (match := _dimensions(dimensions)):
            return match
        if "pixels" in own or "image" in own:  # from a picture: its size is not in the graph
            return None, None
    return None, None


def _dimensions(said: str) -> tuple[int, int] | None:
    sides = [whole(word) for word in said.replace("x", " ").split()]
    numbers = [side for side in sides if side]
    return (numbers[0], numbers[1]) if len(numbers) >= 2 else None


def _hires(graph: Graph, passes: list[str]) -> dict[str, Any]:
    """Say what the second pass did, where there is one behind the first."""
    base, later = passes[0], passes[1:]
    second = next((node for node in later if base in {up for up, _ in _back(graph, [node])}), None)
    if second is None:
        return {}
    said: dict[str, Any] = {
        "steps": whole(_setting(graph, second, ("steps",))),
        "denoise": number(_setting(graph, second, ("denoise",))),
        "sampler": text(_setting(graph, second, ("sampler_name",))),
    }
    for node, _ in _back(graph, [second]):
        inputs = _inputs(graph, node)
        if node != base and "upscale_method" in inputs:
            said["scale"] = number(inputs.get("scale_by"))
            said["width"], said["height"] = whole(inputs.get("width")), whole(inputs.get("height"))
        said["upscaler"] = said.get("upscaler") or _upscaler(inputs)
    return {key: value for key, value in said.items() if value is not None}


def _upscaler(inputs: Mapping[str, Any]) -> str | None:
    name = text(inputs.get("model_name"))
    return ntpath.basename(name) if name and "ckpt_name" not in inputs else text(inputs.get("upscale_method"))
