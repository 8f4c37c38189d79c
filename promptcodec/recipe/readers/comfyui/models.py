"""The models of a ComfyUI graph: checkpoints, LoRAs and ControlNets upstream of a sampler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptcodec.recipe.model import Addon
from promptcodec.recipe.readers.comfyui.graph import Graph, class_of, inputs_of, link_of, walk_back
from promptcodec.recipe.values import number, text

SUFFIXES = (".safetensors", ".ckpt", ".gguf", ".pt", ".pth", ".sft", ".bin")
_NAMES = ("ckpt_name", "unet_name", "base_ckpt_name", "model_name", "checkpoint", "model_path", "model")
_OTHER_WAYS = {"clip", "vae", "latent_image", "image", "pixels", "samples", "positive", "negative"}
_MOST_NETS = 8


def models_of(graph: Graph, samplers: list[str]) -> tuple[list[str], tuple[Addon, ...]]:
    """Find checkpoints and LoRAs upstream of the samplers' model input."""
    names: list[str] = []
    loras: list[Addon] = []
    for node, by in walk_back(graph, [_model_source(graph, sampler) for sampler in samplers]):
        if by in _OTHER_WAYS:
            continue
        inputs = inputs_of(graph, node)
        loras += _loras(inputs)
        name = next((v for k in _NAMES if (v := text(inputs.get(k))) and v.endswith(SUFFIXES)), None)
        if name and name not in names and "lora" not in class_of(graph, node).lower():
            names.append(name)
    return names, tuple(dict.fromkeys(loras))


def _model_source(graph: Graph, sampler: str) -> str:
    """Give the node behind a sampler's model input, or its guider's; else the sampler itself."""
    inputs = inputs_of(graph, sampler)
    guider = link_of(graph, inputs.get("guider"))
    link = link_of(graph, inputs.get("model")) or (
        guider and link_of(graph, inputs_of(graph, guider[0]).get("model"))
    )
    return link[0] if link else sampler


def _loras(inputs: Mapping[str, Any]) -> Iterator[Addon]:
    for key, value in inputs.items():
        if isinstance(value, str) and (key.startswith("lora_name") or key == "hypernetwork_name"):
            place = key.removeprefix("lora_name")
            weight = inputs.get("strength_model", inputs.get(f"model_weight{place}", inputs.get("strength")))
            if value != "None" and inputs.get(f"switch{place}", "On") != "Off":
                yield Addon(value, number(weight))


def controlnets_of(graph: Graph, sampler: str) -> tuple[Addon, ...]:
    """Find the ControlNets upstream of a sampler."""
    nets: list[Addon] = []
    for node, _ in walk_back(graph, [sampler]):
        link = link_of(graph, inputs_of(graph, node).get("control_net"))
        if link and len(nets) < _MOST_NETS:
            loaders = (inputs_of(graph, loader) for loader, _ in walk_back(graph, [link[0]]))
            names = (text(inputs.get("control_net_name")) for inputs in loaders)
            if name := next((name for name in names if name), None):
                nets.append(Addon(name, number(inputs_of(graph, node).get("strength"))))
    return tuple(dict.fromkeys(nets))


def vae_of(graph: Graph) -> str | None:
    """Name the first VAE that some node loads."""
    names = (inputs_of(graph, node).get("vae_name") for node in graph)
    return text(next((name for name in names if isinstance(name, str)), None))
