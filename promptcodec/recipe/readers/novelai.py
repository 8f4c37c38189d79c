"""NovelAI: ``Comment`` JSON beside ``Description`` and ``Source``; the same keys in stealth alpha."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.texts import objects
from promptcodec.recipe.values import load_object, number, others, text, whole

_HASHED = re.compile(r"(.{1,80}) ([0-9A-F]{8})")
_KNOWN = {
    "prompt", "uc", "steps", "height", "width", "scale", "seed", "noise_schedule", "sampler", "strength",
    "v4_prompt", "v4_negative_prompt", "signed_hash",
}  # fmt: skip

_OWN = {"uc", "scale", "sampler", "signed_hash"}  # keys that no other tool has together


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it where the software says so."""
    for hidden in objects(texts, ("stealth", "UserComment", "comment", "ImageDescription")):
        if "Comment" in hidden:
            texts = {key: value for key, value in hidden.items() if isinstance(value, str)}
    values = load_object(texts.get("Comment"))
    if values is None or not (texts.get("Software", "") == "NovelAI" or set(values) >= _OWN):
        return None
    settings = Settings(
        prompt=text(values.get("prompt"))
        or _caption(values.get("v4_prompt"))
        or text(texts.get("Description")),
        negative=text(values.get("uc")) or _caption(values.get("v4_negative_prompt")),
        sampler=text(values.get("sampler")),
        scheduler=text(values.get("noise_schedule")),
        steps=whole(values.get("steps")),
        guidance=number(values.get("scale")),
        seed=whole(values.get("seed")),
        width=whole(values.get("width")),
        height=whole(values.get("height")),
        denoise=number(values.get("strength")),
    )
    extra = others(values, _KNOWN)
    for key in ("v4_prompt", "v4_negative_prompt"):
        if (characters := _characters(values.get(key))) is not None:
            extra[key] = characters
    source = texts.get("Source", "")
    match = _HASHED.fullmatch(source)
    model = ModelInfo(match[1], match[2]) if match else ModelInfo(text(source))
    return Recipe(Platform("novelai"), model, settings, extra)


def _caption(value: Any) -> str | None:
    caption = value.get("caption") if isinstance(value, dict) else None
    return text(caption.get("base_caption")) if isinstance(caption, dict) else None


def _characters(value: Any) -> list[Any] | None:
    """Give the captions of single characters: what the base prompt does not hold."""
    caption = value.get("caption") if isinstance(value, dict) else None
    characters = caption.get("char_captions") if isinstance(caption, dict) else None
    return characters if isinstance(characters, list) and characters else None
