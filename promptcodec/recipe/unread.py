"""What metadata holds and no reader took: one line that says so, for people to know."""

from __future__ import annotations

import re
from collections.abc import Mapping

from promptcodec.recipe.model import Recipe
from promptcodec.recipe.readers import READERS
from promptcodec.recipe.values import load_object, looks_like_object

# Words of which several, as keys, are in every recipe and hardly in another text.
_WORDS = re.compile(
    r"(?<![A-Za-z])(prompt|negative[ _-]?prompt|seed|steps|num_inference_steps|sampler(?:_name)?|scheduler"
    r"|cfg(?:[ _-]?scale)?|guidance(?:[ _-]?scale)?|denois\w{2,6}(?:[ _-]?strength)?|checkpoint|ckpt_name"
    r"|loras?|model(?:[ _-]?(?:hash|name))?|class_type)[\"']?\s{0,2}[:=]",
    re.IGNORECASE,
)
_ENOUGH = 3
_SAMPLE = 1 << 16
_KEY = re.compile(r"[\w .:/-]{1,79}")


def unread(texts: Mapping[str, str], recipe: Recipe | None) -> str | None:
    """Say what was not understood, None where nothing is missing."""
    known = {key for reader in READERS for key in reader.keys}
    if recipe is not None:
        broken = sorted(key for key in known & set(texts) if _is_broken(texts[key]))
        damage = f"the metadata {', '.join(broken)} could not be read" if broken else None
        return _missing(recipe) or damage
    suspects = sorted(key for key in texts if key in known and texts[key].strip())
    if suspects:
        return f"the metadata {', '.join(suspects)} could not be read as a recipe"
    unknown = sorted(key for key, text in texts.items() if _is_suspect(text))[:8]
    unknown = [key for key in unknown if key != "xmp" or len(unknown) == 1]  # the packet of the others
    names = ", ".join(key if _KEY.fullmatch(key) else ascii(key)[:79] for key in unknown)
    return f"the metadata {names} looks like a recipe in a form that is not known here" if unknown else None


def _is_broken(text: str) -> bool:
    return looks_like_object(text) and load_object(text) is None


def _missing(recipe: Recipe) -> str | None:
    settings, tool = recipe.settings, recipe.platform.tool
    unknown = ", ".join(recipe.unknown)
    if settings.prompt or settings.seed is not None or recipe.model.name:
        return f"the metadata of {tool} could not be followed to its {unknown}" if unknown else None
    reason = f"could not be followed: {unknown}" if unknown else "it holds none, or in a form unknown here"
    return f"no prompt, seed or model could be read from the metadata of {tool}: {reason}"


def _is_suspect(text: str) -> bool:
    words = {match[1].lower().replace(" ", "_") for match in _WORDS.finditer(text[:_SAMPLE])}
    return len(words) >= _ENOUGH
