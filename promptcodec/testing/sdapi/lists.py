"""What each server lists of itself, in the form of the real one."""

from __future__ import annotations

from typing import Any

SERVERS = ("a1111", "forge", "sdnext", "sdcpp", "koboldcpp", "xinference")
WEB_UIS = ("a1111", "forge", "sdnext")
_SHA = "6ce0161689b3853acaa03779ec93eafe75a02f4ced659bee03f50797806fa2fa"
_XL_SHA = "31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b"
CHECKPOINTS = (
    ("v1-5-pruned-emaonly.safetensors [6ce0161689]", "v1-5-pruned-emaonly", _SHA),
    ("sd_xl_base_1.0.safetensors [31e35c80fc]", "sd_xl_base_1.0", _XL_SHA),
)
CONTROLS = (
    "control_v11f1p_sd15_depth [cfd03158]",
    "control_v11p_sd15_canny [d14c016b]",
    "control_v11p_sd15_openpose [cab727d4]",
    "diffusers_xl_canny_full [2b69fca4]",
)
NEXT_CONTROLS = ("Canny", "Depth", "OpenPose", "Canny XL", "Xinsir Union XL")
NEXT_MODES = {"Xinsir Union XL": ["openpose", "depth", "scribble", "canny", "normal"]}
SAMPLERS = {
    "a1111": ("DPM++ 2M", "DPM++ SDE", "Euler a", "Euler", "DDIM"),
    "forge": ("DPM++ 2M", "DPM++ SDE", "Euler a", "Euler", "DDIM"),
    "sdnext": ("Euler", "Euler a", "DPM++ 2M", "UniPC"),
    "sdcpp": ("default", "euler", "euler_a", "dpm++2m"),
    "koboldcpp": ("Euler a", "Euler", "DPM++ 2M"),
    "xinference": ("default", "DPM++ 2M", "Euler", "Euler a"),
}
LORAS = ("ink",)
_PLACEHOLDER = "8888888888"
_LOADED = "v1-5-pruned-emaonly"


def checkpoints(server: str) -> list[dict[str, Any]]:
    """List the models."""
    if server == "xinference":
        return [{"model_name": "sd15", "config": None}]
    if server in {"sdcpp", "koboldcpp"}:
        entry = {"title": _LOADED, "model_name": _LOADED, "filename": f"{_LOADED}.gguf", "config": None}
        return [entry | {"hash": _PLACEHOLDER, "sha256": (_PLACEHOLDER * 7)[:64]}]
    rows: list[dict[str, Any]] = []
    for title, name, digest in CHECKPOINTS:
        row: dict[str, Any] = {"title": title, "model_name": name, "hash": digest[:10], "sha256": digest}
        row |= {"filename": f"/models/{name}.safetensors", "config": None}
        rows.append(row | ({"type": "Stable Diffusion"} if server == "sdnext" else {}))
    return rows


def loaded(server: str) -> str:
    """Give the title of the model that is loaded at first."""
    return {"xinference": "sd15", "sdcpp": _LOADED, "koboldcpp": _LOADED}.get(server, CHECKPOINTS[0][0])


def samplers(server: str) -> list[dict[str, Any]]:
    """List the samplers."""
    return [{"name": name, "aliases": [name], "options": {}} for name in SAMPLERS[server]]


def answers(server: str) -> dict[str, Any]:
    """Give what is answered to GET, by path, beside what changes."""
    table: dict[str, Any] = {
        "/sdapi/v1/sd-models": checkpoints(server),
        "/sdapi/v1/samplers": samplers(server),
    }
    if server in {"sdcpp", "koboldcpp"}:
        table["/sdapi/v1/options"] = {"samples_format": "png", "sd_model_checkpoint": loaded(server)}
        table["/sdapi/v1/upscalers"] = []
    if server in WEB_UIS or server == "sdcpp":
        table["/sdapi/v1/loras"] = [{"name": name, "path": f"/loras/{name}.safetensors"} for name in LORAS]
        table["/sdapi/v1/schedulers"] = [{"name": "karras", "label": "Karras"}]
    if server in WEB_UIS:
        table["/sdapi/v1/cmd-flags"] = {"api": True, "listen": False}
    if server == "forge":
        table["/sdapi/v1/cmd-flags"]["forge_ref_a1111_home"] = None
    if server == "sdnext":
        table["/sdapi/v1/version"] = {"app": "sdnext", "branch": "master", "commit": "058a7f0c"}
        table["/sdapi/v1/controlnets"] = list(NEXT_CONTROLS)
        table["/sdapi/v1/control-modes"] = NEXT_MODES
    if server == "sdcpp":
        table["/sdcpp/v1/capabilities"] = {
            "supported_modes": ["img_gen"],
            "features": {"control_image": True},
        }
    if server == "koboldcpp":
        table["/api/extra/version"] = {"result": "KoboldCpp", "version": "1.98", "txt2img": True}
    return table
