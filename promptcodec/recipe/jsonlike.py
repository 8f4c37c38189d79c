"""Tools that write one flat JSON object: which keys each uses for what.

Fooocus and RuinedFooocus, SwarmUI, Stability Matrix, TensorArt, Hugging Face spaces, Draw Things
and Easy Diffusion. The last two follow their published formats and were not checked on files.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from promptcodec.recipe import comfyui
from promptcodec.recipe.model import Addon, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.values import first, load_object, number, others, size, text, whole

Keys = Mapping[str, tuple[str, ...]]

_PLAIN: Keys = {
    "prompt": ("prompt",),
    "negative": ("negative_prompt",),
    "sampler": ("sampler",),
    "scheduler": ("scheduler",),
    "steps": ("steps",),
    "guidance": ("guidance_scale",),
    "seed": ("seed",),
    "width": ("width",),
    "height": ("height",),
    "denoise": ("strength",),
    "size": ("resolution",),
    "model": ("model",),
    "hash": ("hash",),
    "vae": ("vae",),
    "version": ("version",),
}
_FOOOCUS: Keys = {**_PLAIN, "model": ("base_model",), "hash": ("base_model_hash",)}
_RUINED: Keys = {
    **_PLAIN,
    "prompt": ("Prompt",),
    "negative": ("Negative",),
    "guidance": ("cfg",),
    "sampler": ("sampler_name",),
    "model": ("base_model_name",),
    "hash": ("base_model_hash",),
    "denoise": ("denoise",),
}
_SWARM: Keys = {
    **_PLAIN,
    "negative": ("negativeprompt",),
    "guidance": ("cfgscale",),
    "denoise": ("initimagecreativity",),
    "version": ("swarm_version",),
    "size": (),
}
_SPACE: Keys = {
    **_PLAIN,
    "steps": ("num_inference_steps",),
    "model": ("Model", "model"),
    "hash": ("Model hash", "model_hash"),
}
_MATRIX: Keys = {
    "prompt": ("PositivePrompt",),
    "negative": ("NegativePrompt",),
    "sampler": ("Sampler",),
    "steps": ("Steps",),
    "guidance": ("CfgScale",),
    "seed": ("Seed",),
    "width": ("Width",),
    "height": ("Height",),
    "model": ("ModelName",),
    "hash": ("ModelHash",),
}
_TENSOR: Keys = {
    **_PLAIN,
    "negative": ("negativePrompt",),
    "guidance": ("cfgScale",),
    "sampler": ("ksamplerName", "samplerName"),
    "scheduler": ("schedule",),
    "vae": ("sdVae",),
    "model": (),
}
_DRAW_THINGS: Keys = {
    **_PLAIN,
    "prompt": ("c",),
    "negative": ("uc",),
    "guidance": ("scale",),
    "size": ("size",),
}
_EASY: Keys = {
    **_PLAIN,
    "prompt": ("prompt", "Prompt"),
    "negative": ("negative_prompt", "Negative Prompt"),
    "sampler": ("sampler_name", "Sampler"),
    "scheduler": ("scheduler_name",),
    "steps": ("num_inference_steps", "Steps"),
    "guidance": ("guidance_scale", "Guidance Scale"),
    "seed": ("seed", "Seed"),
    "width": ("width", "Width"),
    "height": ("height", "Height"),
    "denoise": ("prompt_strength", "Prompt Strength"),
    "model": ("use_stable_diffusion_model", "Stable Diffusion model"),
    "vae": ("use_vae_model", "VAE model"),
}
_EASY_MARKS = ("use_stable_diffusion_model", "Stable Diffusion model")


def _make(tool: str, said: Mapping[str, Any], keys: Keys, **more: Any) -> Recipe:
    """Make a recipe of a flat object: what each field's keys say, and the rest as ``extra``."""

    def get(name: str) -> Any:
        return first(said, keys.get(name, ()))

    width, height = whole(get("width")), whole(get("height"))
    if width is None or height is None:
        width, height = size(get("size"))
    settings = Settings(
        prompt=text(get("prompt")),
        negative=text(get("negative")),
        sampler=text(get("sampler")),
        scheduler=text(get("scheduler")),
        steps=whole(get("steps")),
        guidance=number(get("guidance")),
        seed=more.get("seed", whole(get("seed"))),
        width=width,
        height=height,
        denoise=number(get("denoise")),
        hires=more.get("hires", {}),
    )
    model = ModelInfo(
        more.get("model") or text(get("model")),
        more.get("hash") or text(get("hash")),
        text(get("vae")),
        more.get("loras", ()),
    )
    known = {key for names in keys.values() for key in names} | set(more.get("known", ()))
    version = text(get("version")) or more.get("version")
    return Recipe(Platform(tool, version), model, settings, others(said, known))


def fooocus(texts: Mapping[str, str]) -> Recipe | None:
    """Read Fooocus and RuinedFooocus; Fooocus in A1111's style is read as that."""
    said = load_object(texts.get("parameters")) or load_object(texts.get("UserComment"))
    if said is None:
        return None
    if said.get("software") == "RuinedFooocus":
        loras = _loras(said.get("loras"))
        return _make(
            "fooocus", said, _RUINED, loras=loras, known={"loras", "software"}, version="RuinedFooocus"
        )
    if texts.get("fooocus_scheme") != "fooocus" and "base_model" not in said:
        return None
    return _make("fooocus", said, _FOOOCUS, loras=_loras(said.get("loras")), known={"loras"})


def _loras(items: Any) -> tuple[Addon, ...]:
    """Read ``[name, weight]`` and ``[name, weight, hash]``, with or without brackets of text around."""
    found = []
    for item in items if isinstance(items, list) else ():
        parts = item if isinstance(item, list) else []
        if parts and isinstance(parts[0], str):
            weight = number(parts[1]) if len(parts) > 1 else None
            found.append(Addon(parts[0], weight, text(parts[2]) if len(parts) > 2 else None))
    return tuple(found)


def swarmui(texts: Mapping[str, str]) -> Recipe | None:
    """Read ``sui_image_params``."""
    whole_text = load_object(texts.get("parameters")) or load_object(texts.get("UserComment"))
    said = whole_text.get("sui_image_params") if whole_text else None
    if not isinstance(said, dict) or whole_text is None:
        return None
    models = whole_text.get("sui_models")
    digest = next(
        (
            text(item.get("hash"))
            for item in (models if isinstance(models, list) else ())
            if isinstance(item, dict) and item.get("param") == "model"
        ),
        None,
    )
    hires = {
        "scale": number(said.get("refinerupscale")),
        "upscaler": text(said.get("refinerupscalemethod")),
        "denoise": number(said.get("refinercontrolpercentage")),
    }
    return _make(
        "swarmui", said, _SWARM,
        hash=digest,
        hires={key: value for key, value in hires.items() if value is not None},
        loras=_paired(said.get("loras"), said.get("loraweights")),
        known={"loras", "loraweights", "refinerupscale", "refinerupscalemethod", "refinercontrolpercentage"},
    )  # fmt: skip


def _paired(names: Any, weights: Any) -> tuple[Addon, ...]:
    names = names.split(",") if isinstance(names, str) else names
    weights = weights.split(",") if isinstance(weights, str) else weights
    if not isinstance(names, list):
        return ()
    weights = weights if isinstance(weights, list) else []
    padded = [*weights, *[None] * (len(names) - len(weights))]
    return tuple(
        Addon(name, number(weight))
        for name, weight in zip(names, padded, strict=False)
        if isinstance(name, str)
    )


def space(texts: Mapping[str, str]) -> Recipe | None:
    """Read what diffusers-based spaces on Hugging Face write, named after diffusers' arguments."""
    said = load_object(texts.get("parameters"))
    if said is None or not {"num_inference_steps", "guidance_scale"} & set(said):
        return None
    return _make("huggingface-space", said, _SPACE)


def stability_matrix(texts: Mapping[str, str]) -> Recipe | None:
    """Read ``parameters-json``."""
    said = load_object(texts.get("parameters-json"))
    if said is None or "PositivePrompt" not in said:
        return None
    extra_keys = {key for key, value in said.items() if value in (0, False)}
    return _make("stability-matrix", said, _MATRIX, known=extra_keys)


def tensorart(texts: Mapping[str, str]) -> Recipe | None:
    """Read ``generation_data``; its seed may be -1, the one that was drawn stands in the graph."""
    said = load_object(texts.get("generation_data"))
    if said is None:
        return None
    base = said.get("baseModel")
    base = base if isinstance(base, dict) else {}
    seed = whole(said.get("seed"))
    graph = comfyui.read(texts)
    if (seed is None or seed < 0) and graph:
        seed = graph.settings.seed
    return _make(
        "tensorart", said, _TENSOR,
        seed=seed,
        model=text(base.get("modelFileName")) or text(base.get("label")),
        hash=text(base.get("hash")),
        known={"baseModel"} if set(base) <= {"modelFileName", "hash"} else (),
    )  # fmt: skip


def draw_things(texts: Mapping[str, str]) -> Recipe | None:
    """Read Draw Things' XMP: JSON in ``exif:UserComment``. From its published format; unverified."""
    packet = texts.get("xmp", "")
    if "Draw Things" not in packet:
        return None
    comment = packet.partition("<exif:UserComment>")[2].partition("</rdf:li>")[0]
    said = load_object(html.unescape(comment.partition("<rdf:li")[2].partition(">")[2]))
    if said is None:
        return None
    lora = said.get("lora")
    listed: list[Any] = lora if isinstance(lora, list) else []
    loras = tuple(
        Addon(item["model"], number(item.get("weight")))
        for item in listed
        if isinstance(item, dict) and isinstance(item.get("model"), str)
    )
    return _make("draw-things", said, _DRAW_THINGS, loras=loras, known={"lora"})


def easy_diffusion(texts: Mapping[str, str]) -> Recipe | None:
    """Read Easy Diffusion: a text chunk for each setting, or JSON. From its published format; unverified."""
    said: Mapping[str, Any] | None = load_object(texts.get("UserComment")) or load_object(
        texts.get("parameters")
    )
    if said is None or not any(mark in said for mark in _EASY_MARKS):
        said = texts if any(mark in texts for mark in _EASY_MARKS) else None
    return _make("easy-diffusion", said, _EASY) if said else None
