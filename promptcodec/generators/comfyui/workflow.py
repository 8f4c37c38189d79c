"""The shipped workflow: a graph with everything in it, of which a stream takes what it has layers for."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

Graph = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is drawn.

    Attributes:
        positive, negative: prompts, in the syntax of the server.
        size: width and height in pixels, multiples of 8.
        seed: of the sampling.
        checkpoint: as the server lists it.
        steps, guidance, sampler, scheduler: of the sampling.
        image: what names the picture to start from at the server, ``""`` for none.
        denoise: the share of the schedule it is drawn over, 0..1.
        control: what names the control picture, ``""`` for none.
        control_model: as the server lists it.
        union_type: what a union model is told of the control picture, ``""`` where it is no such model.
        weight: of the control picture, 0..1.
    """

    positive: str
    negative: str
    size: tuple[int, int]
    seed: int
    checkpoint: str
    steps: int
    guidance: float
    sampler: str
    scheduler: str
    image: str = ""
    denoise: float = 1.0
    control: str = ""
    control_model: str = ""
    union_type: str = ""
    weight: float = 0.0


def shipped() -> Graph:
    """Read the shipped graph."""
    text = files("promptcodec.generators.comfyui").joinpath("workflow.json").read_text("utf-8")
    graph: Graph = json.loads(text)
    return graph


def title(node: Mapping[str, Any]) -> str:
    """Give a node's title, ``""`` where it has none."""
    meta = node.get("_meta")
    return str(meta.get("title", "")).strip().lower() if isinstance(meta, dict) else ""


def build(shipped_graph: Graph, wanted: Wanted) -> Graph:
    """Fill the shipped graph and leave out the nodes of layers that are not there."""
    graph = copy.deepcopy(shipped_graph)
    names = {title(node): name for name, node in graph.items()}

    def fill(node: str, **inputs: Any) -> None:
        graph[names[node]]["inputs"] |= inputs

    def drop(*nodes: str) -> None:
        for node in nodes:
            del graph[names[node]]

    fill("checkpoint", ckpt_name=wanted.checkpoint)
    fill("positive", text=wanted.positive)
    fill("negative", text=wanted.negative)
    fill(
        "sampler", seed=wanted.seed, steps=wanted.steps, cfg=wanted.guidance, sampler_name=wanted.sampler,
        scheduler=wanted.scheduler, denoise=wanted.denoise,
    )  # fmt: skip
    if wanted.image:
        fill("image", image=wanted.image)
        drop("empty")
    else:
        fill("empty", width=wanted.size[0], height=wanted.size[1])
        fill("sampler", latent_image=[names["empty"], 0])
        drop("image", "image encode")
    if wanted.control:
        fill("control", image=wanted.control)
        fill("control model", control_net_name=wanted.control_model)
        fill("control apply", strength=wanted.weight)
    else:
        fill("sampler", positive=[names["positive"], 0], negative=[names["negative"], 0])
        drop("control", "control model", "control union", "control apply")
    if wanted.control and wanted.union_type:
        fill("control union", type=wanted.union_type)
    elif wanted.control:
        fill("control apply", control_net=[names["control model"], 0])
        drop("control union")
    return graph
