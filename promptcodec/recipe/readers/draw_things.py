"""Draw Things: JSON in XMP's ``exif:UserComment``. From its published format; not checked on files."""

from __future__ import annotations

from collections.abc import Mapping

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import loras
from promptcodec.recipe.readers.flat_json import PLAIN, Keys, to_recipe
from promptcodec.recipe.texts import objects

_KEYS: Keys = {
    **PLAIN,
    "prompt": ("c",),
    "negative": ("uc",),
    "guidance": ("scale",),
    "size": ("size",),
}


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it where the program is named, or its short keys stand together."""
    named = any("Draw Things" in texts.get(key, "") for key in ("xmp", "Software"))
    for values in objects(texts):
        if "c" in values and (named or {"uc", "seed", "scale"} <= set(values)):
            return to_recipe(
                "draw-things", values, _KEYS, known=("lora",), loras=loras.listed(values.get("lora"))
            )
    return None
