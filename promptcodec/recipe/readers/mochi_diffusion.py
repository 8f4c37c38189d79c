"""Mochi Diffusion: ``Include in Image: ...; Exclude from Image: ...; Model: ...`` as a description."""

from __future__ import annotations

import re
from collections.abc import Mapping

from promptcodec.recipe.model import ModelInfo, Platform, Recipe, Settings
from promptcodec.recipe.texts import COMMENTS
from promptcodec.recipe.values import number, others, size, text, whole

_START = "Include in Image:"
_KEY = re.compile(
    r"(?:^|;\s*|\n)(Include in Image|Exclude from Image|Model|Steps|Guidance Scale|Seed|Size|Upscaler"
    r"|Scheduler|Date|ML Compute Unit|Generator|Image Index|Strength|ControlNet|Starting Image):"
)
_KNOWN = {
    "Include in Image", "Exclude from Image", "Model", "Steps", "Guidance Scale", "Seed", "Size", "Scheduler",
    "Strength", "Generator",
}  # fmt: skip


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read it."""
    for key in COMMENTS:
        value = texts.get(key, "").strip()
        if value.startswith(_START):
            return _read(value)
    return None


def _read(description: str) -> Recipe:
    places = list(_KEY.finditer(description))
    ends = [*(match.start() for match in places[1:]), len(description)]
    values: dict[str, str] = {}
    for match, end in zip(places, ends, strict=True):
        values.setdefault(match[1], description[match.end() : end].strip().rstrip(";").rstrip())
    width, height = size(values.get("Size"))
    generator = values.get("Generator", "")
    settings = Settings(
        prompt=text(values.get("Include in Image")),
        negative=text(values.get("Exclude from Image")),
        scheduler=text(values.get("Scheduler")),
        steps=whole(values.get("Steps")),
        guidance=number(values.get("Guidance Scale")),
        seed=whole(values.get("Seed")),
        width=width,
        height=height,
        denoise=number(values.get("Strength")),
    )
    version = text(generator.removeprefix("Mochi Diffusion").strip())
    model = ModelInfo(text(values.get("Model")))
    return Recipe(Platform("mochi-diffusion", version), model, settings, others(values, _KNOWN))
