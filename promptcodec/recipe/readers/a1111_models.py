"""What a parameters text says of models: names, hashes, LoRAs with weights; each in several places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from promptcodec.recipe.model import Addon
from promptcodec.recipe.readers import loras
from promptcodec.recipe.values import number, text

KEYS = {"lora hashes", "lora weights"}
# Save nodes of ComfyUI number them; Fooocus writes "LoRA 1: name : weight".
NUMBERED = re.compile(
    r"lora(?:_combined)?[ _](\d{1,2})(?: (model name|model hash|strength model|strength clip))?"
)
_MOST_RESOURCES = 256


def model_of(values: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Give the name and the hash of the model.

    Args:
        values: the settings by their keys in small letters.
    """
    name, digest = text(values.get("model")), text(values.get("model hash"))
    for key, value in _object(values.get("hashes")).items():
        kind, _, rest = key.partition(":")
        if kind.lower() == "model":
            name, digest = name or text(rest), digest or text(value)
    for item in _resources(values):
        if item.get("type") in ("checkpoint", "model"):
            name = name or text(item.get("modelName"))
    return name, digest


def loras_of(prompt: str, values: Mapping[str, str]) -> tuple[Addon, ...]:
    """List the LoRAs: called in the prompt, listed with hashes or weights, numbered."""
    addons: dict[str, Addon] = {}
    called = (Addon(call.name, call.weight) for call in loras.calls(prompt))
    for addon in (*called, *_listed(values), *_numbered(values)):
        known = addons.get(addon.name, addon)
        weight = addon.weight if known.weight is None else known.weight
        addons[addon.name] = replace(known, weight=weight, hash=known.hash or addon.hash)
    # Civitai's list has titles, not the files' names.
    return tuple(addons.values()) or tuple(_titles(values))


def _listed(values: Mapping[str, str]) -> Iterator[Addon]:
    for name, digest in _by_name(values.get("lora hashes", "")):
        yield Addon(name, None, digest)
    for name, weight in _by_name(values.get("lora weights", "")):
        yield Addon(name, number(weight))
    for key, value in _object(values.get("hashes")).items():
        kind, _, name = key.partition(":")
        if kind.lower() in ("lora", "lyco") and name:
            yield Addon(name, None, text(value))


def _titles(values: Mapping[str, str]) -> Iterator[Addon]:
    for item in _resources(values):
        title = text(item.get("modelName"))
        if item.get("type") in ("lora", "lycoris", "locon", "dora") and title:
            yield Addon(title, number(item.get("weight")))


def _by_name(value: str) -> list[tuple[str, str]]:
    pairs = (part.rsplit(":", 1) for part in value.split(","))
    return [(pair[0].strip(), pair[1].strip()) for pair in pairs if len(pair) == 2 and pair[0].strip()]


def _numbered(values: Mapping[str, str]) -> list[Addon]:
    rows: dict[str, dict[str, str]] = {}
    listed: list[Addon] = []
    for key, value in values.items():
        match = NUMBERED.fullmatch(key)
        if match and match[2]:
            rows.setdefault(match[1], {})[match[2]] = value
        elif match:
            listed += loras.listed(value)
    for row in rows.values():
        if name := text(row.get("model name")):
            listed.append(Addon(name, number(row.get("strength model")), text(row.get("model hash"))))
    return listed


def _object(value: str | None) -> dict[str, Any]:
    loaded = _loaded(value)
    return loaded if isinstance(loaded, dict) else {}


def _resources(values: Mapping[str, str]) -> list[dict[str, Any]]:
    loaded = _loaded(values.get("civitai resources"))
    items = loaded[:_MOST_RESOURCES] if isinstance(loaded, list) else []
    return [item for item in items if isinstance(item, dict)]


def _loaded(value: str | None) -> Any:
    try:
        return json.loads(value or "null")
    except (ValueError, RecursionError):
        return None
