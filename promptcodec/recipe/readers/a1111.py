"""The parameters text of A1111's web UI and its kin: Forge, reForge, SD.Next, Civitai, Fooocus.

prompt, any number of lines
Negative prompt: any number of lines
Steps: 20, Sampler: Euler a, Key: value, Key: "value, quoted", Key: {"json": 1}
Template: any number of lines
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Addon, ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.readers import a1111_models as models
from promptcodec.recipe.texts import COMMENTS
from promptcodec.recipe.values import number, shallow, size, text, vae, whole

_SETTINGS = re.compile(r"^Steps: *\d+(?:,|\s*$)", re.MULTILINE)
# Where another key comes first, or no line feed stands before: then two more keys have to follow.
_KEYS = (
    r"(?:Steps|Sampler|Schedule type|Scheduler|CFG scale|Guidance scale|Seed|Size|Model hash|Model|Version)"
)
_MORE = rf": [^\n]{{0,200}}?, {_KEYS}: [^\n]{{0,200}}?, {_KEYS}: "
_OTHERWISE = (re.compile(rf"^{_KEYS}{_MORE}", re.MULTILINE), re.compile(rf"(?<=\s)Steps{_MORE}"))
_NEGATIVE = re.compile(r"(?:^|\n)Negative prompt:", re.IGNORECASE)
_INLINE_NEGATIVE = re.compile(r"(?<=\s)Negative prompt:")
_KNOWN = re.compile(rf"(?:^|[\s,]){_KEYS}: *\S")
_KEY = re.compile(r"\s*([A-Za-z][\w \-/.+()]{0,60}?|[^\s,:\"][^,:\n\"]{0,80}(?=:\s)):[^\S\n]*")
_TEMPLATES = {"Template", "Negative Template"}
_NEXT_TEMPLATE = re.compile(r"\n\s*(?=(?:Negative )?Template: )")
# What may end a value: a comma with another key behind it, a line of another key, the end.
_END = re.compile(rf",(?=\s|{_KEYS}: )|,?\s*\n(?=[A-Z][\w ]{{0,40}}: )|,?\s*$")
_BLANK = re.compile(r"\s*\Z")
_NUMBERED = ("steps", "cfg scale", "guidance scale", "seed", "size", "denoising strength")
_FORGE = re.compile(r"f\d|neo|classic|reforge|forge", re.IGNORECASE)
_HIRES = {
    "hires upscale": "scale", "hires steps": "steps", "hires upscaler": "upscaler",
    "hires scale": "scale", "hires size": "size", "hires resize": "size", "hires sampler": "sampler",
    "hires schedule type": "scheduler", "hires cfg scale": "guidance",
    "second pass strength": "denoise", "hires denoising strength": "denoise",
}  # fmt: skip
_CONTROLNET = re.compile(r"controlnet(?: \d+)?")
# An extension's older keys, one for each property of a net; the first had no number.
_CONTROL_KEY = re.compile(r"controlnet(?:[- ](\d{1,2}))? (enabled|model|weight)")
_NUMBERS = {"scale", "steps", "guidance", "denoise"}
_PLAIN = {
    "steps", "sampler", "schedule type", "scheduler", "cfg scale", "guidance scale", "seed", "size", "model",
    "model hash", "vae", "denoising strength", "version", "app", "rng", "device", *models.KEYS,
}  # fmt: skip
_LONGEST_JSON = 1 << 14
_MOST_PAIRS = 256
_SURE = 4
_CONTROL_MODEL = re.compile(r"\bmodel:\s*([^,\"]+)", re.IGNORECASE)
_CONTROL_WEIGHT = re.compile(r"\bweight:\s*([\d.]+)", re.IGNORECASE)


def split(parameters: str) -> tuple[str, str, list[tuple[str, str]]] | None:
    """Split a parameters text into prompt, negative prompt and settings, None where it is none."""
    parameters = parameters.replace("\r\n", "\n").replace("\r", "\n")
    start = _settings_at(parameters)
    if start is None:
        return None
    head, line = parameters[:start], parameters[start:]
    negative = _NEGATIVE.search(head) or _INLINE_NEGATIVE.search(head)
    positive = head[: negative.start()] if negative else head
    return positive.strip(), head[negative.end() :].strip() if negative else "", _pairs(line)


def _settings_at(parameters: str) -> int | None:
    for pattern in (_SETTINGS, *_OTHERWISE):
        places = [match.start() for match in pattern.finditer(parameters)]
        if places:
            return max(places, key=lambda at: (_known_keys(parameters, at), at))
    return None


def _known_keys(parameters: str, at: int) -> int:
    """Count them in a line: a prompt may have a line of steps too, with hardly more behind it."""
    end = parameters.find("\n", at)
    return sum(1 for _ in _KNOWN.finditer(parameters, at, len(parameters) if end < 0 else end))


def _pairs(line: str) -> list[tuple[str, str]]:
    """Scan ``Key: value`` pairs; a value in quotes or JSON may hold commas and line feeds."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while len(pairs) < _MOST_PAIRS and (match := _KEY.match(line, at)):
        start = match.end()
        if match[1] in _TEMPLATES and line[start : start + 1] != '"':
            following = _NEXT_TEMPLATE.search(line, start)
            end = following.start() if following else len(line)
        else:
            end = _value_end(line, start)
        pairs.append((match[1].strip(), _unquote(line[start:end])))
        at = end + 1
    return pairs


def _value_end(line: str, start: int) -> int:
    if line[start : start + 1] in ('"', "[", "{"):
        try:
            _, end = json.JSONDecoder(strict=False).raw_decode(line, start)
        except (ValueError, RecursionError):
            pass
        else:
            if _END.match(line, end):
                return end
    # A comma without a key behind it is the value's own, an extension's list or an empty item.
    ends = (match for match in _END.finditer(line, start) if _is_end(line, match))
    return next((match.start() for match in ends), len(line))


def _is_end(line: str, match: re.Match[str]) -> bool:
    return any(pattern.match(line, match.end()) for pattern in (_KEY, _BLANK))


def _unquote(value: str) -> str:
    if value[:1] == '"':
        try:
            unquoted = json.loads(value, strict=False)
        except ValueError:
            return value
        return unquoted if isinstance(unquoted, str) else value
    return value.strip(" \t\n,")


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read the first parameters text among ``texts``; under a key of nobody's it must be a sure one."""
    for key in COMMENTS:
        parts = split(texts[key]) if key in texts else None
        if parts:
            return from_parts(*parts)
    others = (text for key, text in texts.items() if key not in COMMENTS and key != "xmp")
    return next((from_parts(*parts) for text in others if (parts := split(text)) and _is_sure(parts)), None)


def _is_sure(parts: tuple[str, str, list[tuple[str, str]]]) -> bool:
    return len({key.lower() for key, _ in parts[2]} & _PLAIN) >= _SURE


def from_parts(prompt: str, negative: str, pairs: list[tuple[str, str]]) -> Recipe:
    """Make the recipe of a split parameters text."""
    values = {key.lower(): value for key, value in pairs}
    values |= {key: values[key].partition(", ")[0] for key in _NUMBERED if key in values}
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
    name, digest = models.model_of(values)
    model = ModelInfo(name, digest, vae(values.get("vae")), models.loras_of(prompt, values), controlnets)
    device = text(values.get("device"))
    if values.get("rng"):
        extra["RNG"] = values["rng"]
    return Recipe(Platform(_tool(values), text(values.get("version")), device), model, settings, extra)


def _rest(pairs: list[tuple[str, str]]) -> tuple[dict[str, Any], tuple[Addon, ...], dict[str, Any]]:
    hires: dict[str, Any] = {}
    controlnets: list[Addon] = []
    rows: dict[str, dict[str, str]] = {}
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
        elif match := _CONTROL_KEY.fullmatch(low):
            rows.setdefault(match[1] or "0", {})[match[2]] = value
        elif low not in _PLAIN and not models.NUMBERED.fullmatch(low):
            extra[key] = _typed(value)
    controlnets += filter(None, map(_controlnet, rows.values()))
    return {k: v for k, v in hires.items() if v is not None}, tuple(controlnets), extra


def _controlnet(row: Mapping[str, str]) -> Addon | None:
    name = row.get("model", "").strip()
    unused = row.get("enabled", "").lower() == "false" or name.lower() in ("", "none")
    return None if unused else Addon(name, number(row.get("weight")))


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


def _tool(values: Mapping[str, str]) -> str:
    version = values.get("version", "").lower()
    if values.get("app", "").lower() == "sd.next" or {"backend", "operations"} <= set(values):
        return "sd-next"
    if "civitai resources" in values or "civitai metadata" in values:
        return "civitai"
    for start, tool in (
        ("comfyui", "comfyui"),
        ("fooocus", "fooocus"),
        ("stable-diffusion.cpp", "stable-diffusion.cpp"),
    ):
        if version.startswith(start):
            return tool
    if "created with draw things" in " ".join(values).lower():
        return "draw-things"
    return "forge" if _FORGE.match(version) else "a1111-webui"
