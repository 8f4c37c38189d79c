"""Write a recipe in a tool's form: parameters text, ComfyUI graph, InvokeAI metadata, diffusers arguments.

Only texts are made here. They are never put into a picture: a picture must not look as if a tool
had made it that did not.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from promptcodec.recipe.model import Addon, Recipe
from promptcodec.recipe.readers.comfyui.carried import find_graph
from promptcodec.recipe.readers.comfyui.models import SUFFIXES

# Names of one sampler in ComfyUI and in A1111's family, for tools of the other kind.
_SAMPLERS = {
    "euler": "Euler", "euler_ancestral": "Euler a", "heun": "Heun", "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a", "lms": "LMS", "dpm_fast": "DPM fast", "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a", "dpmpp_sde": "DPM++ SDE", "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE", "dpmpp_3m_sde": "DPM++ 3M SDE", "ddim": "DDIM", "uni_pc": "UniPC",
    "lcm": "LCM", "ddpm": "DDPM",
}  # fmt: skip
_SCHEDULERS = {
    "normal": "Normal", "karras": "Karras", "exponential": "Exponential", "sgm_uniform": "SGM Uniform",
    "simple": "Simple", "ddim_uniform": "DDIM", "beta": "Beta",
}  # fmt: skip
_BACK = {web.lower(): name for name, web in _SAMPLERS.items()}
_SCHEDULERS_BACK = {web.lower(): name for name, web in _SCHEDULERS.items()}
_KNOWN_TO = {
    "a1111-webui": "a1111",
    "forge": "a1111",
    "sd-next": "a1111",
    "civitai": "a1111",
    "comfyui": "comfyui",
}


def a1111(recipe: Recipe) -> str:
    """Write the parameters text of A1111's web UI."""
    settings, model = recipe.settings, recipe.model
    size = f"{settings.width}x{settings.height}" if settings.width and settings.height else None
    hires = settings.hires
    pairs = {
        "Steps": settings.steps if settings.steps is not None else 20,
        "Sampler": _SAMPLERS.get(settings.sampler or "", settings.sampler),
        "Schedule type": _SCHEDULERS.get(settings.scheduler or "", settings.scheduler),
        "CFG scale": settings.guidance,
        "Seed": settings.seed,
        "Size": size,
        "Model hash": model.hash,
        "Model": model.name,
        "VAE": model.vae,
        "Denoising strength": settings.denoise,
        "Hires upscale": hires.get("scale"),
        "Hires steps": hires.get("steps"),
        "Hires upscaler": hires.get("upscaler"),
        "Lora hashes": ", ".join(f"{lora.name}: {lora.hash}" for lora in model.loras if lora.hash) or None,
    }
    for number, net in enumerate(model.controlnets):
        weight = "" if net.weight is None else f", Weight: {net.weight}"
        pairs[f"ControlNet {number}"] = f"Model: {net.name}{weight}"
    pairs |= {key: value for key, value in recipe.extra.items() if isinstance(value, (str, int, float))}
    pairs["Version"] = recipe.platform.version if recipe.platform.tool in _KNOWN_TO else None
    line = ", ".join(f"{key}: {_quote(str(value))}" for key, value in pairs.items() if value is not None)
    prompt = settings.prompt or ""
    missing = [
        lora for lora in model.loras if f":{lora.name}:" not in prompt and f":{lora.name}>" not in prompt
    ]
    prompt += "".join(
        f" <lora:{_stem(lora)}:{1 if lora.weight is None else lora.weight}>" for lora in missing
    )
    negative = f"\nNegative prompt: {settings.negative}" if settings.negative else ""
    return f"{prompt}{negative}\n{line}"


def _quote(value: str) -> str:
    """Quote a value that would be taken apart, as A1111 does."""
    return json.dumps(value, ensure_ascii=False) if any(mark in value for mark in ",:\n") else value


def _stem(lora: Addon) -> str:
    return lora.name.replace("\\", "/").rpartition("/")[2].removesuffix(".safetensors")


def comfyui(recipe: Recipe) -> str:
    """Write an API graph: the file's own where it has one, else the plain text-to-image graph."""
    texts = {key: text for chunk in recipe.chunks for key, text in chunk.texts().items()}
    graph = find_graph(texts)
    return json.dumps(graph or _plain_graph(recipe), indent=2, ensure_ascii=False)


def _plain_graph(recipe: Recipe) -> dict[str, Any]:
    settings, model = recipe.settings, recipe.model
    source: list[Any] = ["4", 0]
    clip: list[Any] = ["4", 1]
    graph: dict[str, Any] = {
        "4": _node("CheckpointLoaderSimple", ckpt_name=_file(model.name or "")),
        "5": _node(
            "EmptyLatentImage", width=settings.width or 512, height=settings.height or 512, batch_size=1
        ),
    }
    for number, lora in enumerate(model.loras, 10):
        weight = 1 if lora.weight is None else lora.weight
        graph[str(number)] = _node(
            "LoraLoader",
            model=source,
            clip=clip,
            lora_name=_file(lora.name),
            strength_model=weight,
            strength_clip=weight,
        )
        source, clip = [str(number), 0], [str(number), 1]
    sampler = settings.sampler or "euler"
    name, _, ending = sampler.rpartition(" ")
    scheduler = settings.scheduler or ("karras" if ending == "Karras" else "normal")
    sampler = name if ending == "Karras" else sampler
    graph |= {
        "6": _node("CLIPTextEncode", clip=clip, text=settings.prompt or ""),
        "7": _node("CLIPTextEncode", clip=clip, text=settings.negative or ""),
        "3": _node(
            "KSampler", model=source, positive=["6", 0], negative=["7", 0], latent_image=["5", 0],
            seed=settings.seed or 0, steps=settings.steps or 20,
            cfg=7 if settings.guidance is None else settings.guidance,
            sampler_name=_BACK.get(sampler.lower(), sampler),
            scheduler=_SCHEDULERS_BACK.get(scheduler.lower(), scheduler),
            denoise=1 if settings.denoise is None or settings.hires else settings.denoise,
        ),
        "8": _node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": _node("SaveImage", images=["8", 0], filename_prefix="ComfyUI"),
    }  # fmt: skip
    if model.vae:
        graph["2"] = _node("VAELoader", vae_name=model.vae)
        graph["8"]["inputs"]["vae"] = ["2", 0]
    return graph


def _file(name: str) -> str:
    """Give a model's file name; A1111 leaves the ending out."""
    return name if not name or name.endswith(SUFFIXES) else name + ".safetensors"


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def invokeai(recipe: Recipe) -> str:
    """Write ``invokeai_metadata``."""
    settings, model = recipe.settings, recipe.model
    own = {
        "positive_prompt": settings.prompt,
        "negative_prompt": settings.negative,
        "width": settings.width,
        "height": settings.height,
        "seed": settings.seed,
        "cfg_scale": settings.guidance,
        "steps": settings.steps,
        "scheduler": settings.sampler,
        "strength": settings.denoise,
        "model": {"name": model.name, "hash": model.hash}
        if model.hash
        else model.name and {"name": model.name},
        "vae": model.vae and {"name": model.vae},
        "loras": [{"model": {"name": lora.name}, "weight": lora.weight} for lora in model.loras],
        "controlnets": [
            {"control_model": {"name": net.name}, "control_weight": net.weight} for net in model.controlnets
        ],
    }
    own = {key: value for key, value in own.items() if value not in (None, [], "")}
    return json.dumps(own, indent=2, ensure_ascii=False)


def diffusers(recipe: Recipe) -> str:
    """Write the arguments of a diffusers pipeline, named as it names them, and what else to load."""
    settings, model = recipe.settings, recipe.model
    own = {
        "prompt": settings.prompt,
        "negative_prompt": settings.negative,
        "num_inference_steps": settings.steps,
        "guidance_scale": settings.guidance,
        "width": settings.width,
        "height": settings.height,
        "strength": settings.denoise,
        "seed": settings.seed,
        "sampler": settings.sampler,
        "scheduler": settings.scheduler,
        "model": model.name,
        "model_hash": model.hash,
        "vae": model.vae,
        "loras": [[lora.name, lora.weight] for lora in model.loras],
    }
    own = {key: value for key, value in own.items() if value not in (None, [])}
    return json.dumps(own, indent=2, ensure_ascii=False)


WRITERS: dict[str, Callable[[Recipe], str]] = {
    "a1111": a1111, "comfyui": comfyui, "invokeai": invokeai, "diffusers": diffusers,
}  # fmt: skip
