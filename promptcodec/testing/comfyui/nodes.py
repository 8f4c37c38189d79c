"""The nodes of the miniature: what each takes and gives, as ``/object_info`` says it, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from promptcodec.testing.comfyui import miniature

CHECKPOINTS = ["loopback-sd15.safetensors", "sdxl/loopback-xl.safetensors"]
CONTROLS = ["control-depth.safetensors", "loopback-union.safetensors"]
LORAS = ["ink.safetensors"]
VAES = ["taesd"]
SAMPLERS = ["euler", "euler_ancestral", "heun", "dpmpp_2m"]
SCHEDULERS = ["normal", "karras", "simple", "beta"]
UNION_TYPES = ["auto", "openpose", "depth", "hed/pidi/scribble/ted", "canny/lineart/anime_lineart/mlsd"]
_SIDE = {"min": 16, "max": 16384, "step": 8}
_WEIGHT = {"default": 1.0, "min": -100.0, "max": 100.0, "step": 0.01}
_SHARE = {"default": 0.0, "min": 0.0, "max": 1.0, "step": 0.001}


@dataclass(frozen=True, slots=True)
class Node:
    """A class of nodes.

    Attributes:
        required, optional: inputs by name, each ``(type,)`` or ``(type, {limits})``.
        output: types of what it gives.
        run: takes the inputs by name; gives what it gives. Of an output node: the pictures it shows.
        kind: ``output`` or ``temp`` for nodes that show pictures, ``""`` for others.
        checked: inputs that ComfyUI checks by a function of the node's instead of by its list.
        paid: it asks a paid service.
    """

    required: Mapping[str, tuple[Any, ...]]
    output: tuple[str, ...]
    run: Callable[..., tuple[Any, ...]]
    optional: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    kind: str = ""
    checked: tuple[str, ...] = ()
    paid: bool = False

    def inputs(self) -> dict[str, tuple[Any, ...]]:
        """Give all inputs by name."""
        return {**self.required, **self.optional}

    def info(self, name: str) -> dict[str, Any]:
        """Give what ``/object_info`` says of it."""
        given = {"required": dict(self.required)}
        given |= {"optional": dict(self.optional)} if self.optional else {}
        shown = {"hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}} if self.kind else {}
        return {
            "input": {**given, **shown},
            "input_order": {key: list(value) for key, value in given.items()},
            "is_input_list": False,
            "output": list(self.output),
            "output_is_list": [False] * len(self.output),
            "output_name": list(self.output),
            "name": name,
            "display_name": name,
            "description": "",
            "python_module": "nodes",
            "category": "loopback",
            "output_node": bool(self.kind),
            **({"api_node": True} if self.paid else {}),
        }


_TEXT = ("STRING", {"multiline": True, "dynamicPrompts": True})
_IMAGE, _LATENT, _CONDITIONING = ("IMAGE",), ("LATENT",), ("CONDITIONING",)
NODES: dict[str, Node] = {
    "CheckpointLoaderSimple": Node(
        {"ckpt_name": (CHECKPOINTS,)}, ("MODEL", "CLIP", "VAE"), lambda ckpt_name: (ckpt_name,) * 3
    ),
    "VAELoader": Node({"vae_name": (VAES,)}, ("VAE",), lambda vae_name: (vae_name,)),
    "LoraLoader": Node(
        {
            "model": ("MODEL",), "clip": ("CLIP",), "lora_name": (LORAS,),
            "strength_model": ("FLOAT", _WEIGHT), "strength_clip": ("FLOAT", _WEIGHT),
        },
        ("MODEL", "CLIP"),
        lambda model, clip, lora_name, strength_model, strength_clip: (
            f"{model}+{lora_name}*{strength_model}", f"{clip}+{lora_name}*{strength_clip}",
        ),
    ),
    "CLIPTextEncode": Node(
        {"text": _TEXT, "clip": ("CLIP",)}, ("CONDITIONING",), lambda text, clip: ((f"{clip}\0{text}", ()),)
    ),
    "EmptyLatentImage": Node(
        {"width": ("INT", _SIDE), "height": ("INT", _SIDE), "batch_size": ("INT", {"min": 1, "max": 4096})},
        ("LATENT",),
        miniature.empty,
    ),
    "LoadImage": Node(
        {"image": ([], {"image_upload": True})}, ("IMAGE", "MASK"), lambda image: (image, None),
        checked=("image",),
    ),
    "ImageScale": Node(
        {
            "image": _IMAGE, "upscale_method": (["nearest-exact", "bilinear", "lanczos"],),
            "width": ("INT", {"min": 0, "max": 16384}), "height": ("INT", {"min": 0, "max": 16384}),
            "crop": (["disabled", "center"],),
        },
        ("IMAGE",),
        miniature.scale,
    ),
    "VAEEncode": Node({"pixels": _IMAGE, "vae": ("VAE",)}, ("LATENT",), miniature.encode),
    "VAEDecode": Node({"samples": _LATENT, "vae": ("VAE",)}, ("IMAGE",), miniature.decode),
    "ControlNetLoader": Node(
        {"control_net_name": (CONTROLS,)}, ("CONTROL_NET",), lambda control_net_name: (control_net_name,)
    ),
    # As a node of the newer kind says its list.
    "SetUnionControlNetType": Node(
        {"control_net": ("CONTROL_NET",), "type": ("COMBO", {"options": UNION_TYPES})},
        ("CONTROL_NET",),
        lambda control_net, type: (f"{control_net}:{type}",),  # noqa: A006 - the name of the input
    ),
    "ControlNetApplyAdvanced": Node(
        {
            "positive": _CONDITIONING, "negative": _CONDITIONING, "control_net": ("CONTROL_NET",),
            "image": _IMAGE, "strength": ("FLOAT", {"min": 0.0, "max": 10.0, "step": 0.01}),
            "start_percent": ("FLOAT", _SHARE), "end_percent": ("FLOAT", _SHARE),
        },
        ("CONDITIONING", "CONDITIONING"),
        miniature.control,
        optional={"vae": ("VAE",)},
    ),
    "KSampler": Node(
        {
            "model": ("MODEL",), "seed": ("INT", {"min": 0, "max": 2**64 - 1}),
            "steps": ("INT", {"min": 1, "max": 10000}), "cfg": ("FLOAT", {"min": 0.0, "max": 100.0}),
            "sampler_name": (SAMPLERS,), "scheduler": (SCHEDULERS,), "positive": _CONDITIONING,
            "negative": _CONDITIONING, "latent_image": _LATENT,
            "denoise": ("FLOAT", {"min": 0.0, "max": 1.0, "step": 0.01}),
        },
        ("LATENT",),
        miniature.sample,
    ),
    "SaveImage": Node(
        {"images": _IMAGE, "filename_prefix": ("STRING", {"default": "ComfyUI"})}, (),
        lambda images, filename_prefix: (images, filename_prefix), kind="output",
    ),
    "PreviewImage": Node({"images": _IMAGE}, (), lambda images: (images, "ComfyUI_temp"), kind="temp"),
    "PrimitiveString": Node({"value": ("STRING", {})}, ("STRING",), lambda value: (value,)),
    "PaidImageNode": Node({"prompt": _TEXT}, ("IMAGE",), miniature.paid, paid=True),
}  # fmt: skip
