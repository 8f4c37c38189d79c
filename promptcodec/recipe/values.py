"""Read single values that other programs wrote: numbers as text, sizes, JSON objects."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from promptcodec.recipe.model import Number

_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{0,20})?(?:[eE][+-]?\d{1,3})?")
_HEXADECIMAL = re.compile(r"0[xX][0-9A-Fa-f]{1,16}")
_SIZE = re.compile(r"\D{0,3}(\d{1,5})\s*[x\u00d7,*]\s*(\d{1,5})\D{0,2}")
_OWN_VAE = {"none", "automatic", "default", "default (model)", "baked vae"}
_DEEPEST = 24
_LARGEST = 1 << 64  # no seed is larger


def number(value: Any) -> Number | None:
    """Give a number from a number or its text, whole where it is; None for anything else."""
    if isinstance(value, str):
        value = value.strip()
        if _HEXADECIMAL.fullmatch(value):
            return int(value, 16)
        if not _NUMBER.fullmatch(value):
            return None
        value = float(value) if any(mark in value for mark in ".eE") else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < _LARGEST else value
    return value if abs(value) < _LARGEST else None


def whole(value: Any) -> int | None:
    """Give a whole number, None for anything else."""
    parsed = number(value)
    return parsed if isinstance(parsed, int) else None


def text(value: Any) -> str | None:
    """Give a text that says something, None for anything else."""
    return value if isinstance(value, str) and value.strip() else None


def vae(value: Any) -> str | None:
    """Give the name of a VAE; a text that says that the model's own was taken is none."""
    name = text(value)
    return None if name and name.strip().lower() in _OWN_VAE else name


def size(value: Any) -> tuple[int, int] | tuple[None, None]:
    """Give width and height from texts such as ``512x768`` and ``(1024, 1024)``."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    return (int(match[1]), int(match[2])) if match else (None, None)


_OBJECT = re.compile(r"\s*\{\s*(?:\"|\}\s*\Z)")


def load_object(json_text: str | None) -> dict[str, Any] | None:
    """Parse a JSON object; None where the text is none, is nested too deeply, or holds no object."""
    if json_text is None or json_text.lstrip()[:1] != "{":
        return None
    try:
        # Line feeds in texts, which JSON forbids, are what some tools write.
        value = json.loads(json_text.rstrip("\0"), parse_constant=lambda _: None, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and shallow(value) else None


def looks_like_object(text: str) -> bool:
    """Say whether a text starts as a JSON object does; prompts have braces too ({red|blue}, {{red}})."""
    return _OBJECT.match(text) is not None


def load_array(json_text: str) -> list[Any] | None:
    """Parse a JSON array, as ``load_object``."""
    try:
        value = json.loads(json_text, parse_constant=lambda _: None, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and shallow(value) else None


def shallow(value: Any) -> bool:
    """Say whether a JSON value is nested no deeper than may be stored."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return True
    return False


def first(values: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """Give the value of the first key that has one."""
    return next((values[key] for key in keys if values.get(key) is not None), None)


def others(values: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Give what is not ``known`` and says something: nothing a tool wrote is lost."""
    known = set(known)
    return {k: v for k, v in values.items() if k not in known and v not in (None, "", [], {})}
