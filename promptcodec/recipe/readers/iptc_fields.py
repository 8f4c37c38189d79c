"""The fields for generated pictures of IPTC's Photo Metadata Standard 2025.1, in XMP."""

from __future__ import annotations

from collections.abc import Mapping

from promptcodec.recipe.model import Platform, Recipe, Settings
from promptcodec.recipe.values import text


def read(texts: Mapping[str, str]) -> Recipe | None:
    """Read the prompt and the system that was used."""
    prompt = text(texts.get("AIPromptInformation"))
    if prompt is None:
        return None
    system = text(texts.get("AISystemUsed")) or "unknown"
    return Recipe(Platform(system, text(texts.get("AISystemVersionUsed"))), settings=Settings(prompt=prompt))
