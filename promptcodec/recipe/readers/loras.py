"""LoRAs as tools write them: calls in a prompt, lists, texts, keys with numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from promptcodec.recipe.model import Addon, Number
from promptcodec.recipe.values import number, text

_CALL = re.compile(r"<(?:lora|lyco):([^:<>]+)((?::[^:<>]*)*)>", re.IGNORECASE)
_NETWORK = re.compile(r"[^\S\n]*<(?:lora|lyco|hypernet):[^<>]*>", re.IGNORECASE)
_HYPERNETWORK = re.compile(r"<hypernet:([^:<>]+)[^<>]*>", re.IGNORECASE)
_BRACKETS = re.compile(r"<([^<>]{1,300}?)\s*:\s*([+-]?\d{1,4}(?:\.\d{0,9})?)>")
_PAIR = re.compile(r"\s*(.{1,300}?)\s*[:=]\s*([+-]?\d{1,4}(?:\.\d{0,9})?)\s*(?:,|$)")
_SYMBOLS = re.compile(r"[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F]")  # what an interface puts behind names
_NUMBERED = re.compile(r"(?:lora_combined_|lora[ _])(\d{1,2})", re.IGNORECASE)
_FOLDED = re.compile(r"l(\d{1,2})")
_WEIGHT_FIRST = re.compile(r"([+-]?\d{1,4}(?:\.\d{0,9})?) - (.{1,300})")
_MOST = 64


class Call(NamedTuple):
    """A call of a LoRA in a prompt, with its weights for the model and for the text encoder where said."""

    name: str
    weight: Number | None
    text_weight: Number | None


def calls(prompt: str) -> Iterator[Call]:
    """List the calls in a prompt, in A1111's form.

    That is ``<lora:name:text:model>``, with weights by position or as ``te=`` and ``unet=``. The second is
    the first where it is not given.
    """
    for match in _CALL.finditer(prompt):
        arguments = match[2].split(":")[1:]
        named = dict(part.split("=", 1) for part in arguments if "=" in part)
        placed = [number(part) for part in arguments if "=" not in part]
        text_weight, weight = (*placed, None, None)[:2]
        text_weight = number(named["te"]) if "te" in named else text_weight
        weight = text_weight if weight is None else weight
        weight = number(named["unet"]) if "unet" in named else weight
        yield Call(match[1].strip(), weight, text_weight)


def hypernetworks(prompt: str) -> tuple[str, ...]:
    """List the names of the hypernetworks that a prompt calls."""
    return tuple(match[1].strip() for match in _HYPERNETWORK.finditer(prompt))


def without_calls(prompt: str) -> str:
    """Give a prompt without what calls networks, which no text encoder should read."""
    bare = _NETWORK.sub("", prompt)
    return prompt if bare == prompt else bare.strip()


def _called(prompt: str) -> list[Addon]:
    return [Addon(call.name, call.weight) for call in calls(prompt)]


def listed(names: Any, weights: Any = None) -> tuple[Addon, ...]:
    """Read any of the forms in which a list of LoRAs is written.

    Args:
        names: a list of names, of pairs or of objects; an object of weights by name; or a text:
            ``<name:0.5>``, ``name: 0.5, name: 0.5``, or names with commas.
        weights: those of the names, in a list, a text with commas, or one for all.
    """
    if isinstance(names, str):
        if calls_or_pairs := _from_text(names):
            return _alone(calls_or_pairs)
        names = names.split(",")
    if isinstance(names, dict):
        names = list(names.items())
    if not isinstance(names, list):
        return ()
    if isinstance(weights, str) and "," in weights:
        weights = weights.split(",")
    if not isinstance(weights, list):
        weights = [weights] * len(names)
    padded = [*weights, *[None] * len(names)]
    addons = (_one(name, weight) for name, weight in zip(names[:_MOST], padded, strict=False))
    return _alone(addon for addon in addons if addon)


def keyed(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Addon, ...]]:
    """Read LoRAs under keys with numbers: ``lora_combined_1: name : 0.5``, ``l1`` with ``w1``.

    Returns:
        What of ``values`` they stood in, and the LoRAs.
    """
    used: dict[str, Any] = {}
    addons: list[Addon] = []
    for key, value in values.items():
        if not isinstance(value, str):
            continue
        folded = _FOLDED.fullmatch(key)
        if folded and f"w{folded[1]}" in values:
            used |= {key: value, f"w{folded[1]}": values[f"w{folded[1]}"]}
            addons.append(Addon(value, number(values[f"w{folded[1]}"])))
        elif _NUMBERED.fullmatch(key):
            used[key] = value
            addons += _from_text(value) or [Addon(value.strip())]
    return used, _alone(addons)


def _from_text(value: str) -> list[Addon]:
    if called := _called(value):
        return called
    pattern = _BRACKETS if "<" in value else _PAIR
    return [Addon(_SYMBOLS.sub("", match[1]).strip(), number(match[2])) for match in pattern.finditer(value)]


def _one(item: Any, weight: Any) -> Addon | None:
    if isinstance(item, (list, tuple)):
        return _from_row(list(item))
    if isinstance(item, dict):
        keys = ("name", "model", "model_name", "lora")
        name = next((item[key] for key in keys if isinstance(item.get(key), str)), None)
        strength = next((item[key] for key in ("weight", "strength", "alpha") if key in item), weight)
        return Addon(name, number(strength), text(item.get("hash"))) if name else None
    return Addon(item.strip(), number(weight)) if isinstance(item, str) and item.strip() else None


def _from_row(row: list[Any]) -> Addon | None:
    """Read a row of Fooocus and its kin: name, weight, hash; some say first whether it is used."""
    if row and isinstance(row[0], bool):
        row = row[1:] if row[0] else []
    first, second, third = (*row, None, None, None)[:3]
    if not isinstance(first, str):
        return None
    match = _WEIGHT_FIRST.fullmatch(second) if isinstance(second, str) else None
    return (
        Addon(match[2], number(match[1]), text(first)) if match else Addon(first, number(second), text(third))
    )


def _alone(addons: Iterable[Addon]) -> tuple[Addon, ...]:
    """Leave out the places that hold none."""
    return tuple(addon for addon in addons if addon.name and addon.name.lower() != "none")
