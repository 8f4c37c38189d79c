"""Midjourney: the prompt with its options, ``a harbour --ar 3:2 --v 6.1 Job ID: ...``, as a description."""

from __future__ import annotations

import re
from collections.abc import Mapping

from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.values import text, whole

_JOB = re.compile(r"\s*Job ID:\s*([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\s*$")
_OPTION = re.compile(r"(?:(?<=\s)|^)(?:--|\u2014)([A-Za-z]{1,12})(?=[\s,]|$)")
# Options that take a value and that no other text has.
_TELLING = {
    "v", "version", "ar", "aspect", "niji", "stylize", "chaos", "iw", "sref", "cref", "oref", "weird", "q",
    "quality", "profile", "seed", "style", "s", "c", "w", "p", "no", "tile", "raw", "draft", "exp",
}  # fmt: skip
_KEYS = ("Description", "ImageDescription", "UserComment", "Caption", "comment", "Comment", "Title")
_MOST_OPTIONS = 64


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it where a job is named, or where two of its options stand behind a text."""
    for key in _KEYS:
        recipe = _read(texts.get(key, ""))
        if recipe:
            return recipe
    return None


def _read(description: str) -> Recipe | None:
    job = _JOB.search(description[-200:])
    words = description[: len(description) - len(job[0])] if job else description
    places = [match for match in _OPTION.finditer(words) if match[1].lower() in _TELLING][:_MOST_OPTIONS]
    if not job and len(places) < 2:
        return None
    options: dict[str, str] = {}
    ends = [*(match.start() for match in places[1:]), len(words)]
    for match, end in zip(places, ends, strict=False):
        options.setdefault(match[1].lower(), words[match.end() : end].strip())
    prompt = words[: places[0].start()] if places else words
    niji, version = options.pop("niji", None), options.pop("v", None) or options.pop("version", None)
    name = " ".join(filter(None, ("Niji", niji))) if niji is not None else None
    name = name or (f"Midjourney {version}" if version else None)
    settings = Settings(
        prompt=text(prompt.strip()),
        negative=text(options.pop("no", None)),
        seed=whole(options.pop("seed", None)),
    )
    extra = {**options, **({"Job ID": job[1]} if job else {})}
    return Recipe(Platform("midjourney"), ModelInfo(name), settings, extra)
