"""Draw Things: JSON in XMP's ``exif:UserComment``. From its published format; not checked on files."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from promptcodec.recipe.model import Addon, Recipe
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.values import load_object, number

_KEYS: Keys = {
    **PLAIN,
    "prompt": ("c",),
    "negative": ("uc",),
    "guidance": ("scale",),
    "size": ("size",),
}


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it."""
    packet = texts.get("xmp", "")
    if "Draw Things" not in packet:
        return None
    comment = packet.partition("<exif:UserComment>")[2].partition("</rdf:li>")[0]
    values = load_object(html.unescape(comment.partition("<rdf:li")[2].partition(">")[2]))
    if values is None:
        return None
    return to_recipe("draw-things", values, _KEYS, known=("lora",), loras=_loras(values.get("lora")))


def _loras(items: Any) -> tuple[Addon, ...]:
    return tuple(
        Addon(item["model"], number(item.get("weight")))
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(item.get("model"), str)
    )
