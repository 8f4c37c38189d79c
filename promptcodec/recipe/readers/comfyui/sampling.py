"""The samplers of a ComfyUI graph, known by the look of their inputs, and how each was set.

Node classes are open: nothing here depends on knowing one, only on the names of inputs that nodes share.
"""

from __future__ import annotations

import ntpath
from collections.abc import Iterator
from typing import Any, NamedTuple

from promptcodec.recipe.model import Number
from promptcodec.recipe.readers.comfyui.follow import choices, scalar
from promptcodec.recipe.readers.comfyui.graph import MOST_VISITS, Graph, Link, Node, is_end
from promptcodec.recipe.readers.comfyui.names import is_pipe
from promptcodec.recipe.values import number, text, whole

SEEDS = ("seed", "noise_seed", "seed_value", "seed_num", "main_seed")
STEPS = ("steps", "num_steps", "steps_total", "base_steps", "num_inference_steps")
GUIDANCE = ("cfg", "cfg_scale", "cfg_conds", "guidance_scale", "from_cfg", "embedded_guidance_scale")
SAMPLERS = ("sampler_name", "sampler")
SCHEDULERS = ("scheduler", "scheduler_name")
_SCHEDULERS_ALONE = {
    "KarrasScheduler": "karras",
    "ExponentialScheduler": "exponential",
    "PolyexponentialScheduler": "polyexponential",
    "BetaSamplingScheduler": "beta",
    "VPScheduler": "vp",
    "LaplaceScheduler": "laplace",
}
_CONTROL = ("noise", "guider", "sampler", "sigmas", "base_sampler", "sampler_opt", "settings")
_STEERED = {"guider", "positive", "conditioning", "text_embeds", "base_sampler", "sdxl_tuple"}
_TIMED = {"steps", "sigmas", "seed", "noise_seed", "noise"}
# What leads on to a sampler, as the inputs there are called.
_CARRIED = {
    "seed", "noise_seed", "steps", "cfg", "sampler_name", "scheduler", "sigmas", "positive", "negative",
    "conditioning", "model", "clip",
}  # fmt: skip
# What a picture does not come through, on its way from a sampler to a file.
_ASIDE = frozenset(
    (
        "model", "clip", "vae", "positive", "negative", "conditioning", "control_net", "upscale_model",
        "upscale_model_opt", "style_model", "clip_vision", "clip_vision_output", "mask", "masks", "noise",
        "guider", "sigmas", "bbox_detector", "segm_detector_opt", "sam_model_opt", "segs", "text",
        "filename_prefix", "optional_vae", "lora_stack", "image_ref", "reference_image",
    )
)  # fmt: skip
_MOST_PASSES = 16


def is_sampler(node: Node) -> bool:
    """Say whether a node samples: it is given steps or a seed, and a conditioning, also inside a pipe."""
    names = set(node.inputs)
    steered = bool(names & _STEERED) or any(is_pipe(name) for name, _ in node.links())
    kind = node.kind.lower()
    named = "sampler" in kind and "base_sampler" not in names and (takes_picture(node) or "steps" in names)
    named = named or "presampling" in kind  # sets what a node behind it runs
    timed = named or (len(names & _TIMED) >= 2 and not _is_carrier(node))
    return timed and steered and not is_end(node)


def _is_carrier(node: Node) -> bool:
    """Say whether a node, such as a pipe or a context, only passes on what a sampler takes."""
    if "sampl" in node.kind.lower() or is_detailer(node):
        return False
    taken = node.taken_as
    return bool(taken & _CARRIED) or (bool(taken) and all(is_pipe(name) for name in taken))


def is_detailer(node: Node) -> bool:
    """Say whether a sampler only retouches a part of a picture."""
    return bool(node.inputs.keys() & {"segs", "bbox_detector", "detailer_pipe", "guide_size"})


class Chain(NamedTuple):
    """The way to a picture: what saves it, a sampler where nothing does, and the passes, the first first."""

    end: str
    passes: list[str]


def chain_of(graph: Graph) -> Chain | None:
    """Give the way to the picture that is saved, None without a sampler.

    Of several that are saved it is the one with the most passes: it was finished last.
    """
    samplers = [name for name, node in graph.items() if is_sampler(node)]
    for starts in (ends_of(graph), samplers[:_MOST_PASSES]):
        chains = (
            Chain(start, [name for name in upstream(graph, start) if is_sampler(graph[name])])
            for start in starts
        )
        longest = max(chains, key=lambda chain: len(chain.passes), default=None)
        if longest and longest.passes:
            return Chain(longest.end, longest.passes[:_MOST_PASSES])
    return None


def ends_of(graph: Graph) -> list[str]:
    """List what writes a file; where nothing does, what shows a picture."""
    ends = [name for name, node in graph.items() if is_end(node)]
    shows = [name for name, node in graph.items() if "preview" in node.kind.lower()]
    return (ends or shows)[:_MOST_PASSES]


def upstream(graph: Graph, start: str) -> list[str]:
    """List the nodes that a picture comes through on its way to a node, the first of them first."""
    order: list[str] = []
    seen = {start}
    stack: list[tuple[str, Iterator[str]]] = [(start, _pictures(graph, graph[start]))]
    while stack:
        name, before = stack[-1]
        following = next((other for other in before if other not in seen), None)
        if following is None:
            order.append(name)
            stack.pop()
        elif len(seen) < MOST_VISITS:
            seen.add(following)
            stack.append((following, _pictures(graph, graph[following])))
    return order


def _pictures(graph: Graph, node: Node) -> Iterator[str]:
    """Give the nodes that a node's picture comes from: by latents and pictures first, then by providers."""
    chosen = choices(graph, node)
    links = [(name, link) for name, link in node.links() if chosen is None or name in chosen]
    pictures = [(name, link) for name, link in links if _is_picture(name)]
    if is_sampler(node):
        steering = node.inputs.get("positive")
        if isinstance(steering, Link) and steering.node in graph:  # Stable Cascade: the pass before steers
            before = graph[steering.node].inputs.get("stage_c")
            pictures[:0] = [("stage_c", before)] if isinstance(before, Link) else []
        links = [item for item in links if item[0].endswith(("sampler", "upscaler"))]
        links += [] if pictures else [item for item in node.links() if is_pipe(item[0])]
    others = [item for item in links if item not in pictures and item[0] not in _ASIDE]
    return (link.node for _, link in (*pictures, *others) if link.node in graph)


def takes_picture(node: Node) -> bool:
    """Say whether a latent or a picture leads to a node."""
    return any(_is_picture(name) for name, _ in node.links())


def _is_picture(name: str) -> bool:
    starts = ("latent", "samples", "image", "pixels", "init_latent", "init_image", "start_image", "upscaled")
    return name.lower().startswith(starts) and name not in _ASIDE


def setting(graph: Graph, sampler: str, names: tuple[str, ...]) -> Any:
    """Find a setting at the sampler, at what controls it, or behind a link in its place."""
    todo, seen = [sampler], {sampler}
    for name in todo:
        inputs = graph[name].inputs
        for key in names:
            if (value := scalar(graph, inputs.get(key), names)) is not None:
                return value
        for key in _CONTROL:
            link = inputs.get(key)
            if isinstance(link, Link) and link.node in graph and link.node not in seen:
                seen.add(link.node)
                todo.append(link.node)
    return None


def sampler_of(graph: Graph, sampler: str) -> str | None:
    """Name the sampler; where it is a node of its own, by the node."""
    value = text(setting(graph, sampler, SAMPLERS))
    link = graph[sampler].inputs.get("sampler")
    if value is None and isinstance(link, Link) and link.node in graph:
        kind = graph[link.node].kind
        return kind if kind.startswith("Sampler") else None
    return value


def scheduler_of(graph: Graph, sampler: str) -> str | None:
    """Name the scheduler; where it is a node of its own, as samplers name it."""
    value = text(setting(graph, sampler, SCHEDULERS))
    link = graph[sampler].inputs.get("sigmas")
    if value is None and isinstance(link, Link) and link.node in graph:
        return _SCHEDULERS_ALONE.get(graph[link.node].kind)
    return value


def guidance_of(graph: Graph, sampler: str) -> Number | None:
    """Give a sampler's guidance, distilled where it has no other."""
    value = number(setting(graph, sampler, GUIDANCE))
    return distilled_guidance(graph, sampler) if value is None else value


def distilled_guidance(graph: Graph, sampler: str) -> Number | None:
    """Give the guidance that distilled models take as a part of the conditioning."""
    todo, seen = [sampler], {sampler}
    for name in todo:
        node = graph[name]
        if "guidance" in node.inputs:
            return number(scalar(graph, node.inputs["guidance"], ("guidance",)))
        for key, link in node.links():
            aside = key in ("model", "clip", "vae") or _is_picture(key) or len(seen) == MOST_VISITS
            if link.node in graph and link.node not in seen and not aside:
                seen.add(link.node)
                todo.append(link.node)
    return None


def hires_of(graph: Graph, passes: list[str]) -> dict[str, Any]:
    """Say what the second pass did, where there is one behind the first."""
    base, later = passes[0], passes[1:]
    second = next((name for name in later if _is_second(graph, base, name)), None)
    if second is None:
        return _scripted(graph, graph[base])
    hires: dict[str, Any] = {
        "steps": whole(setting(graph, second, STEPS)),
        "denoise": number(setting(graph, second, ("denoise",))),
        "sampler": text(setting(graph, second, SAMPLERS)),
    }
    before = upstream(graph, second)
    for name in reversed(before[before.index(base) + 1 :] if base in before else before):
        node = graph[name]
        if "upscale_method" in node.inputs:
            hires["scale"] = number(scalar(graph, node.inputs.get("scale_by"), ("scale_by",)))
            for side in ("width", "height"):
                hires[side] = whole(scalar(graph, node.inputs.get(side), (side,)))
        if "upscale_by" in node.inputs:
            hires["scale"] = number(scalar(graph, node.inputs["upscale_by"], ("upscale_by",)))
        hires["upscaler"] = hires.get("upscaler") or _upscaler(graph, node)
    return {key: value for key, value in hires.items() if value is not None}


def _scripted(graph: Graph, sampler: Node) -> dict[str, Any]:
    """Say what a script does behind a sampler's own pass: scripts hang on each other."""
    link = sampler.inputs.get("script")
    for _ in range(_MOST_PASSES):
        node = graph.get(link.node) if isinstance(link, Link) else None
        if node is None:
            break
        if "hires_steps" in node.inputs:
            latent = node.inputs.get("upscale_type") != "pixel"
            names = ("latent_upscaler", "latent_upscale_method") if latent else ("pixel_upscaler",)
            hires = {
                "steps": whole(scalar(graph, node.inputs["hires_steps"], ("steps",))),
                "denoise": number(scalar(graph, node.inputs.get("denoise"), ("denoise",))),
                "scale": number(scalar(graph, node.inputs.get("upscale_by"), ("upscale_by",))),
                "upscaler": next((text(node.inputs[name]) for name in names if name in node.inputs), None),
            }
            return {key: value for key, value in hires.items() if value is not None}
        link = node.inputs.get("script")
    return {}


def _is_second(graph: Graph, base: str, name: str) -> bool:
    upscales = "upscale" in graph[name].kind.lower()
    return not is_detailer(graph[name]) and (upscales or base in upstream(graph, name))


def _upscaler(graph: Graph, node: Node) -> str | None:
    link = node.inputs.get("upscale_model")
    if isinstance(link, Link):
        name = text(scalar(graph, link, ("model_name",)))
        return ntpath.basename(name) if name else None
    return text(node.inputs.get("upscale_method"))
