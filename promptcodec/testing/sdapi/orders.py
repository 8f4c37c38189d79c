"""From a request to what a server draws: each reads its own fields, in its own way."""

from __future__ import annotations

import json
from typing import Any

from PIL import Image

from promptcodec.testing.sdapi import lists
from promptcodec.testing.sdapi.drawing import Order, picture
from promptcodec.testing.sdapi.fields import RefusedError, failed
from promptcodec.testing.sdapi.prompts import arguments_of, words_of

_MOST_SIDE = 1024


def read(server: str, path: str, body: dict[str, Any], *, controlled: bool) -> Order:
    """Read a request whose fields have the right types.

    Args:
        server: of SERVERS.
        path: of the POST.
        body: its JSON.
        controlled: the server has its ControlNet.

    Raises:
        RefusedError: the real server refuses it.
    """
    if server == "sdcpp" and not body.get("prompt"):
        raise failed(server, 400, "prompt required")
    sampler = body.get("sampler_name") or "default"
    if server in lists.WEB_UIS:
        if sampler not in {"default", *lists.SAMPLERS[server]}:
            raise failed(server, 404, "Sampler not found", "HTTPException")
        _check_scripts(server, body.get("alwayson_scripts", {}), controlled=controlled)
    control, weight = _control(server, path, body, controlled=controlled)
    first = _first(server, path, body)
    return Order(
        words_of(body.get("prompt", "")) if server == "sdcpp" else body.get("prompt", ""),
        body.get("negative_prompt", ""),
        _model(server, body),
        sampler,
        body.get("seed", -1),
        body.get("steps", 20),
        body.get("cfg_scale", 7.0),
        _size(server, body),
        first,
        body.get("denoising_strength", 0.75),
        control,
        weight,
    )


def _size(server: str, body: dict[str, Any]) -> tuple[int, int]:
    width, height = (body.get(f"{side}_before", body.get(side, 512)) for side in ("width", "height"))
    if server == "koboldcpp":
        width, height = (min(max(side - side % 64, 64), _MOST_SIDE) for side in (width, height))
    elif width % 8 or height % 8:
        width, height = width - width % 8, height - height % 8
    if body.get("enable_hr"):
        scale = body.get("hr_scale", 2.0)
        return body.get("hr_resize_x") or int(width * scale), body.get("hr_resize_y") or int(height * scale)
    return width, height


def _model(server: str, body: dict[str, Any]) -> str:
    settings = body.get("override_settings") or body.get("extra") or {}
    if server == "xinference":
        name = body.get("model") or settings.get("sd_model_checkpoint")
        if name != lists.loaded(server):
            raise failed(server, 400, f"Model not found in the model list, uid: {name}")
        return str(name)
    asked = settings.get("sd_model_checkpoint") if server in lists.WEB_UIS else None
    if asked is None:
        return lists.loaded(server)
    if not any(asked in (title, name) for title, name, _ in lists.CHECKPOINTS):
        raise failed(server, 500, f"Unknown checkpoint: {asked}")
    return str(asked)


def _first(server: str, path: str, body: dict[str, Any]) -> Image.Image | None:
    pictures = body.get("inits") if path.endswith("/control") else body.get("init_images")
    if not path.endswith(("/img2img", "/control")):
        return None
    if not pictures:
        if server in {"a1111", "forge"}:
            raise failed(server, 404, "Init image not found", "HTTPException")
        return None
    try:
        return picture(pictures[0], data_url=server == "xinference")
    except ValueError as error:
        raise failed(server, 500, str(error), "HTTPException") from None


def _check_scripts(server: str, scripts: dict[str, Any], *, controlled: bool) -> None:
    for name in scripts:
        if name.lower() != "controlnet" or server == "sdnext" or not controlled:
            raise failed(server, 422, f"Script '{name}' not found", "HTTPException")


def _control(
    server: str, path: str, body: dict[str, Any], *, controlled: bool
) -> tuple[Image.Image | None, float]:
    """Give the control picture and its weight; a unit that is wrong is passed over, as web UIs do."""
    if server in {"a1111", "forge"}:
        units = body.get("alwayson_scripts", {}).get("ControlNet", {}).get("args", [])
        unit = units[0] if units else {}
        if not unit.get("enabled") or not _is_unit(server, unit):
            return None, 0.0
        return picture(unit["image"]).convert("L"), unit["weight"]
    if server == "sdnext" and path.endswith("/control") and body.get("control"):
        unit = body["control"][0]
        if body.get("unit_type") != "controlnet" or unit.get("model") not in lists.NEXT_CONTROLS:
            return None, 0.0
        return (picture(unit["override"]).convert("L"), unit["strength"]) if controlled else (None, 0.0)
    if server == "sdcpp" and (text := arguments_of(body.get("prompt", ""))):
        try:
            arguments = json.loads(text)
            return picture(arguments["control_image"]).convert("L"), arguments.get("control_strength", 0.9)
        except (ValueError, KeyError):
            raise failed(server, 400, "invalid sd_cpp_extra_args") from None
    return None, 0.0


def _is_unit(server: str, unit: dict[str, Any]) -> bool:
    """Whether an extension would take a unit: its names are known, its numbers within their bounds."""
    return (
        unit.get("module") == ("none" if server == "a1111" else "None")
        and unit.get("model") in lists.CONTROLS
        and 0 <= unit.get("weight", 1) <= 2
        and unit.get("resize_mode") in {"Just Resize", "Crop and Resize", "Resize and Fill"}
        and unit.get("control_mode")
        in {"Balanced", "My prompt is more important", "ControlNet is more important"}
        and isinstance(unit.get("image"), str)
    )


__all__ = ["RefusedError", "read"]
