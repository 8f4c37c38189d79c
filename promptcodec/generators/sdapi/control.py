"""The structure layer as a control picture, in the form that a server takes it."""

from __future__ import annotations

import json
from typing import Any

from PIL import Image

from promptcodec.api.servers import Server
from promptcodec.errors import ApiError
from promptcodec.generators.sdapi.encoded import coded
from promptcodec.generators.servers.controls import is_union

MOST_IN_PROMPT = 16_000
"""Characters of a picture within a prompt.

stable-diffusion.cpp looks for it by a regular expression that calls itself for each character. Measured with
libstdc++ and a thread's usual stack: 40,000 characters pass, 80,000 end the server.
"""
_SHRINK = 0.75
_COVERED = 84
_COLOURS = 64


def names(server: Server, way: str) -> tuple[str, ...] | None:
    """Ask for the control models; None where the server knows of none of the kind.

    Args:
        server: the server.
        way: ``control`` of its dialect.
    """
    path = {"units": "/controlnet/model_list", "control": "/sdapi/v1/controlnets"}.get(way)
    if path is None:
        return None
    try:
        answer = server.get(path)
    except ApiError:
        return None
    if isinstance(answer, dict):
        answer = answer.get("model_list")
    return tuple(name for name in answer if isinstance(name, str)) if isinstance(answer, list) else None


def unit(kind: str, model: str, picture: str, weight: float, *, skeletons: bool) -> dict[str, Any]:
    """Make the argument of the always-on script ControlNet, of A1111's extension and of Forge.

    Args:
        kind: ``a1111`` or ``forge``.
        model: as listed.
        picture: base64 of a PNG, white lines on black.
        weight: 0..1.
        skeletons: it shows people's limbs, else contours.
    """
    argument: dict[str, Any] = {
        "enabled": True,
        "module": "none" if kind == "a1111" else "None",
        "model": model,
        "weight": weight,
        "image": picture,
        "resize_mode": "Just Resize",
        "control_mode": "Balanced",
        "guidance_start": 0.0,
        "guidance_end": 1.0,
        "save_detected_map": False,
    }
    if kind == "a1111" and is_union(model):
        argument["union_control_type"] = "OpenPose" if skeletons else "Hard Edge"
    return argument


def control_unit(model: str, picture: str, weight: float, modes: Any, *, skeletons: bool) -> dict[str, Any]:
    """Make a unit of SD.Next.

    Args:
        model: as listed.
        picture: base64 of a PNG, white lines on black.
        weight: 0..1.
        skeletons: as of ``unit``.
        modes: the answer of ``/sdapi/v1/control-modes``: a union model's names of what it follows.
    """
    mine = modes.get(model) if isinstance(modes, dict) else None
    sign = "pose" if skeletons else "canny"
    names = mine if isinstance(mine, list) else []
    mode = next((name for name in names if isinstance(name, str) and sign in name), "default")
    return {
        "process": "None",
        "model": model,
        "strength": weight,
        "start": 0.0,
        "end": 1.0,
        "override": picture,
        "unit_type": "controlnet",
        "mode": mode,
    }


def in_prompt(picture: Image.Image, weight: float) -> str:
    """Write the arguments that stable-diffusion.cpp takes within a prompt: numbers and our picture alone.

    Args:
        picture: mode L, 255 on the line, or RGB, coloured limbs. It is made smaller until it fits
            MOST_IN_PROMPT.
        weight: 0..1.
    """
    text = coded(_lines(picture))
    while len(text) > MOST_IN_PROMPT:
        width, height = (max(round(side * _SHRINK), 1) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BOX)
        text = coded(_lines(picture))
    arguments = json.dumps({"control_image": text, "control_strength": round(weight, 4)})
    return f"<sd_cpp_extra_args>{arguments}</sd_cpp_extra_args>"


def _lines(picture: Image.Image) -> Image.Image:
    """Give a picture of few bits a pixel; a line stays where it covers a third of the pixel."""
    if picture.mode == "RGB":
        return picture.quantize(_COLOURS, dither=Image.Dither.NONE)
    return picture.point(lambda value: 255 if value > _COVERED else 0).convert("1", dither=Image.Dither.NONE)
