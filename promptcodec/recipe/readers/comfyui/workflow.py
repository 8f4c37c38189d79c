"""An editor's workflow without its API graph: what can be made of it.

A workflow holds nodes with inputs that name links, and widget values in a bare list: which value
is which is only known for the node classes in WIDGETS. Subgraphs are unfolded as ComfyUI does
when it queues a workflow: inner nodes are named ``outer:inner``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SAMPLER = ("steps", "cfg", "sampler_name", "scheduler")
# Names of the widgets, in the editor's order; "" is the editor's own (what to do with the seed next).
WIDGETS: dict[str, tuple[str, ...]] = {
    "KSampler": ("seed", "", *_SAMPLER, "denoise"),
    "KSamplerAdvanced": (
        "add_noise", "noise_seed", "", *_SAMPLER,
        "start_at_step", "end_at_step", "return_with_leftover_noise",
    ),
    "RandomNoise": ("noise_seed", ""),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "KSamplerSelect": ("sampler_name",),
    "CFGGuider": ("cfg",),
    "FluxGuidance": ("guidance",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "VAELoader": ("vae_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "ControlNetLoader": ("control_net_name",),
    "ControlNetApply": ("strength",),
    "ControlNetApplyAdvanced": ("strength", "start_percent", "end_percent"),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "LatentUpscale": ("upscale_method", "width", "height", "crop"),
    "LatentUpscaleBy": ("upscale_method", "scale_by"),
    "SaveImage": ("filename_prefix",),
    "PrimitiveStringMultiline": ("value",),
    "PrimitiveInt": ("value", ""),
    "PrimitiveFloat": ("value",),
}  # fmt: skip
_MOST_NODES = 2000
_DEEPEST = 4
_MUTED = (2, 4)  # never, bypassed


def to_graph(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """Make an API graph; a workflow of another shape gives an empty one."""
    definitions = workflow.get("definitions")
    listed = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    subgraphs = {
        item["id"]: item
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    }
    graph: dict[str, Any] = {}
    _unfold(workflow, subgraphs, "", {}, graph, 0)
    return graph


def _unfold(  # noqa: C901 - one walk over a level
    workflow: Mapping[str, Any],
    subgraphs: Mapping[str, Any],
    prefix: str,
    outside: Mapping[int, Any],
    graph: dict[str, Any],
    depth: int,
) -> dict[int, list[Any]]:
    """Add the nodes of one level; give what its outputs link to, by slot.

    Args:
        workflow: the level: nodes and links.
        subgraphs: definitions by id.
        prefix: of the nodes' names.
        outside: what the level's inputs link to, by slot.
        graph: where nodes are added.
        depth: how many levels there are above.
    """
    nodes = [node for node in _list(workflow.get("nodes")) if isinstance(node, dict)]
    links = _links(workflow)
    inner: dict[str, dict[int, list[Any]]] = {}

    def source(link: Any) -> list[Any] | None:
        origin, slot = links.get(link, (None, 0)) if isinstance(link, (int, str)) else (None, 0)
        if origin is None:
            return None
        if str(origin) == "-10":  # the subgraph's own inputs
            return outside.get(slot)
        return inner.get(str(origin), {}).get(slot, [f"{prefix}{origin}", slot])

    for folded in (True, False):  # subgraphs first: the others link to what is in them
        for node in nodes:
            kind = str(node.get("type"))
            if (kind in subgraphs) != folded or len(graph) >= _MOST_NODES or node.get("mode") in _MUTED:
                continue
            named = [item for item in _list(node.get("inputs")) if isinstance(item, dict)]
            if folded:
                if depth < _DEEPEST:
                    given = {slot: source(item.get("link")) for slot, item in enumerate(named)}
                    inner[str(node.get("id"))] = _unfold(
                        subgraphs[kind], subgraphs, f"{prefix}{node.get('id')}:", given, graph, depth + 1
                    )
                continue
            inputs = _widgets(node)
            for item in named:
                linked = source(item.get("link"))
                if linked is not None and isinstance(item.get("name"), str):
                    inputs[item["name"]] = linked
            graph[f"{prefix}{node.get('id')}"] = {"class_type": kind, "inputs": inputs}
    outputs = {slot: source(link) for link, slot in _ends(workflow).items()}
    return {slot: linked for slot, linked in outputs.items() if linked is not None}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _rows(workflow: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Give links as (id, origin, its slot, target, its slot), from lists or objects."""
    rows = []
    for link in _list(workflow.get("links")):
        if isinstance(link, list) and len(link) >= 5:
            rows.append(tuple(link[:5]))
        elif isinstance(link, dict):
            names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            rows.append(tuple(link.get(name) for name in names))
    return [row for row in rows if isinstance(row[0], (int, str)) and isinstance(row[2], int)]


def _links(workflow: Mapping[str, Any]) -> dict[Any, tuple[Any, int]]:
    return {row[0]: (row[1], row[2]) for row in _rows(workflow)}


def _ends(workflow: Mapping[str, Any]) -> dict[Any, int]:
    """Give the links that lead out of a subgraph, with the slot of its output."""
    return {row[0]: row[4] for row in _rows(workflow) if str(row[3]) == "-20" and isinstance(row[4], int)}


def _widgets(node: Mapping[str, Any]) -> dict[str, Any]:
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return {str(key): value for key, value in values.items()}
    names = WIDGETS.get(str(node.get("type")), ())
    return {name: value for name, value in zip(names, _list(values), strict=False) if name}
