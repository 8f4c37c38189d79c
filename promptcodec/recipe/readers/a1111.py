"""The parameters text of A1111's web UI and its kin: Forge, reForge, SD.Next, Civitai, Fooocus.

prompt, any number of lines
Negative prompt: any number of lines
Steps: 20, Sampler: Euler a, Key: value, Key: "value, quoted", Key: {"json": 1}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Addon, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.values import number, shallow, size, text, whole

_SETTINGS = re.compile(r"^Steps: *\d+(?:,|\s*$)", re.MULTILINE)
_NEGATIVE = re.compile(r"(?:^|\n)Negative prompt:")
_KEY = re.compile(r"\s*([A-Za-z][\w \-/.+()]{0,60}?):\s*")
_END = re.compile(r",\s|,?\s*$")
_LORA = re.compile(r"<(?:lora|lyco):([^:<>]+)(?::([^:<>]*))?[^<>]*>")
_FORGE = re.compile(r"f\d|neo|classic|reforge|forge", re.IGNORECASE)
_HIRES = {
    "hires upscale": "scale", "hires steps": "steps", "hires upscaler": "upscaler",
    "hires scale": "scale", "hires size": "size", "hires resize": "size", "hires sampler": "sampler",
    "hires schedule type": "scheduler", "hires cfg scale": "guidance",
    "second pass strength": "denoise", "hires denoising strength": "denoise",
}  # fmt: skip
_CONTROLNET = re.compile(r"controlnet(?: \d+)?")
_NUMBERS = {"scale", "steps", "guidance", "denoise"}
_PLAIN = {
    "steps", "sampler", "schedule type", "scheduler", "cfg scale", "guidance scale", "seed", "size", "model",
    "model hash", "vae", "denoising strength", "version", "app", "lora hashes", "rng", "device",
}  # fmt: skip
_LONGEST_JSON = 1 << 14
_MOST_PAIRS = 256
_CONTROL_MODEL = re.compile(r"\bmodel:\s*([^,\"]+)", re.IGNORECASE)
_CONTROL_WEIGHT = re.compile(r"\bweight:\s*([\d.]+)", re.IGNORECASE)


def split(parameters: str) -> tuple[str, str, list[tuple[str, str]]] | None:
    """Split a parameters text into prompt, negative prompt and settings, None where it is none."""
    places = list(_SETTINGS.finditer(parameters))
    if not places:
        return None
    start = places[-1].start()
    head, line = parameters[:start], parameters[start:]
    negative = _NEGATIVE.search(head)
    positive = head[: negative.start()] if negative else head
    return positive.strip(), head[negative.end() :].strip() if negative else "", _pairs(line)


def _pairs(line: str) -> list[tuple[str, str]]:
    """Scan ``Key: value`` pairs; a value in quotes or JSON may hold commas."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while len(pairs) < _MOST_PAIRS and (match := _KEY.match(line, at)):
        start = match.end()
        end = _value_end(line, start)
        pairs.append((match[1], _unquote(line[start:end])))
        at = end + 1
    return pairs


def _value_end(line: str, start: int) -> int:
    if line[start : start + 1] in ('"', "[", "{"):
        try:
            _, end = json.JSONDecoder().raw_decode(line, start)
        except (ValueError, RecursionError):
            pass
        else:
            return end
    match = _END.search(line, start)
    return match.start() if match else len(line)


def _unquote(value: str) -> str:
    if value[:1] == '"':
        try:
            unquoted = json.loads(value)
        except ValueError:
            return value
        return unquoted if isinstance(unquoted, str) else value
    return value.strip()


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read the first parameters text among ``texts``."""
    for key in ("parameters", "UserComment", "comment", "stealth", "Description", "ImageDescription"):
        parts = split(texts[key]) if key in texts else None
        if parts:
            return from_parts(*parts)
    return None


def from_parts(prompt: str, negative: str, pairs: list[tuple[str, str]]) -> Recipe:
    """Make the recipe of a split parameters text."""
    values = {key.lower(): value for key, value in pairs}
    width, height = size(values.get("size"))
    hires, controlnets, extra = _rest(pairs)
    settings = Settings(
        prompt=text(prompt),
        negative=text(negative),
        sampler=text(values.get("sampler")),
        scheduler=text(values.get("schedule type") or values.get("scheduler")),
        steps=whole(values.get("steps")),
        guidance=number(values.get("cfg scale", values.get("guidance scale"))),
        seed=whole(values.get("seed")),
        width=width,
        height=height,
        denoise=number(values.get("denoising strength")),
        hires=hires,
    )
    name, digest = text(values.get("model")), text(values.get("model hash"))
    tool = _tool(values)
    if tool == "civitai":
        name = name or _civitai_model(values.get("civitai resources", ""))
    model = ModelInfo(
        name, digest, text(values.get("vae")), _loras(prompt, values.get("lora hashes", "")), controlnets
    )
    device = text(values.get("device"))
    if values.get("rng"):
        extra["RNG"] = values["rng"]
    return Recipe(Platform(tool, text(values.get("version")), device), model, settings, extra)


def _rest(pairs: list[tuple[str, str]]) -> tuple[dict[str, Any], tuple[Addon, ...], dict[str, Any]]:
    hires: dict[str, Any] = {}
    controlnets: list[Addon] = []
    extra: dict[str, Any] = {}
    for key, value in pairs:
        low = key.lower()
        if low in _HIRES:
            kind = _HIRES[low]
            if kind == "size":
                hires["width"], hires["height"] = size(value)
            else:
                parsed = number(value) if kind in _NUMBERS else value
                hires[kind] = value if parsed is None else parsed
        elif _CONTROLNET.fullmatch(low) and (match := _CONTROL_MODEL.search(value)):
            weight = _CONTROL_WEIGHT.search(value)
            controlnets.append(Addon(match[1].strip(), number(weight[1]) if weight else None))
        elif low not in _PLAIN:
            extra[key] = _typed(value)
    return {k: v for k, v in hires.items() if v is not None}, tuple(controlnets), extra


def _typed(value: str) -> Any:
    """Give a number or JSON where the text is one, else the text."""
    parsed = number(value)
    if parsed is not None and str(parsed) == value:
        return parsed
    if value[:1] not in ("[", "{") or len(value) > _LONGEST_JSON:
        return value
    try:
        loaded = json.loads(value, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return value
    return loaded if shallow(loaded) else value


def _loras(prompt: str, hashes: str) -> tuple[Addon, ...]:
    digests = dict(part.split(": ", 1) for part in hashes.split(", ") if ": " in part)
    loras: dict[str, Addon] = {}
    for match in _LORA.finditer(prompt):
        name = match[1].strip()
        loras[name] = Addon(name, number(match[2] or ""), digests.get(name))
    for name, digest in digests.items():
        loras.setdefault(name, Addon(name, None, digest))
    return tuple(loras.values())


def _tool(values: Mapping[str, str]) -> str:
    version = values.get("version", "")
    if values.get("app", "").lower() == "sd.next":
        return "sd-next"
    if "civitai resources" in values or "civitai metadata" in values:
        return "civitai"
    if version.lower().startswith("comfyui"):
        return "comfyui"
    if version.lower().startswith("fooocus"):
        return "fooocus"
    return "forge" if _FORGE.match(version) else "a1111-webui"


def _civitai_model(resources: str) -> str | None:
    try:
        listed = json.loads(resources)
    except (ValueError, RecursionError):
        return None
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and item.get("type") in ("checkpoint", "model"):
            return text(item.get("modelName"))
    return None
